import { call, part } from '../../api.js';
import { lasting, t, time, word } from '../../i18n.js';
import { Part, html, nothing } from '../../part.js';
import { store } from '../../store.js';
import { floor } from './floor.js';
import { nameOf } from './why.js';

/** How many of the last messages are shown. */
const SHOWN = 12;
/** How much of each, in characters: the conversation itself has the rest. */
const LONGEST = 2_000;

/** One interaction as a supervisor looks at it: what was said, why it waits, and what can be done about it. */
class Case extends Part {
  static properties = { item: {}, targets: { state: true }, messages: { state: true } };

  constructor() {
    super();
    /** @type {any} */
    this.item = undefined;
    /** @type {any} */
    this.targets = undefined;
    /** @type {any[] | undefined} */
    this.messages = undefined;
    this.heard = (/** @type {Event} */ event) => {
      if (/** @type {CustomEvent} */ (event).detail.about !== this.item?.id) return;
      clearTimeout(this.soon);
      this.soon = setTimeout(() => this.read(), 200);
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

  /** @param {Map<string, any>} changed */
  willUpdate(changed) {
    if (!changed.has('item') || changed.get('item')?.id === this.item.id) return;
    this.targets = undefined;
    this.messages = undefined;
    void this.read();
  }

  async read() {
    const { id } = this.item;
    const page = await store.attempt(() => call('GET', `interactions/${part(id)}/messages?limit=${SHOWN}`));
    if (id === this.item.id && page) this.messages = page.items.toReversed();
  }

  /** @param {string} what @param {unknown} [body] */
  async step(what, body = {}) {
    const done = await store.attempt(() => call('POST', `interactions/${part(this.item.id)}/${what}`, body));
    void floor.figures();
    return done;
  }

  /** @param {'take-over' | 'monitor'} what */
  async join(what) {
    const { id } = this.item;
    // Whoever is offline can have nothing: they come as not ready, so that nothing else is offered to them.
    const [reason] = store.agent?.not_ready_reasons || [];
    if (store.agent?.presence.state === 'offline' && reason) {
      await store.attempt(() => call('PUT', 'agents/me/presence', { state: 'not-ready', reason }));
      if (store.notice) return;
    }
    if (await this.step(what)) location.hash = `#/interactions/${id}`;
  }

  async choose() {
    this.targets = this.targets ? undefined
      : await store.attempt(() => call('GET', `interactions/${part(this.item.id)}/transfer-targets`));
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector('select[name=to]'))?.focus();
  }

  /** @param {SubmitEvent} event */
  async give(event) {
    event.preventDefault();
    const [kind, id] = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get('to')).split(/:(.*)/s);
    if (await this.step('transfer', { [kind]: id })) this.targets = undefined;
  }

  form() {
    if (!this.targets) return nothing;
    const agents = this.targets.agents.toSorted((/** @type {any} */ one, /** @type {any} */ other) => Number(other.available) - Number(one.available));
    return html`<form class="line-form" @submit=${this.give}><label>${t('actions.to')}
      <select name="to" required>
        <optgroup label=${t('supervisor.agents')}>${agents.map((/** @type {any} */ one) => html`<option value="agent:${one.agent}">${one.name || one.agent} – ${one.available ? t('supervisor.free') : one.presence.reason || t(`presence.${one.presence.state}`)}, ${t('supervisor.in-hand', { count: one.in_hand })}</option>`)}</optgroup>
        <optgroup label=${t('supervisor.queues')}>${this.targets.queues.map((/** @type {any} */ one) => html`<option value="queue:${one.queue}">${one.name || one.queue} – ${t('supervisor.waiting-count', { count: one.waiting })}${one.estimated_wait_seconds === undefined ? '' : `, ≈ ${lasting(one.estimated_wait_seconds * 1000)}`}</option>`)}</optgroup>
      </select></label><button class="main">${t('supervisor.reassign')}</button></form>`;
  }

  render() {
    const { item } = this;
    const queued = item.state === 'queued';
    const name = item.customer?.display_name || item.customer?.handle || t('contact.unknown');
    const has = ['connected', 'held', 'parked', 'offered'].includes(item.state);
    const observes = (item.legs || []).some((/** @type {any} */ leg) => leg.agent === store.me);
    return html`<header><h2><bdi>${name}</bdi></h2><a class="quiet" href="#/interactions/${item.id}">${t('supervisor.open')}</a>
        <button class="plain close" @click=${() => this.dispatchEvent(new Event('close', { bubbles: true }))}>${t('supervisor.close')}</button></header>
      <p class="quiet">${item.network || item.channel} · ${t(`visibility.${item.visibility}`)} · ${item.queue} · ${word('state', item.state)}${item.agent ? ` · ${nameOf(item.agent)}` : ''}</p>
      ${store.may('lead') ? html`<div class="buttons">
        ${store.me && has && item.agent !== store.me ? html`<button class="main" @click=${() => this.join('take-over')}>${t('supervisor.take-over')}</button>` : nothing}
        ${store.me && has && !observes ? html`<button @click=${() => this.join('monitor')}>${t('supervisor.monitor')}</button>` : nothing}
        <button aria-expanded=${Boolean(this.targets)} @click=${this.choose}>${t('supervisor.reassign')}</button>
        ${queued ? html`<button @click=${() => this.step('prioritize', { priority: item.priority + 10 })}>${t('supervisor.sooner')}</button>
          <button @click=${() => this.step('prioritize', { priority: item.priority - 10 })}>${t('supervisor.later')}</button>` : nothing}
      </div>` : nothing}
      ${this.form()}
      ${queued ? html`<h3>${t('supervisor.why-waits')}</h3><lc-why .of=${item.id}></lc-why>` : nothing}
      <h3>${t('supervisor.said')}</h3>
      ${this.messages ? html`<ol class="said">${this.messages.map((one) => html`<li class=${one.author.kind === 'contact' ? 'theirs' : 'ours'}>
        <span class="quiet">${one.author.kind === 'contact' ? html`<bdi>${name}</bdi>` : one.author.agent ? nameOf(one.author.agent) : one.author.rule || t('message.native')} · <time>${time(one.at)}</time></span>
        <span class="text" dir="auto">${one.deleted_at ? t('message.deleted') : one.content.text?.slice(0, LONGEST) || t('supervisor.no-text')}</span></li>`)}</ol>`
    : html`<p class="quiet" role="status">${t('app.loading')}</p>`}`;
  }
}
customElements.define('lc-case', Case);
