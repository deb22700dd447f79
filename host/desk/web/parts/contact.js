import { call } from '../api.js';
import { moment, t } from '../i18n.js';
import { Part, html, nothing } from '../part.js';
import { store } from '../store.js';

/** Who the customer is, and what colleagues noted. */
class Contact extends Part {
  static properties = { item: {}, contact: { state: true }, notes: { state: true }, problem: { state: true } };

  constructor() {
    super();
    /** @type {any} */
    this.item = undefined;
    /** @type {any} */
    this.contact = undefined;
    /** @type {any[]} */
    this.notes = [];
    this.problem = '';
    this.of = '';
  }

  willUpdate() {
    if (this.item.id === this.of) return;
    this.of = this.item.id;
    this.contact = undefined;
    this.notes = [];
    this.load(this.of);
  }

  /** @param {string} id */
  async load(id) {
    try {
      const [contact, notes] = await Promise.all([
        call('GET', `contacts/${this.item.contact}`),
        call('GET', `interactions/${id}/notes`),
      ]);
      if (id !== this.of) return;
      this.contact = contact;
      this.notes = notes.items;
      this.problem = '';
    } catch (error) {
      if (id === this.of) this.problem = error instanceof Error ? error.message : String(error);
    }
  }

  /** @param {SubmitEvent} event */
  async note(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const text = new FormData(form).get('text');
    const id = this.of;
    await store.attempt(() => call('POST', `interactions/${id}/notes`, { text }));
    if (store.notice) return;
    form.reset();
    await this.load(id);
  }

  render() {
    if (this.problem) return html`<p class="problem" role="alert">${this.problem}</p>`;
    const contact = this.contact;
    if (!contact) return html`<p class="quiet" role="status">${t('app.loading')}</p>`;
    return html`<h2 dir="auto">${contact.display_name || t('contact.unknown')}</h2>
      <p class="quiet">${t('contact.since', { at: moment(contact.created_at) })}</p>
      ${contact.blocked ? html`<p class="problem">${t('contact.blocked')}</p>` : nothing}
      <h3>${t('contact.identities')}</h3>
      <ul>${contact.identities.map((/** @type {any} */ one) => html`<li><span class="quiet">${one.channel}</span> <bdi>${one.profile?.handle || one.id}</bdi></li>`)}</ul>
      ${(this.item.labels || []).length ? html`<h3>${t('contact.labels')}</h3><p>${this.item.labels.join(', ')}</p>` : nothing}
      <h3>${t('contact.notes')}</h3>
      <ul>${this.notes.filter((one) => one.text).map((one) => html`<li><span class="quiet">${one.author}, ${moment(one.written_at)}</span>
        <p class="text" dir="auto">${one.text}</p></li>`)}</ul>
      <form @submit=${this.note}><label>${t('contact.note')}<textarea name="text" rows="2" dir="auto" required></textarea></label>
        <button>${t('contact.write')}</button></form>`;
  }
}
customElements.define('lc-contact', Contact);
