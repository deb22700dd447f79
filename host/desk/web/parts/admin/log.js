import { call, part } from '../../api.js';
import { moment, t, word } from '../../i18n.js';
import { Part, html, nothing } from '../../part.js';
import { store } from '../../store.js';
import { sure } from '../sure.js';

/** How much of a payload is shown, in characters. */
const LONGEST = 20_000;

/** Who changed what. */
class Audit extends Part {
  static properties = { items: { state: true }, next: { state: true }, actor: { state: true }, action: { state: true }, busy: { state: true } };

  constructor() {
    super();
    /** @type {any[]} */
    this.items = [];
    /** @type {string | undefined} */
    this.next = '';
    this.actor = '';
    this.action = '';
    this.busy = false;
  }

  connectedCallback() {
    super.connectedCallback();
    void this.more(true);
  }

  /** @param {boolean} anew */
  async more(anew) {
    this.busy = true;
    const { actor, action } = this;
    let next = anew ? '' : this.next;
    /** @type {any[]} */
    const found = [];
    // A page may have nothing in it, and still be followed by others.
    for (let pages = 0; next !== undefined && found.length < 50 && pages < 20; pages += 1) {
      const filter = new URLSearchParams({ limit: '100', ...(actor && { actor }), ...(action && { action }), ...(next && { after: next }) });
      const page = await store.attempt(() => call('GET', `audit?${filter}`));
      if (!page) break;
      found.push(...page.items);
      next = page.next;
    }
    this.busy = false;
    if (actor !== this.actor || action !== this.action) return;
    this.items = anew ? found : [...this.items, ...found];
    this.next = next;
  }

  /** @param {SubmitEvent} event */
  find(event) {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    this.actor = String(form.get('actor')).trim();
    this.action = String(form.get('action')).trim();
    void this.more(true);
  }

  render() {
    const json = (/** @type {any} */ value) => (value === undefined || value === null ? nothing : html`<pre>${JSON.stringify(value, null, 1)}</pre>`);
    return html`<section class="sheet" aria-labelledby="audit-title"><header><h2 id="audit-title">${t('admin.audit')}</h2><span class="grow"></span>
      <form class="line-form" @submit=${this.find}><input name="actor" aria-label=${t('admin.actor')} placeholder=${t('admin.actor')}><input name="action" aria-label=${t('admin.action')} placeholder="queue.pause"><button>${t('admin.find')}</button></form></header>
      <div class="scroll" tabindex="0" role="group" aria-labelledby="audit-title"><table class="stacked"><thead><tr><th scope="col">${t('admin.when')}</th><th scope="col">${t('admin.actor')}</th><th scope="col">${t('admin.action')}</th><th scope="col">${t('admin.subject')}</th><th scope="col" class="wide">${t('admin.change')}</th></tr></thead>
        <tbody>${this.items.map((one) => html`<tr><td><time>${moment(one.at)}</time></td><th scope="row">${one.actor}</th><td><code>${one.action}</code></td><td>${one.subject}</td>
          <td class="wide">${one.before !== undefined || one.after !== undefined ? html`<details><summary>${t('admin.show')}</summary>${json(one.before)}${json(one.after)}</details>` : nothing}</td></tr>`)}</tbody></table></div>
      ${this.items.length ? nothing : html`<p class="empty" role="status">${this.busy ? t('app.loading') : t('admin.empty')}</p>`}
      ${this.next !== undefined && this.items.length ? html`<p class="pad"><button ?disabled=${this.busy} @click=${() => this.more(false)}>${t('admin.more')}</button></p>` : nothing}</section>`;
  }
}
customElements.define('lc-audit', Audit);

/** What failed for good, by channel. */
class DeadLetters extends Part {
  static properties = { open: {}, channels: { state: true }, items: { state: true }, next: { state: true }, letter: { state: true }, told: { state: true } };

  constructor() {
    super();
    this.open = '';
    /** @type {any[]} */
    this.channels = [];
    /** @type {any[] | undefined} */
    this.items = undefined;
    /** @type {string | undefined} */
    this.next = undefined;
    /** @type {any} */
    this.letter = undefined;
    this.told = '';
  }

  connectedCallback() {
    super.connectedCallback();
    void this.count();
  }

  async count() {
    this.channels = await store.attempt(() => call('GET', 'channels')) || [];
    if (this.open) return;
    const worst = this.channels.toSorted((one, other) => other.health.dead_letters - one.health.dead_letters)[0];
    if (worst?.health.dead_letters) location.hash = `#/admin/dead-letters/${part(worst.id)}`;
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (!changed.has('open')) return;
    this.items = undefined;
    this.letter = undefined;
    if (this.open) void this.read('');
  }

  /** @param {string} after */
  async read(after) {
    const page = await store.attempt(() => call('GET', `channels/${part(this.open)}/dead-letters?limit=50${after && `&after=${encodeURIComponent(after)}`}`));
    this.items = [...(after ? this.items || [] : []), ...(page?.items || [])];
    this.next = page?.next;
  }

  /** @param {any} one */
  async show(one) {
    this.letter = this.letter?.id === one.id ? undefined : await store.attempt(() => call('GET', `channels/${part(this.open)}/dead-letters/${part(one.id)}`));
  }

  /** @param {any} one */
  async resend(one) {
    if (one.may_have_arrived && !await sure(t('admin.resend-sure'), t('admin.redeliver'))) return;
    const done = await store.attempt(() => call('POST', `channels/${part(this.open)}/dead-letters/${part(one.id)}/redeliver`, one.may_have_arrived ? { confirm: true } : {}));
    if (done) this.told = t('admin.redelivered');
    await this.read('');
    await this.count();
  }

  /** @param {any} one */
  async erase(one) {
    if (!await sure(t('admin.letter-sure'), t('admin.delete'))) return;
    await store.attempt(() => call('DELETE', `channels/${part(this.open)}/dead-letters/${part(one.id)}`));
    await this.read('');
    await this.count();
  }

  render() {
    return html`<section class="sheet" aria-labelledby="letters-title"><header><h2 id="letters-title">${t('admin.dead-letters')}</h2><span class="grow"></span><span role="status" class="quiet">${this.told}</span>
      <label class="inline"><span class="hidden">${t('admin.channels')}</span><select @change=${(/** @type {any} */ event) => { location.hash = `#/admin/dead-letters/${part(event.target.value)}`; }}>
        ${this.open ? nothing : html`<option value="">–</option>`}${this.channels.map((one) => html`<option value=${one.id} ?selected=${one.id === this.open}>${one.name || one.id} (${one.health.dead_letters})</option>`)}</select></label></header>
      <p class="quiet pad">${t('admin.letters-hint')}</p>
      <ul class="cards">${(this.items || []).map((one) => html`<li><div class="topline"><button class="link" aria-expanded=${this.letter?.id === one.id} @click=${() => this.show(one)}>${word('letter', one.kind)}${one.action ? ` · ${one.action}` : ''}</button><time class="quiet">${moment(one.at)}</time>
          ${one.may_have_arrived ? html`<span class="chip warn">${t('admin.may-have')}</span>` : nothing}<span class="grow"></span>
          <button @click=${() => this.resend(one)}>${t('admin.redeliver')}</button><button class="plain" @click=${() => this.erase(one)}>${t('admin.delete')}</button></div>
        <p>${one.reason.text} <code>${one.reason.code}</code></p>
        ${this.letter?.id === one.id ? html`${this.letter.content?.text ? html`<p class="text" dir="auto">${this.letter.content.text.slice(0, LONGEST)}</p>` : nothing}${this.letter.raw ? html`<pre>${this.letter.raw.slice(0, LONGEST)}</pre>` : nothing}
          ${one.interaction ? html`<p><a href="#/interactions/${one.interaction}">${t('supervisor.case')}</a></p>` : nothing}` : nothing}</li>`)}</ul>
      ${this.open ? this.items && !this.items.length ? html`<p class="empty">${t('admin.no-letters')}</p>` : nothing : html`<p class="empty">${this.channels.length ? t('admin.no-letters') : t('supervisor.no-channels')}</p>`}
      ${this.next ? html`<p class="pad"><button @click=${() => this.read(this.next || '')}>${t('admin.more')}</button></p>` : nothing}</section>`;
  }
}
customElements.define('lc-dead-letters', DeadLetters);
