import { call } from '../api.js';
import { moment, t } from '../i18n.js';
import { Part, html, nothing } from '../part.js';
import { store } from '../store.js';
import { newestWith } from './newest.js';

/** How long ago a note may have been written that is told to somebody who was away: a weekend. */
const BACK = 3 * 86_400_000;
/** How many are told one by one, and of how many it is remembered that they were seen. */
const SHOWN = 3;
const REMEMBERED = 200;
/** A note is told in short. */
const SHORT = 160;

/**
 * Colleagues' notes that name this person, until they were seen. Those of the time when nobody was here are searched:
 * the hub does not know which of them were read, so this browser remembers it, by their ids alone.
 */
class Mentions extends Part {
  constructor() {
    super();
    this.heard = (/** @type {any} */ event) => {
      const { event: happened } = event.detail;
      if (happened.kind === 'note-saved') this.take(happened.data, happened.interaction?.customer);
    };
    this.anew = () => void this.read();
    this.went = () => {
      for (const one of this.all) if (one.interaction && location.hash === `#/interactions/${one.interaction}`) this.see(one);
    };
    this.elsewhere = (/** @type {StorageEvent} */ event) => {
      if (event.key !== this.place) return;
      const { seen } = this;
      store.mentions = this.all.filter((one) => !seen.includes(one.id));
      store.changed();
    };
  }

  connectedCallback() {
    super.connectedCallback();
    store.addEventListener('event', this.heard);
    store.addEventListener('back', this.anew);
    addEventListener('hashchange', this.went);
    addEventListener('storage', this.elsewhere);
    void this.read();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    store.removeEventListener('event', this.heard);
    store.removeEventListener('back', this.anew);
    removeEventListener('hashchange', this.went);
    removeEventListener('storage', this.elsewhere);
  }

  /** @returns {any[]} */
  get all() { return store.mentions; }

  get place() { return `linecard-mentions-${store.me}`; }

  /** Which were seen. @returns {string[]} */
  get seen() {
    try {
      return JSON.parse(localStorage.getItem(this.place) || '[]');
    } catch {
      return [];
    }
  }

  /** Those that were written while nobody was here. */
  async read() {
    const query = new URLSearchParams({ q: `"${store.me}"`, kind: 'note', sort: 'time', limit: '25', from: new Date(Date.now() - BACK).toISOString() });
    const found = await call('GET', `search?${query}`).catch(() => undefined);
    // The newest comes first: it is to stand first in the end.
    for (const { note, customer } of (found?.items || []).toReversed()) this.take(note, customer);
  }

  /** What became of a note. @param {any} note @param {any} [customer] */
  take(note, customer) {
    const before = this.all.find((one) => one.id === note.id);
    const names = note.text && note.author !== store.me && (note.mentions || []).includes(store.me);
    if (!names && !before) return;
    const others = this.all.filter((one) => one.id !== note.id);
    if (!names) store.mentions = others;
    else if (before) store.mentions = this.all.map((one) => (one === before ? { ...before, text: note.text } : one));
    else if (!this.seen.includes(note.id)) {
      const name = customer?.display_name || customer?.handle || '';
      store.mentions = [{ ...note, name }, ...others].slice(0, REMEMBERED);
    }
    store.changed();
  }

  /** @param {any} note */
  see(note) {
    try {
      localStorage.setItem(this.place, JSON.stringify([note.id, ...this.seen.filter((id) => id !== note.id)].slice(0, REMEMBERED)));
    } catch {
      // The browser keeps nothing: it is told again the next time.
    }
    store.mentions = this.all.filter((one) => one.id !== note.id);
    store.changed();
  }

  /** To where the note stands. @param {any} note */
  async show(note) {
    const id = note.interaction || await store.attempt(() => newestWith(note.contact));
    if (!id) {
      store.notice ||= t('mention.nowhere');
      store.changed();
      return;
    }
    this.see(note);
    store.goal = note.id;
    location.hash = `#/interactions/${id}`;
    store.dispatchEvent(new Event('goal'));
  }

  render() {
    const more = this.all.length - SHOWN;
    return html`${this.all.slice(0, SHOWN).map((one) => html`<p class="mention"><span class="grow line"><strong>${one.name ? t('mention.about', { author: one.author, name: one.name }) : t('mention.by', { author: one.author })}</strong>
        <time class="quiet" datetime=${one.written_at}>${moment(one.written_at)}</time> <span dir="auto">${one.text.slice(0, SHORT)}</span></span>
      <button @click=${() => this.show(one)}>${t('mention.show')}<span class="hidden"> ${one.name}</span></button>
      <button class="tool" aria-label=${t('mention.seen', { author: one.author })} @click=${() => this.see(one)}>✕</button></p>`)}
      ${more > 0 ? html`<p class="mention quiet">${t('mention.more', { count: more })}</p>` : nothing}`;
  }
}
customElements.define('lc-mentions', Mentions);
