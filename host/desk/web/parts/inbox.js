import { call } from '../api.js';
import { lasting, t, word } from '../i18n.js';
import { nameOf } from '../notify.js';
import { Ticking, html, nothing, repeat, svg } from '../part.js';
import { store } from '../store.js';

/** How many rows are kept drawn above and below those that are seen. */
const AROUND = 8;
/** Longer lists than this are drawn in part only. */
const WHOLE = 60;
const HOUR = 3_600_000;
const SORTS = {
  waiting: (/** @type {any} */ one) => one.waiting_since || '9',
  recent: (/** @type {any} */ one) => -new Date(one.last_message?.at || one.created_at).getTime(),
  window: (/** @type {any} */ one) => one.reply_until || '9',
  priority: (/** @type {any} */ one) => -one.priority,
};

/** What rings, what is the agent's, and what waits in their queues. */
class Inbox extends Ticking {
  static properties = {
    open: {}, search: { state: true }, sort: { state: true }, filter: { state: true }, list: { state: true }, from: { state: true },
  };

  constructor() {
    super();
    this.open = '';
    this.search = '';
    /** @type {keyof typeof SORTS} */
    this.sort = 'waiting';
    this.filter = '';
    /** @type {'mine' | 'waiting' | 'followed'} */
    this.list = 'mine';
    /** The first row that is drawn. */
    this.from = 0;
    this.rows = WHOLE;
    /** The one that was brought into view. */
    this.shown = '';
    /** When each offer was first seen, for its ring. @type {Map<string, number>} */
    this.rang = new Map();
    /** @type {{key: string, base: any, items: any[]}} */
    this.made = { key: '', base: undefined, items: [] };
    /** By what the list can be filtered. @type {{base: any, networks: string[], labels: string[]}} */
    this.kinds = { base: undefined, networks: [], labels: [] };
  }

  /** @param {{id: string}} offer @param {string} interaction */
  async accept(offer, interaction) {
    const done = await store.attempt(async () => {
      await call('POST', `offers/${offer.id}/accept`, {});
      return true;
    });
    if (done) location.hash = `#/interactions/${interaction}`;
  }

  /** @param {{id: string}} offer */
  decline(offer) {
    return store.attempt(() => call('POST', `offers/${offer.id}/decline`, {}));
  }

  /** @param {string} interaction */
  async pickUp(interaction) {
    await store.attempt(() => call('POST', `interactions/${interaction}/pick-up`, {}));
    if (!store.notice) location.hash = `#/interactions/${interaction}`;
  }

  /** The rows of the chosen list, as they are searched, filtered and ordered. @returns {any[]} */
  get chosen() {
    const base = store[this.list];
    const key = [this.search, this.sort, this.filter].join('\n');
    if (this.made.base === base && this.made.key === key) return this.made.items;
    const words = this.search.toLowerCase().split(/\s+/).filter(Boolean);
    const [kind, value] = [this.filter.slice(0, this.filter.indexOf(':')), this.filter.slice(this.filter.indexOf(':') + 1)];
    let items = base.filter((item) => {
      if (kind === 'unread' && !item.unread) return false;
      if (kind === 'draft' && !item.draft_saved_at) return false;
      if (kind === 'network' && (item.network || item.channel) !== value) return false;
      if (kind === 'label' && !(item.labels || []).includes(value)) return false;
      if (!words.length) return true;
      const text = `${nameOf(item)} ${item.customer?.handle || ''} ${item.last_message?.text || ''} ${item.queue} ${item.channel} ${item.network} ${(item.labels || []).join(' ')}`.toLowerCase();
      return words.every((one) => text.includes(one));
    });
    if (this.sort !== 'waiting') {
      const of = SORTS[this.sort];
      const keyed = items.map((item) => ({ item, key: of(item) }));
      keyed.sort((one, other) => (one.key < other.key ? -1 : one.key > other.key ? 1 : 0));
      items = keyed.map(({ item }) => item);
    }
    this.made = { key, base, items };
    return items;
  }

  /** @param {any} item @param {boolean} first */
  offer(item, first) {
    const offer = store.offer(item);
    if (!offer) return nothing;
    const left = Math.max(0, new Date(offer.deadline).getTime() - Date.now());
    const whole = this.rang.get(offer.id) ?? Math.max(left, 1);
    this.rang.set(offer.id, whole);
    const leg = (item.legs || []).find((/** @type {any} */ one) => one.offer === offer.id);
    return html`<li class="offer">
      <svg class="ring" viewBox="0 0 36 36" role="img" aria-label=${t('offer.left', { time: lasting(left) })}>
        ${svg`<circle cx="18" cy="18" r="15.9"></circle>
        <circle class="left" cx="18" cy="18" r="15.9" pathLength="100" stroke-dasharray="${Math.round((left / whole) * 100)} 100"></circle>
        <text x="18" y="22" text-anchor="middle">${Math.ceil(left / 1000)}</text>`}</svg>
      <div class="grow"><strong class="line" dir="auto">${nameOf(item)}</strong>
        <span class="line quiet">${leg ? t('offer.asked', { agent: item.agent || '' }) : `${word('network', item.network || item.channel)} · ${item.queue}`}</span>
        <span class="line" dir="auto">${item.last_message?.text || nothing}</span>
        <span class="buttons">
          <button class="main" data-key=${first ? 'KeyA' : nothing} aria-keyshortcuts=${first ? 'Alt+A' : nothing}
            @click=${() => this.accept(offer, item.id)}>${t('offer.accept')}</button>
          <button data-key=${first ? 'KeyX' : nothing} aria-keyshortcuts=${first ? 'Alt+X' : nothing}
            @click=${() => this.decline(offer)}>${t('offer.decline')}</button></span></div></li>`;
  }

  /** @param {any} item @param {number} at @param {number} all */
  row(item, at, all) {
    const now = Date.now();
    const waits = item.waiting_since && now - new Date(item.waiting_since).getTime();
    const window = item.reply_until && new Date(item.reply_until).getTime() - now;
    const late = item.service?.clocks?.some((/** @type {any} */ one) => one.broken);
    const last = item.last_message;
    const file = last?.attachment && !last.text ? word('attachment', last.attachment) : '';
    return html`<li class=${item.id === this.open ? 'row here' : 'row'} aria-setsize=${all} aria-posinset=${at + 1}>
      <a href="#/interactions/${item.id}" aria-current=${item.id === this.open ? 'true' : nothing}>
        <span class="first"><strong class="line" dir="auto">${nameOf(item)}</strong>
          ${item.unread ? html`<span class="count" title=${t('inbox.unread', { count: item.unread })}>${item.unread}<span class="hidden"> ${t('inbox.new')}</span></span>` : nothing}
          <span class="grow"></span>
          ${waits ? html`<time class=${late ? 'soon' : 'quiet'} title=${t('inbox.waits')}>${lasting(waits)}</time>` : nothing}</span>
        <span class="line quiet"><i class="net ${item.network || ''}"></i>${word('network', item.network || item.channel)}${window !== undefined && window < 24 * HOUR
  ? html` · <span class=${window < HOUR ? 'soon' : ''}>${window > 0 ? t('inbox.window', { time: lasting(window) }) : t('inbox.closed')}</span>` : nothing}${item.state === 'connected' ? nothing : ` · ${item.state === 'queued' ? item.queue : word('state', item.state)}`}</span>
        <span class="line ${item.unread ? '' : 'quiet'}" dir="auto">${item.draft_saved_at ? html`<em>${t('inbox.draft')}</em> ` : nothing}${last?.deleted
  ? t('message.deleted') : html`${last?.direction === 'outbound' ? `${t('inbox.you')} ` : nothing}${last?.text || file || (last ? '…' : nothing)}`}</span>
      </a>
      ${item.state === 'queued' ? html`<button class="over" @click=${() => this.pickUp(item.id)}>${t('inbox.pick-up')}<span class="hidden"> ${nameOf(item)}</span></button>` : nothing}</li>`;
  }

  /** Which rows are seen, of a list too long to be drawn whole. */
  scrolled() {
    const box = this.querySelector('.rows');
    if (!(box instanceof HTMLElement)) return;
    const height = this.height();
    this.rows = Math.ceil(box.clientHeight / height) + 2 * AROUND;
    this.from = Math.max(0, Math.floor(box.scrollTop / height) - AROUND);
  }

  /** All rows are as high, whatever size the text has. */
  height() {
    const row = this.querySelector('.row');
    return (row instanceof HTMLElement && row.offsetHeight) || 72;
  }

  updated() {
    const box = this.querySelector('.rows ul');
    if (!(box instanceof HTMLElement)) return;
    const { length } = this.chosen;
    const cut = length > WHOLE;
    const height = this.height();
    const [from, to] = this.range(length);
    box.style.paddingBlockStart = cut ? `${from * height}px` : '';
    box.style.paddingBlockEnd = cut ? `${(length - to) * height}px` : '';
    if (this.shown === this.open) return;
    this.shown = this.open;
    this.reveal();
  }

  /** Brings the open one into view, also where its row is not drawn yet. */
  reveal() {
    const at = this.chosen.findIndex((item) => item.id === this.open);
    const box = this.querySelector('.rows');
    if (at < 0 || !(box instanceof HTMLElement)) return;
    const [top, height] = [at * this.height(), this.height()];
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + height > box.scrollTop + box.clientHeight) box.scrollTop = top + height - box.clientHeight;
  }

  /** @param {number} length @returns {[number, number]} */
  range(length) {
    if (length <= WHOLE) return [0, length];
    const from = Math.min(this.from, Math.max(0, length - this.rows));
    return [from, Math.min(length, from + this.rows)];
  }

  /** @param {'mine' | 'waiting' | 'followed'} name */
  tab(name) {
    const count = store[name].length;
    return html`<button class="tab" aria-pressed=${this.list === name} @click=${() => { this.list = name; this.from = 0; }}>
      ${t(`inbox.${name}`)} <span class="quiet">${count}</span></button>`;
  }

  tools() {
    const base = store[this.list];
    if (this.kinds.base !== base) {
      const [networks, labels] = [new Set(), new Set()];
      for (const item of base) {
        networks.add(item.network || item.channel);
        for (const label of item.labels || []) labels.add(label);
      }
      this.kinds = { base, networks: [...networks].sort(), labels: [...labels].sort() };
    }
    const { networks, labels } = this.kinds;
    return html`<div class="tools" role="search">
      <input type="search" aria-label=${t('inbox.search')} placeholder=${t('inbox.search')} data-key="KeyF" aria-keyshortcuts="Alt+F" .value=${this.search}
        @input=${(/** @type {any} */ event) => { this.search = event.target.value; this.from = 0; }}>
      <select aria-label=${t('inbox.filter')} @change=${(/** @type {any} */ event) => { this.filter = event.target.value; this.from = 0; }}>
        ${['', 'unread:', 'draft:'].map((value) => html`<option value=${value} ?selected=${value === this.filter}>${t(`inbox.filter.${value.slice(0, -1) || 'all'}`)}</option>`)}
        ${networks.length > 1 ? networks.map((one) => html`<option value=${`network:${one}`} ?selected=${this.filter === `network:${one}`}>${word('network', one)}</option>`) : nothing}
        ${labels.map((one) => html`<option value=${`label:${one}`} ?selected=${this.filter === `label:${one}`}># ${one}</option>`)}</select>
      <select aria-label=${t('inbox.sort')} @change=${(/** @type {any} */ event) => { this.sort = event.target.value; this.from = 0; }}>
        ${Object.keys(SORTS).map((value) => html`<option value=${value} ?selected=${value === this.sort}>${t(`inbox.sort.${value}`)}</option>`)}</select></div>`;
  }

  render() {
    const { offers } = store;
    const ids = new Set(offers.map((item) => store.offer(item)?.id));
    for (const id of this.rang.keys()) if (!ids.has(id)) this.rang.delete(id);
    const items = this.chosen;
    const [from, to] = this.range(items.length);
    return html`<div role="status" class="hidden">${offers.length ? t('offer.rings', { count: offers.length, name: nameOf(offers[0]) }) : ''}</div>
      ${offers.length ? html`<section class="offers"><h2>${t('offer.title')} <span class="quiet">${offers.length}</span></h2>
        <ul>${repeat(offers.slice(0, 20), (item) => item.id, (item, at) => this.offer(item, at === 0))}</ul></section>` : nothing}
      <div class="tabs" role="group" aria-label=${t('inbox.title')}>${this.tab('mine')}${this.tab('waiting')}${store.followed.length || this.list === 'followed' ? this.tab('followed') : nothing}</div>
      ${store[this.list].length > 6 || this.search || this.filter ? this.tools() : nothing}
      <div class="rows" @scroll=${this.scrolled}>
        ${items.length ? html`<ul>${repeat(items.slice(from, to), (item) => item.id, (item, at) => this.row(item, from + at, items.length))}</ul>`
    : html`<p class="quiet pad">${!store.loaded ? t('app.loading') : this.search || this.filter ? t('inbox.none-found') : t(`inbox.none-${this.list}`)}</p>`}</div>`;
  }
}
customElements.define('lc-inbox', Inbox);
