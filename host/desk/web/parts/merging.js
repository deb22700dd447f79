import { base, call } from '../api.js';
import { begun } from '../begun.js';
import { moment, t } from '../i18n.js';
import { Part, html, nothing } from '../part.js';
import { store } from '../store.js';

/** Two contacts are one person, or are not; a contact is blocked, or no longer. */
class Merging extends Part {
  static follows = /** @type {EventTarget[]} */ ([]);

  static properties = { contact: {}, found: { state: true }, alike: { state: true }, searching: { state: true }, blocking: { state: true }, erasing: { state: true } };

  constructor() {
    super();
    /** @type {any} */
    this.contact = undefined;
    /** @type {any[] | undefined} */
    this.found = undefined;
    /** Who has a number or an address in common with them. @type {any[]} */
    this.alike = [];
    this.searching = false;
    this.blocking = false;
    this.erasing = false;
    this.of = '';
  }

  /** What was begun with one contact is not gone on with for another. */
  willUpdate() {
    if (this.contact.id === this.of) return;
    this.of = this.contact.id;
    this.searching = false;
    this.blocking = false;
    this.erasing = false;
    this.found = undefined;
  }

  /** Begins to look for another contact of the same person, or gives it up. */
  async begin() {
    this.searching = !this.searching;
    this.found = undefined;
    this.alike = [];
    if (!this.searching) return;
    const of = this.contact.id;
    const page = await store.attempt(() => call('GET', `contacts/${of}/alike?limit=5`));
    if (page && of === this.contact.id) this.alike = page.items;
  }

  /** @param {any} one @param {any[]} [common] */
  other(one, common = []) {
    return html`<li class="buttons"><span class="grow"><bdi>${one.display_name || t('contact.unknown')}</bdi> <span class="quiet">${one.identities.map((/** @type {any} */ id) => id.channel).join(', ')} <bdi>${common.map(({ value }) => value).join(', ')}</bdi></span></span>
      <button class="tool" @click=${() => this.change('PUT', `merged/${one.id}`)}>${t('merge.same')}</button></li>`;
  }

  /** @param {string} method @param {string} path @param {unknown} [body] */
  async change(method, path, body) {
    await store.attempt(() => call(method, `contacts/${this.contact.id}/${path}`, body));
    if (store.notice) return;
    this.searching = false;
    this.blocking = false;
    this.found = undefined;
    this.dispatchEvent(new Event('changed', { bubbles: true }));
  }

  /** @param {SubmitEvent} event */
  async search(event) {
    event.preventDefault();
    const words = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get('words') || '');
    const page = await store.attempt(() => call('GET', `search?kind=contact&limit=10&q=${encodeURIComponent(begun(words))}`));
    const people = page?.items.map((/** @type {any} */ one) => one.contact) || [];
    this.found = people.filter((/** @type {any} */ one) => one.id !== this.contact.id);
  }

  /** @param {SubmitEvent} event */
  block(event) {
    event.preventDefault();
    const reason = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get('reason') || '').trim();
    return this.change('PUT', 'block', reason ? { reason } : {});
  }

  /** Everything that is kept about the contact goes, for good. */
  async erase() {
    const gone = await store.attempt(async () => {
      await call('DELETE', `contacts/${this.contact.id}`);
      return true;
    });
    this.erasing = false;
    if (gone) location.hash = '#';
  }

  /** What a person may ask for of what is kept about them. */
  privacy() {
    if (!store.may('privacy')) return nothing;
    return html`<a class="button tool" href="${base}contacts/${this.contact.id}/export" download="contact.json">${t('contact.export')}</a>
      <button class="tool" aria-expanded=${this.erasing} @click=${() => { this.erasing = !this.erasing; }}>${t('contact.erase')}</button>`;
  }

  render() {
    const { contact } = this;
    const able = store.may('contacts');
    return html`
      ${contact.blocked ? html`<p class="problem">${t('contact.blocked')} <bdi>${contact.blocked.reason || ''}</bdi></p>` : nothing}
      ${(contact.merged || []).map((/** @type {any} */ one) => html`<p class="quiet">${t('merge.was', { by: one.by, at: moment(one.at) })}
        ${able ? html`<button class="tool" @click=${() => this.change('DELETE', `merged/${one.contact}`)}>${t('merge.part')}</button>` : nothing}</p>`)}
      ${!able ? this.privacy() : html`<span class="buttons tight">
        <button class="tool" aria-expanded=${this.searching} @click=${this.begin}>${t('merge.begin')}</button>
        ${contact.blocked ? html`<button class="tool" @click=${() => this.change('DELETE', 'block')}>${t('contact.unblock')}</button>`
    : html`<button class="tool" aria-expanded=${this.blocking} @click=${() => { this.blocking = !this.blocking; }}>${t('contact.block')}</button>`}${this.privacy()}</span>
        ${this.blocking ? html`<form class="stack" @submit=${this.block}><label>${t('contact.block-why')}<input name="reason" maxlength="500"></label><button class="main">${t('contact.block')}</button></form>` : nothing}
        ${this.searching ? html`<form class="stack" @submit=${this.search}><label>${t('merge.search')}<input type="search" name="words" required></label><button>${t('merge.find')}</button></form>
          ${!this.found && this.alike.length ? html`<p class="quiet">${t('merge.alike')}</p><ul>${this.alike.map(({ contact: one, common }) => this.other(one, common))}</ul>` : nothing}
          ${this.found ? html`<ul>${this.found.map((one) => this.other(one))}</ul>
            ${this.found.length ? nothing : html`<p class="quiet">${t('merge.none')}</p>`}` : nothing}` : nothing}`}
      ${this.erasing ? html`<div class="trouble" role="alert"><p>${t('contact.erase-sure')}</p><span class="buttons"><button @click=${() => this.erase()}>${t('contact.erase')}</button>
        <button @click=${() => { this.erasing = false; }}>${t('app.cancel')}</button></span></div>` : nothing}`;
  }
}
customElements.define('lc-merging', Merging);
