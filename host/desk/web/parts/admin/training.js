import { base, call } from '../../api.js';
import { moment, number, t } from '../../i18n.js';
import { Part, html, nothing, repeat } from '../../part.js';
import { store } from '../../store.js';
import { site } from './site.js';
import './lesson.js';

/** So many are wanted at a time, and so many pages are read for them at most. */
const WANTED = 50;
const PAGES = 20;
/** Events after which the list is another one. */
const CHANGES = ['training-message-saved', 'training-message-removed', 'message-corrected'];
/** How long is waited for more of them before it is read anew, in milliseconds. */
const SOON = 400;
/** With what agents end conversations where a queue names no codes of its own. */
const CODES = ['Cross Sell', 'Need Follow Up', 'Not Right Skill', 'Processed', 'Terminated', 'Transferred', 'Up Sell'];

/** What models learn from: written for it, corrected by people, or ended with a code. */
class Training extends Part {
  static follows = [store, site];
  static properties = {
    open: {}, items: { state: true }, next: { state: true }, busy: { state: true }, from: { state: true }, code: { state: true },
    use: { state: true }, words: { state: true }, looked: { state: true }, pending: { state: true },
  };

  constructor() {
    super();
    /** The id of what is open; `+` for a new one. */
    this.open = '';
    /** @type {any[]} */
    this.items = [];
    /** @type {string | undefined} */
    this.next = '';
    this.busy = false;
    /** Where they are from: `added`, `correction`, `disposition`, or any of the first two. */
    this.from = '';
    this.code = '';
    /** `used`, `excluded` or both. */
    this.use = '';
    this.words = '';
    /** How many were looked through. */
    this.looked = 0;
    /** What is being changed. */
    this.pending = '';
    this.run = 0;
    this.heard = (/** @type {Event} */ event) => {
      if (!CHANGES.includes(/** @type {CustomEvent} */ (event).detail.event.kind)) return;
      clearTimeout(this.soon);
      this.soon = setTimeout(() => this.read(true), SOON);
    };
  }

  connectedCallback() {
    super.connectedCallback();
    store.addEventListener('event', this.heard);
    void this.read(true);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    store.removeEventListener('event', this.heard);
    clearTimeout(this.soon);
  }

  /** What the hub is asked for; the rest is chosen here. @returns {Record<string, string>} */
  get query() {
    return this.from === 'disposition' ? { disposition: this.code } : {};
  }

  /** @param {any} one */
  fits(one) {
    if ((this.from === 'added' || this.from === 'correction') && one.source !== this.from) return false;
    if (this.use && one.excluded !== (this.use === 'excluded')) return false;
    const text = `${one.text} ${one.labels.join(' ')} ${one.by || ''}`.toLowerCase();
    return this.words.toLowerCase().split(/\s+/).every((word) => text.includes(word));
  }

  /** Reads on until there are enough that fit, or there are no more. @param {boolean} anew */
  async read(anew) {
    if (this.from === 'disposition' && !this.code) {
      [this.items, this.next, this.looked] = [[], undefined, 0];
      return;
    }
    this.run += 1;
    const { run } = this;
    this.busy = true;
    // As many as are shown: they stay until there are others.
    const wanted = anew ? Math.max(WANTED, this.items.length) : WANTED;
    let next = anew ? '' : this.next;
    let looked = anew ? 0 : this.looked;
    /** @type {any[]} */
    const found = [];
    for (let pages = 0; next !== undefined && found.length < wanted && pages < PAGES; pages += 1) {
      const asked = new URLSearchParams({ limit: '100', ...this.query, ...(next && { after: next }) });
      const page = await store.attempt(() => call('GET', `training-messages?${asked}`));
      if (run !== this.run) return;
      if (!page) break;
      looked += page.items.length;
      found.push(...page.items.filter((/** @type {any} */ one) => this.fits(one)));
      next = page.next;
    }
    this.busy = false;
    this.items = anew ? found : [...this.items, ...found];
    this.next = next;
    this.looked = looked;
  }

  /** @param {string} name @param {string} value */
  choose(name, value) {
    /** @type {any} */ (this)[name] = value;
    void this.read(true);
  }

  /** @param {any} one */
  async exclude(one) {
    this.pending = one.id;
    const excluded = !one.excluded;
    const done = await store.attempt(async () => {
      if (one.message) await call('PUT', `interactions/${one.interaction}/messages/${one.message}/training`, { excluded });
      else await call('PUT', `training-messages/${one.id}`, { text: one.text, labels: one.labels, excluded });
      return true;
    });
    this.pending = '';
    if (done) this.items = this.items.map((each) => (each.id === one.id ? { ...each, excluded } : each));
  }

  /** All codes that an agent can end a conversation with. */
  get codes() {
    const own = Object.values(site.config?.queues || {}).flatMap((queue) => queue.disposition_codes || []);
    return [...new Set([...own, ...CODES])].sort();
  }

  tools() {
    const select = (/** @type {'from' | 'use'} */ name, /** @type {string[]} */ values) => html`<div class="field"><label class="quiet" for="training-${name}">${t(`training.${name}`)}</label><select id="training-${name}"
      @change=${(/** @type {any} */ event) => this.choose(name, event.target.value)}>${values.map((value) => html`<option value=${value} ?selected=${value === this[name]}>${t(`training.${name}.${value || 'all'}`)}</option>`)}</select></div>`;
    return html`<div class="filters" role="search">${select('from', ['', 'added', 'correction', 'disposition'])}
      ${this.from === 'disposition' ? html`<div class="field"><label class="quiet" for="training-code">${t('admin.disposition')}</label><select id="training-code" @change=${(/** @type {any} */ event) => this.choose('code', event.target.value)}>
        <option value="">–</option>${this.codes.map((code) => html`<option value=${code} ?selected=${code === this.code}>${code}</option>`)}</select></div>` : nothing}
      ${select('use', ['', 'used', 'excluded'])}
      <form class="field grow" @submit=${(/** @type {SubmitEvent} */ event) => { event.preventDefault(); this.choose('words', String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get('words')).trim()); }}>
        <label class="quiet" for="training-words">${t('training.words')}</label>
        <span class="buttons"><input class="grow" id="training-words" type="search" name="words" .value=${this.words}><button>${t('admin.find')}</button></span></form></div>`;
  }

  /** Where one is from: of whom, and when. @param {any} one */
  static origin(one) {
    return html`<span class="chip ${one.source === 'correction' ? 'ok' : ''}">${t(`training.source.${one.source}`)}</span>
      ${one.by ? html`<span class="quiet">${t(`training.by.${one.source}`, { by: one.by, at: moment(one.at) })}</span>` : nothing}`;
  }

  /** @param {any} one */
  row(one) {
    return html`<li class="lesson ${one.id === this.open ? 'here' : ''} ${one.excluded ? 'out' : ''}">
      <a class="said" href="#/admin/training/${one.id}" aria-current=${one.id === this.open ? 'true' : nothing}><span class="clamp" dir="auto">${one.text}</span></a>
      <div class="topline">${one.labels.map((/** @type {string} */ label) => html`<span class="chip label">${label}</span>`)}${one.labels.length ? nothing : html`<span class="quiet">${t('training.no-label')}</span>`}
        ${one.excluded ? html`<span class="chip warn">${t('training.use.excluded')}</span>` : nothing}</div>
      <div class="topline">${Training.origin(one)}<span class="grow"></span>
        <button class="plain wide" ?disabled=${this.pending === one.id} aria-pressed=${one.excluded} @click=${() => this.exclude(one)}>${t(one.excluded ? 'training.include' : 'training.exclude')}<span class="hidden"> ${one.text.slice(0, 60)}</span></button></div></li>`;
  }

  none() {
    if (this.busy) return t('app.loading');
    if (this.from === 'disposition' && !this.code) return t('training.which-code');
    if (this.next !== undefined) return t('training.none-so-far', { count: this.looked });
    return t(this.from || this.use || this.words ? 'training.none-fits' : 'training.none');
  }

  render() {
    const query = new URLSearchParams(this.query).toString();
    const shown = this.open && this.open !== '+' ? this.items.find((one) => one.id === this.open) : undefined;
    return html`<div class="split" data-open=${this.open ? 'yes' : 'no'}>
      <section class="sheet list" aria-labelledby="training-title"><header><h2 id="training-title">${t('admin.training')}</h2><span class="grow"></span>
          <a class="button" href="${base}training-messages/export${query && `?${query}`}" download="training-messages.tsv">${t('training.export')}</a>
          <a class="button main" href="#/admin/training/+">${t('admin.new')}</a></header>
        <p class="quiet pad wide">${t('training.hint')}</p>
        ${this.tools()}
        <ul class="cards" aria-busy=${this.busy}>${repeat(this.items, (one) => one.id, (one) => this.row(one))}</ul>
        ${this.items.length ? nothing : html`<p class="empty" role="status">${this.none()}</p>`}
        ${this.next !== undefined && !(this.from === 'disposition' && !this.code) ? html`<p class="pad buttons"><button ?disabled=${this.busy} @click=${() => this.read(false)}>${t('admin.more')}</button>
          <span class="quiet">${t('training.looked', { count: number(this.looked), found: number(this.items.length) })}</span></p>` : nothing}</section>
      ${this.open ? html`<lc-lesson .open=${this.open} .item=${shown} .loading=${this.busy} @done=${(/** @type {CustomEvent} */ event) => {
    void this.read(true);
    location.hash = `#/admin/training${event.detail ? `/${event.detail}` : ''}`;
  }}></lc-lesson>` : nothing}
    </div>`;
  }
}
customElements.define('lc-training', Training);
