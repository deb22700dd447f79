// What the desk shows: the inbox as the hub gave it, kept up to date by events.

import { call, Problem } from './api.js';
import { Stream } from './stream.js';

/** @typedef {any} Interaction as the API describes it */

export class Store extends EventTarget {
  constructor() {
    super();
    /** @type {any} */
    this.session = undefined;
    /** @type {any} */
    this.agent = undefined;
    /** @type {Map<string, Interaction>} */
    this.items = new Map();
    this.online = true;
    this.loaded = false;
    /** @type {Stream | undefined} */
    this.stream = undefined;
    this.notice = '';
  }

  changed() {
    this.dispatchEvent(new Event('change'));
  }

  /** @param {any} session */
  async begin(session) {
    this.session = session;
    this.stream = new Stream(
      session.name,
      (event) => this.happened(event),
      (state) => {
        if (state === 'stale') return void this.reload();
        const back = state === 'online' && !this.online;
        this.online = state === 'online';
        if (back) this.dispatchEvent(new Event('back'));
        this.changed();
      },
    );
    const seq = await this.reload();
    this.stream?.start(seq);
  }

  end() {
    this.stream?.stop();
    this.stream = undefined;
    this.session = undefined;
    this.agent = undefined;
    this.items.clear();
    this.loaded = false;
    this.changed();
  }

  /** Reads all anew. @returns {Promise<number>} the number of the last event in it */
  async reload() {
    const [agent, first] = await Promise.all([
      this.session.agent ? call('GET', 'agents/me') : undefined,
      call('GET', 'inbox?limit=200'),
    ]);
    const items = [...first.items];
    for (let next = first.next; next;) {
      const page = await call('GET', `inbox?limit=200&after=${encodeURIComponent(next)}`);
      items.push(...page.items);
      next = page.next;
    }
    this.agent = agent;
    this.items = new Map(items.map((item) => [item.id, item]));
    this.loaded = true;
    if (this.stream) this.stream.seq = first.seq;
    this.changed();
    return first.seq;
  }

  get me() {
    return this.session?.agent;
  }

  /** Whether this person has a right. @param {string} right */
  may(right) {
    return Boolean(this.session?.rights?.includes(right));
  }

  /** The offer under which an interaction alerts at this person. @param {Interaction} item */
  offer(item) {
    if (item.state === 'offered' && item.agent === this.me) return { id: item.offer, deadline: item.deadline };
    const leg = (item.legs || []).find((/** @type {any} */ one) => one.agent === this.me && one.offer);
    return leg && { id: leg.offer, deadline: leg.deadline };
  }

  /** @param {Interaction} item */
  isMine(item) {
    if (item.state === 'ended' || this.offer(item)) return false;
    const has = item.agent === this.me && item.state !== 'offered' && item.state !== 'queued';
    return has || (item.legs || []).some((/** @type {any} */ leg) => leg.agent === this.me);
  }

  /** @param {(item: Interaction) => any} which @returns {Interaction[]} */
  list(which) {
    const since = (/** @type {Interaction} */ item) => item.waiting_since || '9';
    return [...this.items.values()].filter(which)
      .sort((one, other) => since(one).localeCompare(since(other)) || one.id.localeCompare(other.id));
  }

  get offers() { return this.list((item) => this.offer(item)); }
  get mine() { return this.list((item) => this.isMine(item)); }
  get waiting() { return this.list((item) => item.state === 'queued'); }

  /** @param {any} event */
  happened(event) {
    const item = event.interaction;
    const data = event.data || {};
    if (item) {
      const before = this.items.get(item.id);
      const stays = item.state !== 'ended' && (item.state === 'queued' || this.offer(item) || this.isMine(item)
        || (item.followers || []).includes(this.me));
      if (stays) this.items.set(item.id, { ...item, customer: item.customer || before?.customer });
      else this.items.delete(item.id);
    } else if (event.kind === 'interaction-ended') {
      this.items.delete(data.interaction);
    }
    if (event.kind === 'presence-changed' && data.agent === this.me && this.agent) {
      this.agent = { ...this.agent, presence: data.presence };
    }
    const about = item?.id || (typeof data.interaction === 'string' ? data.interaction : undefined);
    this.dispatchEvent(new CustomEvent('event', { detail: { event, about } }));
    this.changed();
  }

  /** Does something and says so if it is refused. @template T @param {() => Promise<T>} what @returns {Promise<T | undefined>} */
  async attempt(what) {
    try {
      const done = await what();
      this.notice = '';
      return done;
    } catch (error) {
      this.notice = error instanceof Error ? error.message : String(error);
      if (!(error instanceof Problem)) console.error(error);
      return undefined;
    } finally {
      this.changed();
    }
  }
}

export const store = new Store();
