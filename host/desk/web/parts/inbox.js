import { call } from '../api.js';
import { lasting, t, word } from '../i18n.js';
import { Ticking, html, nothing, repeat, svg } from '../part.js';
import { store } from '../store.js';

/** What rings, what is the agent's, and what waits in their queues. */
class Inbox extends Ticking {
  static properties = { open: {} };

  constructor() {
    super();
    this.open = '';
    /** When each offer was first seen, for its ring. @type {Map<string, number>} */
    this.rang = new Map();
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

  /** @param {any} item */
  name(item) {
    return item.customer?.display_name || item.customer?.handle || t('contact.unknown');
  }

  /** @param {any} item @param {boolean} first */
  offer(item, first) {
    const offer = store.offer(item);
    if (!offer) return nothing;
    const left = Math.max(0, new Date(offer.deadline).getTime() - Date.now());
    const whole = this.rang.get(offer.id) ?? Math.max(left, 1);
    this.rang.set(offer.id, whole);
    return html`<li class="offer">
      <svg class="ring" viewBox="0 0 36 36" role="img" aria-label=${t('offer.left', { time: lasting(left) })}>
        ${svg`<circle cx="18" cy="18" r="15.9"></circle>
        <circle class="left" cx="18" cy="18" r="15.9" pathLength="100" stroke-dasharray="${Math.round((left / whole) * 100)} 100"></circle>
        <text x="18" y="22" text-anchor="middle">${Math.ceil(left / 1000)}</text>`}</svg>
      <div class="grow"><strong dir="auto">${this.name(item)}</strong>
        <span class="quiet">${item.network || item.channel} · ${item.queue}</span>
        <span class="line" dir="auto">${item.last_message?.text || nothing}</span>
        <span class="buttons">
          <button class="main" data-key=${first ? 'KeyA' : nothing} aria-keyshortcuts=${first ? 'Alt+A' : nothing}
            @click=${() => this.accept(offer, item.id)}>${t('offer.accept')}</button>
          <button data-key=${first ? 'KeyX' : nothing} aria-keyshortcuts=${first ? 'Alt+X' : nothing}
            @click=${() => this.decline(offer)}>${t('offer.decline')}</button></span></div></li>`;
  }

  /** @param {any} item */
  row(item) {
    const now = Date.now();
    const waits = item.waiting_since && now - new Date(item.waiting_since).getTime();
    const window = item.reply_until && new Date(item.reply_until).getTime() - now;
    const queued = item.state === 'queued';
    return html`<li class=${item.id === this.open ? 'row here' : 'row'}>
      <a href="#/interactions/${item.id}" aria-current=${item.id === this.open ? 'true' : nothing}>
        <span class="first"><strong dir="auto">${this.name(item)}</strong>
          ${item.unread ? html`<span class="count" title=${t('inbox.unread', { count: item.unread })}>${item.unread}<span class="hidden"> ${t('inbox.new')}</span></span>` : nothing}
          <span class="grow"></span>
          ${waits ? html`<time title=${t('inbox.waits')}>${lasting(waits)}</time>` : nothing}</span>
        <span class="quiet">${item.network || item.channel} · ${queued ? item.queue : word('state', item.state)}${window !== undefined && window < 86_400_000
  ? html` · <span class=${window < 3_600_000 ? 'soon' : ''}>${window > 0 ? t('inbox.window', { time: lasting(window) }) : t('inbox.closed')}</span>` : nothing}</span>
        <span class="line" dir="auto">${item.draft_saved_at ? html`<em>${t('inbox.draft')}</em> ` : nothing}${item.last_message?.deleted ? t('message.deleted') : item.last_message?.text || nothing}</span>
      </a>
      ${queued ? html`<button @click=${() => this.pickUp(item.id)}>${t('inbox.pick-up')}<span class="hidden"> ${this.name(item)}</span></button>` : nothing}</li>`;
  }

  /** @param {string} title @param {any[]} items @param {string} none */
  list(title, items, none) {
    return html`<h2>${title} <span class="quiet">${items.length}</span></h2>
      ${items.length ? html`<ul>${repeat(items.slice(0, 200), (item) => item.id, (item) => this.row(item))}</ul>
        ${items.length > 200 ? html`<p class="quiet">${t('inbox.more', { count: items.length - 200 })}</p>` : nothing}`
    : html`<p class="quiet">${store.loaded ? none : t('app.loading')}</p>`}`;
  }

  render() {
    const { offers } = store;
    const ids = new Set(offers.map((item) => store.offer(item)?.id));
    for (const id of this.rang.keys()) if (!ids.has(id)) this.rang.delete(id);
    return html`<div role="status" class="hidden">${offers.length ? t('offer.rings', { count: offers.length, name: this.name(offers[0]) }) : ''}</div>
      ${offers.length ? html`<h2>${t('offer.title')}</h2>
        <ul>${repeat(offers, (item) => item.id, (item, at) => this.offer(item, at === 0))}</ul>` : nothing}
      ${this.list(t('inbox.mine'), store.mine, t('inbox.none-mine'))}
      ${this.list(t('inbox.waiting'), store.waiting, t('inbox.none-waiting'))}`;
  }
}
customElements.define('lc-inbox', Inbox);
