// What the desk shows: the inbox as the hub gave it, kept up to date by events.

import { call, Problem } from './api.js';
import { Stream } from './stream.js';

/** @typedef {any} Interaction as the API describes it */

/** By what lists are ordered: who waits longest comes first. @param {Interaction} item */
const keyOf = (item) => `${item.waiting_since || '9'} ${item.id}`;

/** Where a key stands in an ordered list, or would stand. @param {Interaction[]} list @param {string} key */
function place(list, key) {
  let [from, to] = [0, list.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (keyOf(list[middle]) < key) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** How long is waited for more before it is read anew who the person is, in milliseconds. */
const SOON = 50;

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
    /** The interaction that is open, as the hub gave it alone. @type {Interaction} */
    this.opened = undefined;
    /** Colleagues' notes that name this person and were not seen yet, the newest first. @type {any[]} */
    this.mentions = [];
    /** The note that is to be brought into view. */
    this.goal = '';
    /** Who looks at what. @type {Map<string, any[]>} */
    this.viewers = new Map();
    /** @type {Map<string, Interaction | undefined> | undefined} */
    this.meanwhile = undefined;
    /** Lists that were asked for, each with what belongs into it: kept right as interactions change. @type {Map<string, {which: (item: Interaction) => any, list: Interaction[]}>} */
    this.lists = new Map();
    /** Whether it is about to be read anew who the person is, and whether all else is with it. */
    this.asks = false;
    this.again = false;
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
        if (state === 'stale') return void this.anew();
        const back = state === 'online' && !this.online;
        this.online = state === 'online';
        // What the person may do is told to those who listen: it may have changed meanwhile.
        if (back) void this.afresh(false);
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
    this.lists.clear();
    this.viewers.clear();
    this.mentions = [];
    this.opened = undefined;
    this.loaded = false;
    this.changed();
  }

  /** The hub does not know any more where the stream was: it begins anew. */
  async anew() {
    try {
      const seq = await this.reload();
      if (this.stream) this.stream.seq = seq;
      this.dispatchEvent(new Event('back'));
    } catch (error) {
      // The stream tries again, and is told again that it is too old.
      if (!(error instanceof Problem)) throw error;
    }
  }

  /** Reads all anew. @returns {Promise<number>} the number of the last event in it */
  async reload() {
    /** What happens meanwhile is newer than the pages. @type {Map<string, Interaction | undefined>} */
    const meanwhile = new Map();
    this.meanwhile = meanwhile;
    const [agent, first] = await Promise.all([
      this.session.agent ? call('GET', 'agents/me') : undefined,
      call('GET', 'inbox?limit=200'),
    ]);
    const items = [...first.items];
    this.agent = agent;
    // The first page is shown at once, where there is nothing yet.
    if (!this.loaded) {
      this.items = new Map(items.map((item) => [item.id, item]));
      this.lists.clear();
      this.changed();
    }
    for (let next = first.next; next;) {
      const page = await call('GET', `inbox?limit=200&after=${encodeURIComponent(next)}`);
      items.push(...page.items);
      next = page.next;
    }
    this.items = new Map(items.map((item) => [item.id, item]));
    for (const [id, item] of meanwhile) {
      if (item) this.items.set(id, item);
      else this.items.delete(id);
    }
    if (this.meanwhile === meanwhile) this.meanwhile = undefined;
    this.loaded = true;
    this.lists.clear();
    this.changed();
    return first.seq;
  }

  get me() {
    return this.session?.agent;
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

  /** Those of a kind, who waits longest first. Another array after each change. @param {string} name @param {(item: Interaction) => any} which */
  list(name, which) {
    const known = this.lists.get(name);
    if (known) return known.list;
    const keyed = [...this.items.values()].filter(which).map((item) => ({ item, key: keyOf(item) }));
    keyed.sort((one, other) => (one.key < other.key ? -1 : 1));
    const list = keyed.map(({ item }) => item);
    this.lists.set(name, { which, list });
    return list;
  }

  /** Puts one interaction in the place of what it was: thousands of others stay as they are. @param {string} id @param {Interaction | undefined} item */
  put(id, item) {
    const before = this.items.get(id);
    if (item) this.items.set(id, item);
    else this.items.delete(id);
    for (const made of this.lists.values()) {
      if (before && made.which(before)) {
        const at = place(made.list, keyOf(before));
        if (made.list[at]?.id === id) made.list = made.list.toSpliced(at, 1);
      }
      if (item && made.which(item)) made.list = made.list.toSpliced(place(made.list, keyOf(item)), 0, item);
    }
  }

  /** @returns {Interaction[]} */
  get offers() { return this.list('offers', (item) => this.offer(item)); }
  /** @returns {Interaction[]} */
  get mine() { return this.list('mine', (item) => this.isMine(item)); }
  /** @returns {Interaction[]} */
  get waiting() { return this.list('waiting', (item) => item.state === 'queued'); }
  /** What is somebody else's, and is followed. @returns {Interaction[]} */
  get followed() {
    return this.list('followed', (item) => item.state !== 'queued' && !this.offer(item) && !this.isMine(item)
      && (item.followers || []).includes(this.me));
  }

  /** Whether the person may do something beyond an agent's work. @param {string} right */
  may(right) { return (this.session?.rights || []).includes(right); }

  /** @param {any} event */
  happened(event) {
    const item = event.interaction;
    const data = event.data || {};
    if (event.kind === 'interaction-viewers') {
      if (data.viewers.length) this.viewers.set(data.interaction, data.viewers);
      else this.viewers.delete(data.interaction);
      return void this.changed();
    }
    // Queues, reasons, labels and what the person may see can be others now.
    if (event.kind === 'site-configured' || event.kind === 'access-changed') void this.afresh(true);
    if (event.kind === 'contact-saved') this.named(data);
    if (item) {
      const before = this.items.get(item.id);
      const stays = item.state !== 'ended' && (item.state === 'queued' || this.offer(item) || this.isMine(item)
        || (item.followers || []).includes(this.me));
      this.put(item.id, stays ? { ...item, customer: item.customer || before?.customer } : undefined);
      if (!stays) this.viewers.delete(item.id);
      this.meanwhile?.set(item.id, this.items.get(item.id));
    } else if (event.kind === 'interaction-ended') {
      this.put(data.interaction, undefined);
      this.meanwhile?.set(data.interaction, undefined);
    }
    if (event.kind === 'presence-changed' && data.agent === this.me && this.agent) {
      this.agent = { ...this.agent, presence: data.presence };
    }
    const about = item?.id || (typeof data.interaction === 'string' ? data.interaction : undefined);
    this.dispatchEvent(new CustomEvent('event', { detail: { event, about } }));
    this.changed();
  }

  /** What is known of a customer now, who may have come without a name. @param {any} contact */
  named(contact) {
    for (const [id, item] of this.items) {
      const know = (/** @type {any} */ person) => {
        if (person?.contact !== contact.id || !person.own_contact) return person;
        const profile = contact.identities?.find((/** @type {any} */ one) => one.channel === item.channel)?.profile;
        return { ...person, display_name: profile?.display_name || contact.display_name || person.display_name, handle: profile?.handle || person.handle };
      };
      const customer = item.customer ? know(item.customer) : item.contact === contact.id ? know({ contact: contact.id, own_contact: true }) : undefined;
      const participants = item.participants?.map(know);
      if (customer === item.customer && !participants?.some((/** @type {any} */ one, /** @type {number} */ at) => one !== item.participants[at])) continue;
      this.put(id, { ...item, customer, participants });
    }
  }

  /** Who the person is, and what they may do, may have changed. @param {boolean} all whether what is shown surely has */
  async afresh(all) {
    this.again ||= all;
    // Once for all that is told at a time.
    if (this.asks) return;
    this.asks = true;
    await new Promise((done) => setTimeout(done, SOON));
    this.asks = false;
    const anew = this.again;
    this.again = false;
    try {
      const session = await call('GET', 'session');
      if (!this.session) return;
      const same = JSON.stringify(session.rights) === JSON.stringify(this.session.rights);
      this.session = { ...this.session, ...session };
      if (anew || !same) await this.reload();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
    }
    this.dispatchEvent(new Event('back'));
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
