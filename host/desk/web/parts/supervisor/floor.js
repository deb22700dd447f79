// What a supervisor looks at: everything open, the queues, the agents and the channels. What happens comes by the
// one event stream; figures are asked for as often as they are worth.

import { call } from '../../api.js';
import { store } from '../../store.js';

/** How often figures are read while somebody looks, in milliseconds. */
const EVERY = 5_000;
/** How soon after something has happened. */
const SOON = 700;
/** Estimates and channels change slowly. */
const SLOWLY = 20_000;

/** States in which somebody has an interaction. */
const ACTIVE = ['connected', 'held'];

class Floor extends EventTarget {
  constructor() {
    super();
    /** @type {Map<string, any>} */
    this.items = new Map();
    /** @type {any[]} */
    this.queues = [];
    /** @type {any[]} */
    this.agents = [];
    /** @type {any[]} */
    this.channels = [];
    /** @type {any[]} */
    this.hours = [];
    /** Seconds that the newest in each queue would wait. @type {Map<string, number>} */
    this.estimates = new Map();
    /** @type {any} */
    this.census = undefined;
    /** @type {Map<string, {count: number, since: string}> | undefined} */
    this.counted = undefined;
    this.loaded = false;
    this.problem = '';
    this.watchers = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.soon = undefined;
    this.slow = 0;
    this.heard = (/** @type {Event} */ event) => this.happened(/** @type {CustomEvent} */ (event).detail.event);
    this.anew = () => void this.load();
  }

  /** Somebody looks. */
  watch() {
    this.watchers += 1;
    if (this.watchers > 1) return;
    store.addEventListener('event', this.heard);
    store.addEventListener('back', this.anew);
    this.clock = setInterval(() => { if (!document.hidden) void this.figures(); }, EVERY);
    void this.load();
  }

  leave() {
    this.watchers -= 1;
    if (this.watchers) return;
    store.removeEventListener('event', this.heard);
    store.removeEventListener('back', this.anew);
    clearInterval(this.clock);
    clearTimeout(this.soon);
  }

  changed() {
    this.counted = undefined;
    this.dispatchEvent(new Event('change'));
  }

  /** Reads everything anew. */
  async load() {
    this.slow = 0;
    try {
      /** @type {any[]} */
      const items = [];
      for (let next = ''; next !== undefined;) {
        const page = await call('GET', `inbox?scope=all&limit=200${next && `&after=${encodeURIComponent(next)}`}`);
        items.push(...page.items);
        next = page.next;
      }
      this.items = new Map(items.map((item) => [item.id, item]));
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
    }
    await this.figures();
  }

  async figures() {
    const slowly = Date.now() - this.slow > SLOWLY;
    try {
      const [stats, queues, agents, channels, hours] = await Promise.all([
        call('GET', 'stats'), call('GET', 'queues'), call('GET', 'agents'),
        slowly ? call('GET', 'channels') : this.channels,
        slowly ? call('GET', 'hours') : this.hours,
      ]);
      this.census = stats.census;
      this.queues = queues;
      this.agents = agents;
      this.channels = channels;
      this.hours = hours;
      this.problem = '';
      this.loaded = true;
      if (slowly) {
        this.slow = Date.now();
        await this.estimate();
      }
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
    }
    this.changed();
  }

  /** How long each queue would take is told with where an interaction could go. */
  async estimate() {
    const one = this.waiting[0] || [...this.items.values()].find((item) => item.state !== 'ended');
    if (!one) return void this.estimates.clear();
    try {
      const { queues } = await call('GET', `interactions/${one.id}/transfer-targets`);
      this.estimates = new Map(queues.filter((/** @type {any} */ queue) => queue.estimated_wait_seconds !== undefined)
        .map((/** @type {any} */ queue) => [queue.queue, queue.estimated_wait_seconds]));
    } catch {
      // It has ended meanwhile; the next time there is another.
    }
  }

  /** @param {any} event */
  happened(event) {
    const item = event.interaction;
    const data = event.data || {};
    if (item) {
      const before = this.items.get(item.id);
      if (item.state === 'ended') this.items.delete(item.id);
      else this.items.set(item.id, { ...item, customer: item.customer || before?.customer });
    } else if (event.kind === 'interaction-ended') {
      this.items.delete(data.interaction);
    }
    if (event.kind === 'presence-changed') {
      this.agents = this.agents.map((agent) => (agent.id === data.agent
        ? { ...agent, presence: data.presence, stats: agent.stats && { ...agent.stats, presence: data.presence, since: event.at } } : agent));
    }
    if (event.kind?.startsWith('channel')) this.slow = 0;
    // Once for all that happens at a time.
    this.soon ??= setTimeout(() => {
      this.soon = undefined;
      if (!document.hidden) void this.figures();
    }, SOON);
    this.changed();
  }

  get waiting() {
    return [...this.items.values()].filter((item) => item.state === 'queued');
  }

  /** How many wait in each queue and since when, counted once after each change. @returns {Map<string, {count: number, since: string}>} */
  get waits() {
    if (this.counted) return this.counted;
    this.counted = new Map();
    for (const item of this.waiting) {
      const since = item.waiting_since || item.created_at;
      const known = this.counted.get(item.queue);
      this.counted.set(item.queue, { count: (known?.count || 0) + 1, since: known && known.since < since ? known.since : since });
    }
    return this.counted;
  }

  /** A queue's figures over all kinds of work. @param {any} queue */
  figuresOf(queue) {
    /** @type {any[]} */
    const stats = queue.stats;
    const sum = (/** @type {(one: any) => number} */ of) => stats.reduce((all, one) => all + of(one), 0);
    // What waits is known to the moment: it comes with the events.
    const waits = this.waits.get(queue.id);
    const due = sum((one) => one.answered + one.abandoned - one.short_abandoned);
    const handled = sum((one) => one.handled);
    return {
      waiting: waits?.count || 0,
      longest: waits && Math.max(0, (Date.now() - Date.parse(waits.since)) / 1000),
      service: due > 0 ? sum((one) => one.answered_in_target) / due : undefined,
      answered: sum((one) => one.answered),
      handled,
      abandoned: sum((one) => one.abandoned),
      handle: handled ? sum((one) => (one.average_handle_seconds || 0) * one.handled) / handled : undefined,
      estimate: this.estimates.get(queue.id),
    };
  }

  /** How many of a kind somebody has now, and since when the longest. @param {string} media */
  active(media) {
    const now = [...this.items.values()].filter((item) => item.media_type === media && ACTIVE.includes(item.state));
    const since = now.map((item) => item.answered_at || item.created_at).sort();
    return { count: now.length, since: since[0] };
  }
}

export const floor = new Floor();
