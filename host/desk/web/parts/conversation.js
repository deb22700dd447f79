import { call } from '../api.js';
import { t } from '../i18n.js';
import { Part, html, nothing, repeat } from '../part.js';
import { store } from '../store.js';
import './message.js';
import './composer.js';
import './actions.js';

/** Kinds of events that carry a whole message. */
const WHOLE = ['message-received', 'message-accepted'];

/** What was said in an interaction, and what can be done with it. */
class Conversation extends Part {
  static properties = {
    interaction: {}, item: { state: true }, messages: { state: true }, next: { state: true },
    problem: { state: true }, replyTo: { state: true },
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
    /** @type {any} */
    this.replyTo = undefined;
    this.heard = (/** @type {Event} */ event) => this.hear(/** @type {CustomEvent} */ (event).detail);
    this.anew = () => this.load();
  }

  connectedCallback() {
    super.connectedCallback();
    store.addEventListener('event', this.heard);
    store.addEventListener('back', this.anew);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    store.removeEventListener('event', this.heard);
    store.removeEventListener('back', this.anew);
    clearTimeout(this.soon);
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (!changed.has('interaction')) return;
    this.item = undefined;
    this.messages = [];
    this.replyTo = undefined;
    this.load();
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
      const fresh = page.items.toReversed();
      const older = this.messages.filter((one) => fresh.length && one.id < fresh[0].id);
      if (!older.length) this.next = page.next;
      this.messages = [...older, ...fresh];
      this.problem = '';
      this.seen();
    } catch (error) {
      if (id === this.interaction) this.problem = error instanceof Error ? error.message : String(error);
    }
  }

  async earlier() {
    /** @type {any} */
    const page = await store.attempt(() => call('GET', `interactions/${this.interaction}/messages?limit=100&before=${encodeURIComponent(this.next || '')}`));
    if (!page) return;
    this.next = page.next;
    this.messages = [...page.items.toReversed(), ...this.messages];
  }

  /** @param {{event: any, about?: string}} detail */
  hear({ event, about }) {
    if (about !== this.interaction) return;
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
    if (!last || !item?.unread || !store.isMine(item) || document.hidden) return;
    try {
      await call('PUT', `interactions/${this.interaction}/read`, { message: last.id });
    } catch {
      // It stays unread, which is no harm.
    }
  }

  /** @param {Map<string, unknown>} changed */
  updated(changed) {
    const log = this.querySelector('.log');
    if (!changed.has('messages') || !log) return;
    const last = this.messages.at(-1)?.id;
    if (last !== this.shownLast) log.scrollTop = log.scrollHeight;
    this.shownLast = last;
  }

  /** How deep an answer stands in the tree of a public conversation. @param {any} message */
  depth(message) {
    let depth = 0;
    const byId = new Map(this.messages.map((one) => [one.id, one]));
    for (let at = byId.get(message.reply_to); at && depth < 4; at = byId.get(at.reply_to)) depth += 1;
    return depth;
  }

  /** Each public message with its answers below it. @returns {any[]} */
  ordered() {
    if (this.item?.visibility !== 'public') return this.messages;
    const byId = new Map(this.messages.map((one) => [one.id, one]));
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

  render() {
    if (this.problem && !this.item) return html`<p class="empty" role="alert">${this.problem}</p>`;
    if (!this.item) return html`<p class="empty" role="status">${t('app.loading')}</p>`;
    const item = { ...this.item, ...store.items.get(this.interaction), capabilities: this.item.capabilities };
    const tree = item.visibility === 'public';
    const name = item.customer?.display_name || item.customer?.handle || t('contact.unknown');
    const mine = store.isMine(item);
    return html`
      <div class="head"><a class="back" href="#">${t('conversation.back')}</a>
        <h2 dir="auto">${name}</h2><span class="quiet">${item.network || item.channel} · ${t(`visibility.${item.visibility}`)}</span></div>
      ${mine ? html`<lc-actions .item=${item}></lc-actions>` : html`<p class="quiet pad">${t('conversation.read-only')}</p>`}
      <div class="log" tabindex="0" role="log" aria-label=${t('conversation.title', { name })}>
        ${this.next ? html`<button @click=${this.earlier}>${t('conversation.earlier')}</button>` : nothing}
        ${(item.thread_context || []).map((/** @type {any} */ message) => html`<lc-message class="context" .message=${message}></lc-message>`)}
        ${repeat(this.ordered(), (one) => one.id, (one) => html`<lc-message
          class=${`${tree ? `tree deep-${this.depth(one)}` : 'bubble'} ${one.author.kind === 'contact' ? 'theirs' : 'ours'}`}
          .message=${one} .customer=${name} .mine=${mine}
          @reply=${() => { this.replyTo = one; /** @type {HTMLElement|null} */ (this.querySelector('textarea'))?.focus(); }}></lc-message>`)}
      </div>
      ${mine && item.state !== 'wrap-up' ? html`<lc-composer .item=${item} .replyTo=${this.replyTo}
        @no-reply=${() => { this.replyTo = undefined; }}></lc-composer>` : nothing}`;
  }
}
customElements.define('lc-conversation', Conversation);
