import { Problem, call } from '../api.js';
import { moment, t, word } from '../i18n.js';
import { Part, html, nothing, repeat } from '../part.js';
import { store } from '../store.js';
import { marked } from '../parts/marked.js';
import { newestWith } from '../parts/newest.js';

/** How many are fetched at a time. */
const PAGE = 25;
const KINDS = ['message', 'note', 'contact'];
const MEDIA = ['social-conversation', 'social-direct-message', 'chat', 'email', 'call', 'callback', 'generic', 'work-item'];

/** Everything that was ever said, noted or known, found by its words. */
class Search extends Part {
  static follows = /** @type {EventTarget[]} */ ([]);

  static properties = {
    path: {}, items: { state: true }, next: { state: true }, problem: { state: true }, busy: { state: true }, complete: { state: true },
    queues: { state: true }, networks: { state: true },
  };

  constructor() {
    super();
    /** The words, as the address has them. */
    this.path = '';
    /** @type {any[] | undefined} */
    this.items = undefined;
    /** @type {string | undefined} */
    this.next = undefined;
    this.problem = '';
    this.busy = false;
    this.complete = true;
    /** @type {any[]} */
    this.queues = [];
    /** @type {string[]} */
    this.networks = [];
    /** What was asked last. */
    this.asked = '';
    this.of = '';
  }

  connectedCallback() {
    super.connectedCallback();
    void this.choices();
  }

  /** By what can be filtered: whoever may not list something goes without. */
  async choices() {
    const none = () => [];
    const [queues, channels] = await Promise.all([call('GET', 'queues').catch(none), call('GET', 'channels').catch(none)]);
    this.queues = queues.items || queues;
    const known = [...channels, ...store.items.values()].map((one) => one.network).filter(Boolean);
    this.networks = [...new Set(known)].sort();
  }

  firstUpdated() {
    const input = /** @type {HTMLInputElement} */ (this.querySelector('input[name=q]'));
    input.focus();
  }

  updated() {
    if (this.path === this.of) return;
    this.of = this.path;
    const input = /** @type {HTMLInputElement} */ (this.querySelector('input[name=q]'));
    input.value = this.path;
    if (this.path) void this.ask();
  }

  /** @param {SubmitEvent} event */
  submit(event) {
    event.preventDefault();
    void this.ask();
  }

  /** What the form says. @returns {string} */
  get query() {
    const data = new FormData(/** @type {HTMLFormElement} */ (this.querySelector('form')));
    const query = new URLSearchParams();
    for (const [name, value] of data) {
      const text = String(value).trim();
      if (text) query.set(name, text);
    }
    // Days are those of whoever asks, the last one with all of it.
    for (const [name, more] of /** @type {[string, number][]} */ ([['from', 0], ['to', 1]])) {
      const day = query.get(name);
      if (!day) continue;
      const at = new Date(`${day}T00:00`);
      at.setDate(at.getDate() + more);
      query.set(name, at.toISOString());
    }
    if (!query.get('score')) {
      query.delete('score_min');
      query.delete('score_max');
    }
    return String(query);
  }

  async ask() {
    const asked = this.query;
    this.asked = asked;
    this.items = undefined;
    this.next = undefined;
    const words = new URLSearchParams(asked).get('q') || '';
    this.of = words;
    history.replaceState(null, '', `#/search/${encodeURIComponent(words)}`);
    await this.fetch('');
  }

  /** @param {string} after */
  async fetch(after) {
    const { asked } = this;
    this.busy = true;
    try {
      const page = await call('GET', `search?${asked}&limit=${PAGE}${after ? `&after=${encodeURIComponent(after)}` : ''}`);
      if (asked !== this.asked) return;
      this.items = [...(this.items || []), ...page.items];
      this.next = page.next;
      this.complete = page.complete;
      this.problem = '';
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (asked === this.asked) this.problem = error.message;
    } finally {
      this.busy = false;
    }
  }

  /** @param {any} one */
  row(one) {
    const at = (/** @type {string} */ field) => one.highlights.filter((/** @type {any} */ mark) => mark.field === field);
    const name = one.customer?.display_name || one.customer?.handle || one.customer?.identity || t('contact.unknown');
    switch (one.kind) {
      case 'message': {
        const { message } = one;
        const who = message.author.kind === 'contact' ? name : message.author.agent || t(`search.by-${message.author.kind}`);
        return this.entry(message.interaction, message.at, html`<bdi>${name}</bdi>${who === name ? nothing : html` · <bdi>${who}</bdi>`} · ${message.channel}`, marked(message.content.text || '', at('/message/content/text')));
      }
      case 'note': {
        const { note } = one;
        return this.entry(note.interaction, note.written_at, html`${t('search.note')} · <bdi>${note.author}</bdi> · <bdi>${name}</bdi>`, marked(note.text || '', at('/note/text')));
      }
      default: {
        const { contact } = one;
        const known = contact.identities.map((/** @type {any} */ identity, /** @type {number} */ number) => html`<span class="chip">${identity.channel}: <bdi>${marked(identity.profile?.handle || identity.id, at(`/contact/identities/${number}/${identity.profile?.handle ? 'profile/handle' : 'id'}`))}</bdi></span> `);
        return html`<li><p class="quiet"><span>${t('search.contact')}</span> <time datetime=${contact.created_at}>${moment(contact.created_at)}</time></p>
          <p><button class="link" @click=${() => this.meet(contact)}><bdi>${contact.display_name ? marked(contact.display_name, at('/contact/display_name')) : t('contact.unknown')}</bdi></button> ${known}</p></li>`;
      }
    }
  }

  /** @param {string | undefined} interaction @param {string} when @param {unknown} about @param {unknown} text */
  entry(interaction, when, about, text) {
    const head = html`<span>${about}</span> <time datetime=${when}>${moment(when)}</time>`;
    return html`<li><p class="quiet">${interaction ? html`<a href="#/interactions/${interaction}">${head}</a>` : head}</p><p dir="auto" class="found-text">${text}</p></li>`;
  }

  /** The newest that there was with somebody is opened. @param {any} contact */
  async meet(contact) {
    const id = await store.attempt(() => newestWith(contact.id));
    if (id) {
      location.hash = `#/interactions/${id}`;
      return;
    }
    store.notice ||= t('search.nothing-with', { name: contact.display_name || t('contact.unknown') });
    store.changed();
  }

  /** @param {string} name @param {string} label @param {[string, string][]} choices */
  choice(name, label, choices) {
    return html`<label>${label}<select name=${name}><option value="">${t('search.any')}</option>${choices.map(([value, text]) => html`<option value=${value}>${text}</option>`)}</select></label>`;
  }

  render() {
    return html`<main class="page search">
      <form role="search" class="stack" @submit=${this.submit} @change=${(/** @type {any} */ event) => { if (event.target.name !== 'q' && this.asked) void this.ask(); }}>
        <div class="line-form"><label class="grow">${t('search.words')}<input type="search" name="q" required maxlength="500" autocomplete="off" aria-describedby="lc-search-hint"></label>
          ${this.choice('kind', t('search.kind'), KINDS.map((kind) => [kind, t(`search.${kind}s`)]))}
          <label>${t('search.sort')}<select name="sort"><option value="relevance">${t('search.relevance')}</option><option value="time">${t('search.time')}</option></select></label>
          <button class="main">${t('search.find')}</button></div>
        <p class="quiet" id="lc-search-hint">${t('search.hint')}</p>
        <details><summary>${t('search.filters')}</summary><div class="line-form">
          ${this.choice('network', t('search.network'), this.networks.map((one) => [one, word('network', one)]))}
          ${this.choice('queue', t('search.queue'), this.queues.map((one) => [one.id, one.name || one.config?.name || one.id]))}
          ${this.choice('media_type', t('search.media'), MEDIA.map((one) => [one, word('media', one)]))}
          ${store.me ? this.choice('agent', t('search.agent'), [['me', t('search.me')]]) : nothing}
          <label>${t('search.label')}<input name="label" maxlength="64"></label>
          <label>${t('search.disposition')}<input name="disposition" maxlength="100"></label>
          <label>${t('search.from')}<input type="date" name="from"></label>
          <label>${t('search.to')}<input type="date" name="to"></label>
          ${this.choice('score', t('search.score'), ['sentiment', 'influence', 'actionability'].map((one) => [one, t(`search.${one}`)]))}
          <label>${t('search.at-least')}<input type="number" name="score_min" min="-1" max="1" step="0.1"></label>
          <label>${t('search.at-most')}<input type="number" name="score_max" min="-1" max="1" step="0.1"></label>
        </div></details></form>
      ${this.problem ? html`<p class="problem" role="alert">${this.problem}</p>` : nothing}
      ${this.complete ? nothing : html`<p class="quiet" role="status">${t('search.incomplete')}</p>`}
      <div role="status" class="quiet">${this.busy ? t('app.loading') : this.items && !this.items.length && !this.problem ? t('search.none') : nothing}</div>
      ${this.items?.length ? html`<ol class="hits">${repeat(this.items, (one) => one[one.kind].id, (one) => this.row(one))}</ol>` : nothing}
      ${this.next ? html`<button ?disabled=${this.busy} @click=${() => this.fetch(this.next || '')}>${t('search.more')}</button>` : nothing}</main>`;
  }
}
customElements.define('lc-search', Search);
