import { call } from '../api.js';
import { t } from '../i18n.js';
import { Part, html, nothing } from '../part.js';
import { store } from '../store.js';

/** Standard responses that are found while `/` and words are typed. Its keys are those of the text field, which keeps the focus. */
class Responses extends Part {
  static follows = /** @type {EventTarget[]} */ ([]);

  static properties = { interaction: {}, words: {}, items: { state: true }, at: { state: true } };

  constructor() {
    super();
    this.interaction = '';
    /** What is searched; undefined: nothing. @type {string | undefined} */
    this.words = undefined;
    /** @type {any[]} */
    this.items = [];
    this.at = 0;
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (!changed.has('words') && !changed.has('interaction')) return;
    clearTimeout(this.timer);
    if (this.words === undefined) {
      this.items = [];
      return;
    }
    this.timer = setTimeout(() => this.find(), 120);
  }

  async find() {
    const { words, interaction } = this;
    try {
      const query = new URLSearchParams({ interaction, sort: 'used', limit: '8' });
      if (words?.trim()) query.set('search', words.trim());
      const page = await call('GET', `responses?${query}`);
      if (words !== this.words || interaction !== this.interaction) return;
      this.items = page.items;
      this.at = 0;
    } catch {
      this.items = [];
    }
    this.dispatchEvent(new Event('found'));
  }

  get active() {
    return this.words !== undefined && this.items[this.at] ? `lc-response-${this.at}` : '';
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether it was one of its keys */
  key(event) {
    if (this.words === undefined || !this.items.length) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      this.at = (this.at + step + this.items.length) % this.items.length;
    } else if ((event.key === 'Enter' || event.key === 'Tab') && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      void this.choose(this.items[this.at]);
    } else if (event.key === 'Escape') {
      this.dispatchEvent(new Event('close'));
    } else {
      return false;
    }
    event.preventDefault();
    this.dispatchEvent(new Event('found'));
    return true;
  }

  /** @param {any} response */
  async choose(response) {
    const { interaction } = this;
    const filled = await store.attempt(() => call('POST', `responses/${encodeURIComponent(response.id)}/render`, { interaction }));
    if (filled && interaction === this.interaction) this.dispatchEvent(new CustomEvent('response', { detail: filled }));
  }

  render() {
    if (this.words === undefined || !this.items.length) return nothing;
    return html`<ul class="responses" id="lc-responses" role="listbox" aria-label=${t('response.title')}>${this.items.map((one, at) => html`
      <li id=${`lc-response-${at}`} role="option" aria-selected=${at === this.at} @mousedown=${(/** @type {Event} */ event) => { event.preventDefault(); void this.choose(one); }}>
        <strong class="line" dir="auto">${one.title}</strong> <span class="quiet">${[one.folder, one.language].filter(Boolean).join(' · ')}</span>
        <span class="line quiet" dir="auto">${one.text}</span></li>`)}</ul>`;
  }
}
customElements.define('lc-responses', Responses);
