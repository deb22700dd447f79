import { call, Problem } from '../api.js';
import { t, weekday, word } from '../i18n.js';
import { nameOf } from '../notify.js';
import { Part, html, nothing, repeat } from '../part.js';
import { store } from '../store.js';
import { unsent } from './unsent.js';
import './message.js';
import './composer.js';
import './actions.js';
import './first.js';

/** Kinds of events that carry a whole message. */
const WHOLE = ['message-received', 'message-accepted'];
/** How often the hub hears that somebody still looks: it forgets them after 15 s. */
const LOOKING = 10_000;

/** What was said in an interaction, and what can be done with it. */
class Conversation extends Part {
  static properties = {
    interaction: {}, item: { state: true }, messages: { state: true }, next: { state: true },
    problem: { state: true }, gone: { state: true }, replyTo: { state: true }, news: { state: true },
  };

  constructor() {
    super();
    this.interaction = '';
    /** @type {any} */
    this.item = undefined;
    /** Oldest first. @type {any[]} */
    this.messages = [];
    /** The cursor of what was said earlier. @type {string | undefined} */
    this.next = undefined;
    this.problem = '';
    /** Whether the person may see it no more. */
    this.gone = false;
    /** What is answered, and how. @type {{message: any, privately: boolean} | undefined} */
    this.replyTo = undefined;
    /** How much was said below what is on the screen. */
    this.news = 0;
    this.typing = false;
    this.heard = (/** @type {Event} */ event) => this.hear(/** @type {CustomEvent} */ (event).detail);
    this.anew = () => this.load();
    this.shown = () => { if (!document.hidden) void this.seen(); };
  }

  connectedCallback() {
    super.connectedCallback();
    store.addEventListener('event', this.heard);
    store.addEventListener('back', this.anew);
    document.addEventListener('visibilitychange', this.shown);
    this.looking = setInterval(() => this.look(), LOOKING);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    store.removeEventListener('event', this.heard);
    store.removeEventListener('back', this.anew);
    document.removeEventListener('visibilitychange', this.shown);
    clearTimeout(this.soon);
    clearInterval(this.looking);
    this.lookAway(this.interaction);
    store.opened = undefined;
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (!changed.has('interaction')) return;
    this.lookAway(/** @type {string} */ (changed.get('interaction')));
    this.item = undefined;
    this.messages = [];
    this.replyTo = undefined;
    this.problem = '';
    this.gone = false;
    this.news = 0;
    this.typing = false;
    store.opened = undefined;
    this.load();
    this.look();
  }

  /** Colleagues see who looks, and who writes. */
  look() {
    if (!this.interaction || this.gone || document.hidden || !store.me) return;
    call('PUT', `interactions/${this.interaction}/viewing`, { typing: this.typing }).catch(() => {});
  }

  /** @param {string | undefined} id */
  lookAway(id) {
    if (id && store.me) call('DELETE', `interactions/${id}/viewing`).catch(() => {});
  }

  /** @param {boolean} typing */
  writes(typing) {
    if (typing === this.typing) return;
    this.typing = typing;
    this.look();
  }

  async load() {
    const id = this.interaction;
    if (!id) return;
    try {
      const [item, page] = await Promise.all([
        call('GET', `interactions/${id}`),
        call('GET', `interactions/${id}/messages?limit=100`),
      ]);
      // Another one may have been opened meanwhile.
      if (id !== this.interaction) return;
      this.item = item;
      store.opened = item;
      if (item.viewers) store.viewers.set(id, item.viewers);
      const fresh = page.items.toReversed();
      const older = this.messages.filter((one) => fresh.length && one.id < fresh[0].id);
      if (!older.length) this.next = page.next;
      // What did not change keeps its object, so that it is not drawn again.
      const known = new Map(this.messages.map((one) => [one.id, one]));
      const same = (/** @type {any} */ one) => {
        const before = known.get(one.id);
        return before && JSON.stringify(before) === JSON.stringify(one) ? before : one;
      };
      this.messages = [...older, ...fresh.map(same)];
      this.problem = '';
      this.gone = false;
      store.changed();
      this.seen();
    } catch (error) {
      if (id !== this.interaction) return;
      this.gone = error instanceof Problem && (error.status === 403 || error.status === 404);
      this.problem = error instanceof Error ? error.message : String(error);
    }
  }

  async earlier() {
    /** @type {any} */
    const page = await store.attempt(() => call('GET', `interactions/${this.interaction}/messages?limit=100&before=${encodeURIComponent(this.next || '')}`));
    if (!page) return;
    const log = this.querySelector('.log');
    const below = log ? log.scrollHeight - log.scrollTop : 0;
    this.next = page.next;
    this.messages = [...page.items.toReversed(), ...this.messages];
    await this.updateComplete;
    if (log) log.scrollTop = log.scrollHeight - below;
  }

  /** @param {{event: any, about?: string}} detail */
  hear({ event, about }) {
    if (about !== this.interaction) return;
    // What it is now counts at once: what is over takes no answer any more, not even until it is read again.
    if (this.item && (event.interaction || event.kind === 'interaction-ended')) {
      this.item = { ...this.item, ...event.interaction || { state: 'ended' }, capabilities: this.item.capabilities, pending_on_thread: this.item.pending_on_thread };
    }
    const message = event.data;
    if (WHOLE.includes(event.kind) && message?.content) {
      const others = this.messages.filter((one) => one.id !== message.id);
      this.messages = [...others, message];
    }
    // The rest is read from the hub, once for all that happens at a time.
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.load(), 80);
  }

  /** Tells the hub what the agent has before their eyes, if it is theirs. */
  async seen() {
    const last = this.messages.at(-1);
    const item = store.items.get(this.interaction);
    if (!last || !item?.unread || !store.isMine(item) || document.hidden || !this.atEnd()) return;
    try {
      await call('PUT', `interactions/${this.interaction}/read`, { message: last.id });
    } catch {
      // It stays unread, which is no harm.
    }
  }

  atEnd() {
    const log = this.querySelector('.log');
    return !log || log.scrollHeight - log.scrollTop - log.clientHeight < 60;
  }

  scrolled() {
    this.wasAtEnd = this.atEnd();
    if (this.wasAtEnd && this.news) {
      this.news = 0;
      void this.seen();
    }
  }

  toEnd() {
    const log = this.querySelector('.log');
    if (log) log.scrollTop = log.scrollHeight;
  }

  /** Nobody who reads further up is taken away from there. @param {Map<string, unknown>} changed */
  updated(changed) {
    if (!changed.has('messages') || !this.messages.length) return;
    const last = this.messages.at(-1);
    const first = this.of !== this.interaction;
    if (!first && last.id === this.shownLast) return;
    const ours = last.author.kind === 'agent' && last.author.agent === store.me;
    if (first || ours || this.wasAtEnd !== false) {
      // The messages draw themselves first.
      requestAnimationFrame(() => this.toEnd());
      this.wasAtEnd = true;
    } else {
      this.news += 1;
    }
    this.of = this.interaction;
    this.shownLast = last.id;
  }

  /** How deep an answer stands in the tree of a public conversation. @param {any} message @param {Map<string, any>} byId */
  depth(message, byId) {
    let depth = 0;
    for (let at = byId.get(message.reply_to); at && depth < 4; at = byId.get(at.reply_to)) depth += 1;
    return depth;
  }

  /** Each public message with its answers below it. @param {Map<string, any>} byId @returns {any[]} */
  ordered(byId) {
    if (this.item?.visibility !== 'public') return this.messages;
    const below = Map.groupBy(this.messages, (one) => (byId.has(one.reply_to) ? one.reply_to : ''));
    /** @type {any[]} */
    const all = [];
    const add = (/** @type {string} */ id) => {
      for (const one of below.get(id) || []) {
        all.push(one);
        add(one.id);
      }
    };
    add('');
    return all;
  }

  /** @param {any} item @param {any} message */
  who(item, message) {
    const { author, posted_by: by } = message;
    if (author.kind === 'contact') {
      const people = [item.customer, ...item.participants || []].filter(Boolean);
      const person = people.find((/** @type {any} */ one) => one.contact === message.contact && one.own_contact) || (message.contact === item.contact ? item.customer : undefined);
      return by?.profile?.display_name || by?.profile?.handle || person?.display_name || person?.handle || nameOf(item);
    }
    if (author.kind === 'agent') return author.agent === store.me ? store.agent?.name || author.agent : author.agent;
    return author.kind === 'rule' ? t('message.rule', { rule: author.rule }) : t('message.native');
  }

  /** @param {any} item */
  others(item) {
    const all = (store.viewers.get(item.id) || []).filter((one) => one.agent !== store.me);
    if (!all.length) return nothing;
    const writes = all.filter((one) => one.typing).map((one) => one.agent);
    return html`<p class="others" role="status">${writes.length ? html`<strong>${t('conversation.writes', { names: writes.join(', ') })}</strong>`
      : t('conversation.looks', { names: all.map((one) => one.agent).join(', ') })}</p>`;
  }

  /** What is left for somebody who may no longer see it: their own words. */
  lost() {
    const text = unsent.read(this.interaction)?.text;
    return html`<div class="empty" role="alert"><p>${t('conversation.gone')}</p><p class="quiet">${this.problem}</p>
      ${text ? html`<label>${t('conversation.kept')}<textarea rows="4" readonly .value=${text}></textarea></label>` : nothing}
      <p><a href="#">${t('conversation.back')}</a></p></div>`;
  }

  /** @param {any} message @param {any} item @param {Map<string, any>} byId @param {boolean} mine @param {string} actions */
  one(message, item, byId, mine, actions) {
    const tree = item.visibility === 'public';
    const side = message.author.kind === 'contact' ? 'theirs' : 'ours';
    return html`<lc-message class=${`${tree ? `tree deep-${this.depth(message, byId)}` : 'bubble'} ${side}`} data-id=${message.id}
      .message=${message} .who=${this.who(item, message)} .mine=${mine} .tree=${tree} .actions=${actions}
      @reply=${(/** @type {CustomEvent} */ event) => {
    this.replyTo = { message, privately: event.detail.privately };
    /** @type {HTMLElement|null} */ (this.querySelector('lc-composer textarea'))?.focus();
  }}></lc-message>`;
  }

  render() {
    if (this.gone) return this.lost();
    if (this.problem && !this.item) return html`<p class="empty" role="alert">${this.problem}</p>`;
    if (!this.item) return html`<p class="empty" role="status">${t('app.loading')}</p>`;
    const live = store.items.get(this.interaction);
    const item = { ...this.item, ...live, capabilities: this.item.capabilities, pending_on_thread: this.item.pending_on_thread };
    const name = nameOf(item);
    const mine = store.isMine(item) && item.state !== 'ended';
    const talks = mine && item.agent === store.me && (item.state === 'connected' || item.state === 'held');
    const byId = new Map(this.messages.map((one) => [one.id, one]));
    const actions = (item.capabilities?.actions || []).filter((/** @type {any} */ one) => one.open).map((/** @type {any} */ one) => one.kind).join(' ');
    const tree = item.visibility === 'public';
    let before = '';
    return html`
      <div class="head"><a class="back" href="#" aria-label=${t('conversation.back')}>‹</a>
        <div class="grow"><h2 class="line"><bdi>${name}</bdi></h2>
          <p class="quiet line"><i class="net ${item.network || ''}"></i>${word('network', item.network || item.channel)} · ${t(`visibility.${item.visibility}`)}${item.state === 'connected' ? nothing : ` · ${word('state', item.state)}`}</p></div>
        <button class="side-toggle" @click=${() => this.dispatchEvent(new Event('side'))}>${t('contact.title')}</button>
        <lc-actions .item=${item}></lc-actions></div>
      ${this.others(item)}
      ${(item.pending_on_thread || []).map((/** @type {any} */ one) => html`<p class="others">${t('conversation.pending', { queue: one.queue, count: one.inbound_count })}
        <a href="#/interactions/${one.interaction}">${t('conversation.open')}</a></p>`)}
      <div class="log" tabindex="0" role="log" aria-label=${t('conversation.title', { name })} @scroll=${this.scrolled}>
        ${this.next ? html`<button class="center" @click=${this.earlier}>${t('conversation.earlier')}</button>` : nothing}
        ${(item.thread_context || []).toReversed().map((/** @type {any} */ message) => html`<lc-message class="context" .message=${message} .who=${this.who(item, message)} .tree=${tree}></lc-message>`)}
        ${repeat(this.ordered(byId), (one) => one.id, (one) => {
    const day = one.at.slice(0, 10);
    const line = !tree && day !== before ? html`<p class="day"><span>${weekday(one.at)}</span></p>` : nothing;
    before = day;
    return html`${line}${this.one(one, item, byId, mine, actions)}`;
  })}
      </div>
      ${this.news ? html`<button class="news" @click=${() => this.toEnd()}>${t('conversation.news', { count: this.news })}</button>` : nothing}
      ${talks ? html`<lc-composer .item=${item} .replyTo=${this.replyTo} .messages=${this.messages}
        @no-reply=${() => { this.replyTo = undefined; }} @writes=${(/** @type {CustomEvent} */ event) => this.writes(event.detail)}></lc-composer>`
    : html`<div class="read-only"><p class="quiet">${t(mine ? `conversation.not-now.${item.state}` : item.state === 'ended' ? 'conversation.ended' : 'conversation.read-only')}</p>
      ${item.state === 'ended' && item.visibility === 'private' && store.me && store.may('begin') ? html`<lc-first .item=${item}></lc-first>` : nothing}</div>`}`;
  }
}
customElements.define('lc-conversation', Conversation);
