// The site's configuration as the administrator's pages see it: read once for all of them, and anew after each change.

import { Problem, ask, call, part } from '../../api.js';
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
    /** @type {any[]} */
    this.macros = [];
    /** What plug-ins say of themselves; null while it is asked for. @type {Map<string, any>} */
    this.details = new Map();
    this.problem = '';
  }

  /** Reads everything that the caller may read. */
  async load() {
    try {
      const [plugins, site, responses, macros] = await Promise.all([
        call('GET', 'plugins'),
        store.may('configure') ? ask('GET', 'site') : this.without(),
        store.may('texts') ? this.texts() : [],
        store.may('texts') ? call('GET', 'macros') : [],
      ]);
      this.plugins = plugins;
      this.config = site.value.config;
      this.etag = site.etag;
      this.responses = responses;
      this.macros = macros;
      this.details.clear();
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

  /** What a plug-in says of itself: read when it is first asked for. @param {string} id */
  plugin(id) {
    const known = this.details.get(id);
    if (known !== undefined || !(this.plugins.plugins || []).some((/** @type {any} */ one) => one.id === id)) return known || undefined;
    this.details.set(id, null);
    call('GET', `plugins/${part(id)}`).then((found) => {
      this.details.set(id, found);
      this.dispatchEvent(new Event('change'));
    }, () => this.details.delete(id));
    return undefined;
  }

  /**
   * Changes the whole configuration. What is wrong in the part that a form shows stands at `/config/…`, all else is
   * told with its place.
   * @param {(config: any) => void} what @param {string} at the pointer to the part
   */
  async change(what, at) {
    const config = structuredClone(this.config);
    what(config);
    try {
      await ask('PUT', 'site', { config }, { match: this.etag });
    } catch (error) {
      if (error instanceof Problem) {
        error.faults = error.faults.map(({ pointer, detail }) => (pointer === at || pointer.startsWith(`${at}/`)
          ? { pointer: `/config${pointer.slice(at.length)}`, detail }
          : { pointer: '', detail: `${pointer.replace(/^\/config\//, '')} ${detail}` }));
      }
      throw error;
    }
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
