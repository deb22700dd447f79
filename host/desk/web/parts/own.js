import { call } from '../api.js';
import { day, lasting, number, percent, t, time, word } from '../i18n.js';
import { nameOf } from '../notify.js';
import { Part, html, nothing } from '../part.js';
import { store } from '../store.js';

/** What somebody has done since the hub began to count, and the conversations that they ended. */
class Own extends Part {
  static follows = /** @type {EventTarget[]} */ ([]);
  static properties = { stats: { state: true }, items: { state: true }, next: { state: true } };

  constructor() {
    super();
    /** @type {any} */
    this.stats = undefined;
    /** @type {any[]} */
    this.items = [];
    /** @type {string | undefined} */
    this.next = undefined;
  }

  connectedCallback() {
    super.connectedCallback();
    void this.read('');
    void store.attempt(() => call('GET', 'agents/me')).then((own) => { this.stats = own?.stats; });
  }

  /** @param {string} after */
  async read(after) {
    const page = await store.attempt(() => call('GET', `interactions?agent=me&state=ended&limit=20${after && `&after=${encodeURIComponent(after)}`}`));
    if (!page) return;
    this.items = [...(after ? this.items : []), ...page.items];
    this.next = page.next;
    // The list has no names: whoever is asked for says theirs.
    const unknown = new Set(page.items.filter((/** @type {any} */ one) => !one.customer).map((/** @type {any} */ one) => one.contact));
    /** @type {Map<string, any>} */
    const known = new Map();
    await Promise.all([...unknown].map(async (id) => { known.set(id, await call('GET', `contacts/${id}`).catch(() => undefined)); }));
    this.items = this.items.map((one) => (known.get(one.contact) ? { ...one, customer: known.get(one.contact) } : one));
  }

  render() {
    const { stats } = this;
    return html`<section class="sheet" aria-labelledby="own-title"><header><h2 id="own-title">${t('own.title')}</h2></header>
      ${stats ? html`<div class="editor-body"><dl class="facts">
        <dt>${t('supervisor.handled')}</dt><dd>${number(stats.handled)}</dd>
        <dt>${t('supervisor.handle-time')}</dt><dd>${stats.average_handle_seconds === undefined ? '–' : lasting(stats.average_handle_seconds * 1000)}</dd>
        <dt>${t('supervisor.occupancy')}</dt><dd>${percent(stats.occupancy)}</dd>
        <dt>${t('own.offers')}</dt><dd>${t('own.answered', { offered: stats.offers, accepted: stats.answered, declined: stats.declined, missed: stats.rona })}</dd>
        <dt>${t('own.given')}</dt><dd>${number(stats.transferred)}</dd></dl></div>` : nothing}
      <h3 class="inset">${t('own.last')}</h3>
      <ul class="cards">${this.items.map((one) => html`<li><div class="topline"><a href="#/interactions/${one.id}"><bdi>${nameOf(one)}</bdi></a><span class="quiet">${word('network', one.network || one.channel)}</span><span class="grow"></span>
        ${one.disposition ? html`<span class="chip">${one.disposition}</span>` : nothing}<time class="quiet" datetime=${one.ended_at || one.created_at}>${day(one.ended_at || one.created_at)}, ${time(one.ended_at || one.created_at)}</time></div></li>`)}</ul>
      ${this.items.length ? nothing : html`<p class="empty">${t('own.none')}</p>`}
      ${this.next ? html`<p class="pad"><button @click=${() => this.read(this.next || '')}>${t('history.more')}</button></p>` : nothing}</section>`;
  }
}
customElements.define('lc-own', Own);
