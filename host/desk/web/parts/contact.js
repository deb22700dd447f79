import { call } from '../api.js';
import { moment, number, t, word } from '../i18n.js';
import { Part, html, nothing } from '../part.js';
import { store } from '../store.js';
import './attributes.js';
import './insight.js';
import './notes.js';

/** Who the customer is, and what colleagues know of them. */
class Contact extends Part {
  static properties = { item: {}, contact: { state: true }, last: { state: true }, problem: { state: true }, consenting: { state: true } };

  constructor() {
    super();
    /** @type {any} */
    this.item = undefined;
    /** @type {any} */
    this.contact = undefined;
    /** What the customer said last. @type {any} */
    this.last = undefined;
    this.problem = '';
    this.consenting = false;
    this.of = '';
    this.heard = (/** @type {any} */ event) => {
      const { event: { kind, data }, about } = event.detail;
      const person = data?.contact === this.contact?.id || data?.id === this.contact?.id;
      if (about !== this.of && !(person && /^contact/.test(kind))) return;
      clearTimeout(this.soon);
      this.soon = setTimeout(() => this.load(this.of), 150);
    };
  }

  connectedCallback() {
    super.connectedCallback();
    store.addEventListener('event', this.heard);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    store.removeEventListener('event', this.heard);
    clearTimeout(this.soon);
  }

  willUpdate() {
    if (this.item.id === this.of) return;
    this.of = this.item.id;
    this.contact = undefined;
    this.last = undefined;
    this.consenting = false;
    this.load(this.of);
  }

  /** @param {string} id */
  async load(id) {
    try {
      const [contact, page] = await Promise.all([
        call('GET', `contacts/${this.item.contact}`),
        call('GET', `interactions/${id}/messages?limit=20`),
      ]);
      if (id !== this.of) return;
      this.contact = contact;
      this.last = page.items.find((/** @type {any} */ one) => one.author.kind === 'contact');
      this.problem = '';
    } catch (error) {
      if (id === this.of) this.problem = error instanceof Error ? error.message : String(error);
    }
  }

  /** @param {'PUT' | 'DELETE'} method @param {string} label */
  async label(method, label) {
    if (label) await store.attempt(() => call(method, `interactions/${this.of}/labels/${encodeURIComponent(label)}`, method === 'PUT' ? {} : undefined));
  }

  /** @param {SubmitEvent} event */
  async addLabel(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    await this.label('PUT', String(new FormData(form).get('label') || '').trim());
    if (!store.notice) form.reset();
  }

  /** @param {any} profile */
  profile(profile) {
    /** @type {[string, unknown][]} */
    const facts = [];
    if (profile.followers !== undefined && profile.followers !== null) facts.push([t('profile.followers'), number(profile.followers)]);
    for (const key of ['follows_us', 'we_follow', 'verified', 'accepts_messages']) {
      if (typeof profile[key] === 'boolean') facts.push([t(`profile.${key}`), t(profile[key] ? 'attribute.yes' : 'attribute.no')]);
    }
    if (profile.locale) facts.push([t('profile.locale'), profile.locale]);
    if (typeof profile.utc_offset_minutes === 'number') {
      const at = new Date(Date.now() + profile.utc_offset_minutes * 60_000);
      facts.push([t('profile.time'), at.toISOString().slice(11, 16)]);
    }
    for (const one of profile.extra || []) facts.push([one.name, String(one.value)]);
    return html`${facts.length ? html`<dl class="facts">${facts.map(([name, value]) => html`<dt>${name}</dt><dd dir="auto">${value}</dd>`)}</dl>` : nothing}${this.following(profile)}`;
  }

  /** The company follows the customer, or no longer, where the network has it and the work is one's own. @param {any} profile */
  following(profile) {
    const { item } = this;
    const action = profile.we_follow ? 'unfollow' : 'follow';
    const able = (item.capabilities || store.opened?.capabilities)?.actions?.some((/** @type {any} */ one) => one.kind === action && one.open);
    if (!able || item.agent !== store.me || !store.isMine(item)) return nothing;
    return html`<button class="tool" @click=${() => store.attempt(() => call('POST', `interactions/${item.id}/actions`, { action }))}>${t(`contact.${action}`)}</button>`;
  }

  /** @param {any} contact */
  consent(contact) {
    const { channel, network } = this.item;
    const given = contact.opt_ins.find((/** @type {any} */ one) => one.channel === channel);
    const needed = (this.item.capabilities || store.opened?.capabilities)?.actions?.some((/** @type {any} */ one) => one.kind === 'send_template');
    if (!given && !needed) return nothing;
    const record = async (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      const source = new FormData(/** @type {HTMLFormElement} */ (event.target)).get('source');
      await store.attempt(() => call('PUT', `contacts/${contact.id}/opt-ins/${encodeURIComponent(channel)}`, { source }));
      if (store.notice) return;
      this.consenting = false;
      await this.load(this.of);
    };
    const withdraw = async () => {
      await store.attempt(() => call('DELETE', `contacts/${contact.id}/opt-ins/${encodeURIComponent(channel)}`));
      await this.load(this.of);
    };
    return html`<h3>${t('consent.title', { network: word('network', network || channel) })}</h3>
      ${given ? html`<p title=${`${given.by}, ${moment(given.at)}`}>${t('consent.given')} <span class="quiet" dir="auto">${given.source}</span> <button class="tool" @click=${withdraw}>${t('consent.withdraw')}</button></p>`
    : this.consenting ? html`<form class="stack" @submit=${record}><label>${t('consent.source')}<input name="source" maxlength="500" dir="auto" required></label><button>${t('consent.record')}</button></form>`
      : html`<p class="quiet">${t('consent.none')} <button class="tool" @click=${() => { this.consenting = true; }}>${t('consent.record')}</button></p>`}`;
  }

  labels() {
    const labels = this.item.labels || [];
    const known = (store.agent?.labels || [...new Set([...store.items.values()].flatMap((one) => one.labels || []))]).filter((/** @type {string} */ one) => !labels.includes(one));
    const closed = this.item.state === 'ended';
    return html`<p class="chips">${labels.map((/** @type {string} */ one) => html`<span class="chip">${one}${closed ? nothing : html`<button class="tool" aria-label=${t('contact.label-remove', { label: one })} @click=${() => this.label('DELETE', one)}>✕</button>`}</span>`)}</p>
      ${closed ? nothing : html`<form class="buttons" @submit=${this.addLabel}><input class="grow" name="label" list="lc-labels" maxlength="60" aria-label=${t('contact.label')} placeholder=${t('contact.label')}>
        <datalist id="lc-labels">${known.map((/** @type {string} */ one) => html`<option value=${one}></option>`)}</datalist><button>${t('composer.add')}</button></form>`}`;
  }

  render() {
    if (this.problem) return html`<p class="problem pad" role="alert">${this.problem}</p>`;
    const { contact, item } = this;
    if (!contact) return html`<p class="quiet pad" role="status">${t('app.loading')}</p>`;
    const here = contact.identities.find((/** @type {any} */ one) => one.channel === item.channel);
    const mine = store.isMine(item);
    return html`<h2><bdi>${contact.display_name || t('contact.unknown')}</bdi></h2>
      <p class="quiet">${here?.profile?.handle ? html`<bdi>@${here.profile.handle}</bdi> · ` : nothing}${t('contact.since', { at: moment(contact.created_at) })}</p>
      ${here?.profile ? this.profile(here.profile) : nothing}
      <lc-merging .contact=${contact} @changed=${() => this.load(this.of)}></lc-merging>
      <details open><summary>${t('contact.labels')}</summary>${this.labels()}</details>
      <details open><summary>${t('contact.notes')}</summary><lc-notes .item=${item}></lc-notes></details>
      <details open><summary>${t('contact.about')}</summary>
        <lc-attributes .path=${`contacts/${contact.id}`} .values=${contact.attributes || {}} @changed=${() => this.load(this.of)}></lc-attributes></details>
      <details open><summary>${t('contact.about-this')}</summary>
        <lc-attributes .path=${`interactions/${item.id}`} .values=${item.attributes || {}}></lc-attributes></details>
      <details open><summary>${t('insight.title')}</summary><lc-insight .message=${this.last} .mine=${mine}></lc-insight></details>
      <details open><summary>${t('contact.identities')}</summary>
        <ul class="facts-list">${contact.identities.map((/** @type {any} */ one) => html`<li><span class="quiet">${one.channel}</span> <bdi>${one.profile?.handle || one.id}</bdi>
          ${(one.aliases || []).map((/** @type {any} */ alias) => html`<bdi class="quiet">${alias.id}</bdi> `)}</li>`)}</ul>
        ${this.consent(contact)}</details>
      <details open><summary>${t('history.title')}</summary><lc-history .contact=${contact.id} .open=${item.id}></lc-history></details>`;
  }
}
customElements.define('lc-contact', Contact);

// What is rarely wanted comes after what is seen at once.
void import('./history.js');
void import('./merging.js');
