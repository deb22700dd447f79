// The site's configuration as the administrator's pages see it: read once for all of them, and anew after each change.

import { ask, call } from '../../api.js';
import { store } from '../../store.js';

class Site extends EventTarget {
  constructor() {
    super();
    /** @type {any} */
    this.config = undefined;
    this.etag = '';
    /** What serves, waits and cannot be used. @type {any} */
    this.plugins = {};
    /** @type {any[]} */
    this.responses = [];
    this.problem = '';
  }

  /** Reads everything that the caller may read. */
  async load() {
    try {
      const [plugins, site, responses] = await Promise.all([
        call('GET', 'plugins'),
        store.may('configure') ? ask('GET', 'site') : this.without(),
        store.may('texts') ? this.texts() : [],
      ]);
      this.plugins = plugins;
      this.config = site.value.config;
      this.etag = site.etag;
      this.responses = responses;
      this.problem = '';
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
    }
    this.dispatchEvent(new Event('change'));
  }

  /** Whoever may not read the configuration still knows what there is to choose from. */
  async without() {
    const [channels, queues] = await Promise.all([call('GET', 'channels'), call('GET', 'queues')]);
    const named = (/** @type {any[]} */ all) => Object.fromEntries(all.map((one) => [one.id, { name: one.name, plugin: one.plugin, queue: one.queue, network: one.network }]));
    return { value: { config: { channels: named(channels), queues: named(queues) } }, etag: '' };
  }

  async texts() {
    const all = [];
    for (let next = ''; next !== undefined;) {
      const page = await call('GET', `responses?limit=200${next && `&after=${encodeURIComponent(next)}`}`);
      all.push(...page.items);
      next = page.next;
    }
    return all;
  }
}

export const site = new Site();

/** What was typed and not saved, by what it is of: it is there again when somebody comes back. Secrets are never here. @type {Map<string, any>} */
export const drafts = new Map();
