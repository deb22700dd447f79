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
    /** The interaction that is open, as the hub gave it alone. @type {Interaction} */
    this.opened = undefined;
    /** Who looks at what. @type {Map<string, any[]>} */
    this.viewers = new Map();
    /** @type {Map<string, Interaction | undefined> | undefined} */
    this.meanwhile = undefined;
    /** Lists that were made since an interaction changed. @type {Map<string, Interaction[]>} */
    this.lists = new Map();
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
    this.lists.clear();
    this.viewers.clear();
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

  /** Those of a kind, who waits longest first: made once for all who ask. @param {string} name @param {(item: Interaction) => any} which */
  list(name, which) {
    const known = this.lists.get(name);
    if (known) return known;
    const keyed = [...this.items.values()].filter(which).map((item) => ({ item, key: `${item.waiting_since || '9'} ${item.id}` }));
    keyed.sort((one, other) => (one.key < other.key ? -1 : 1));
    const list = keyed.map(({ item }) => item);
    this.lists.set(name, list);
    return list;
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
      this.viewers.set(data.interaction, data.viewers);
      return void this.changed();
    }
    // Queues, reasons, labels and what the person may see can be others now.
    if (event.kind === 'site-configured') void this.afresh();
    if (event.kind === 'contact-saved') this.named(data);
    if (item || event.kind === 'interaction-ended') this.lists.clear();
    if (item) {
      const before = this.items.get(item.id);
      const stays = item.state !== 'ended' && (item.state === 'queued' || this.offer(item) || this.isMine(item)
        || (item.followers || []).includes(this.me));
      if (stays) this.items.set(item.id, { ...item, customer: item.customer || before?.customer });
      else {
        this.items.delete(item.id);
        this.viewers.delete(item.id);
      }
      this.meanwhile?.set(item.id, this.items.get(item.id));
    } else if (event.kind === 'interaction-ended') {
      this.items.delete(data.interaction);
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
      this.items.set(id, { ...item, customer, participants });
      this.lists.clear();
    }
  }

  /** Who the person is, and what they may do, may have changed. */
  async afresh() {
    try {
      this.session = { ...this.session, ...await call('GET', 'session') };
      await this.reload();
      this.dispatchEvent(new Event('back'));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
    }
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
