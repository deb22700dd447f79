import { call } from '../api.js';
import { choose, others, t, word } from '../i18n.js';
import { begun } from '../begun.js';
import { nameOf } from '../notify.js';
import { Part, html, nothing } from '../part.js';
import { store } from '../store.js';
import { dress, theme } from '../theme.js';

/** How long is waited for more before customers are searched, in milliseconds. */
const PAUSE = 180;
/** How many commands are shown at a time. */
const MOST = 40;

/** @typedef {{group: string, name: string, about?: string, keys?: string, run: () => unknown}} Command */

/** Everything that can be done, found by its words: what the keys do now, work by its customer, views, anybody who ever wrote. */
class Palette extends Part {
  static properties = { words: { state: true }, at: { state: true }, people: { state: true } };

  constructor() {
    super();
    this.words = '';
    this.at = 0;
    /** Customers whom the hub found. @type {any[]} */
    this.people = [];
    /** What was there when it was opened. @type {Command[]} */
    this.keys = [];
    /** The areas that there are. @type {{at: string, name: string, keys: string}[]} */
    this.areas = [];
  }

  get dialog() { return /** @type {HTMLDialogElement} */ (this.querySelector('dialog')); }

  /** @param {{at: string, name: string, keys: string}[]} areas */
  async show(areas) {
    this.areas = areas;
    this.words = '';
    this.at = 0;
    this.people = [];
    // What the keys do now stands on buttons that can be seen.
    const buttons = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('lc-desk [data-key]:not(:disabled)')]).filter((one) => one.offsetParent);
    this.keys = buttons.map((one) => ({
      group: 'now', keys: `Alt+${one.dataset.key?.replace('Key', '')}`,
      name: (one.matches('input, textarea') ? one.getAttribute('aria-label') || one.closest('label')?.querySelector('.hidden')?.textContent : one.textContent)?.trim() || '',
      run: () => (one.matches('input, textarea') ? one.focus() : one.click()),
    }));
    await this.updateComplete;
    if (!this.dialog.open) this.dialog.showModal();
    this.querySelector('input')?.focus();
  }

  /** @param {string} hash */
  go(hash) { location.hash = hash; }

  /** @param {any} contact the newest that there was with them is opened */
  async meet(contact) {
    for (const state of ['open', 'ended']) {
      const page = await store.attempt(() => call('GET', `interactions?contact=${contact.id}&state=${state}&limit=1`));
      if (page?.items[0]) return this.go(`#/interactions/${page.items[0].id}`);
    }
    store.notice ||= t('palette.nothing-with', { name: contact.display_name || t('contact.unknown') });
    store.changed();
  }

  /** @returns {Command[]} */
  get all() {
    const presence = store.agent?.presence;
    const states = store.agent ? ['ready', ...(store.agent.not_ready_reasons || []).map((/** @type {string} */ reason) => `not-ready:${reason}`), 'offline'] : [];
    const work = [...store.mine, ...store.waiting.slice(0, 200)];
    return [
      ...this.keys,
      ...work.map((item) => ({
        group: 'work', name: nameOf(item), about: [word('network', item.network || item.channel), word('state', item.state), item.last_message?.text?.slice(0, 80)].filter(Boolean).join(' · '),
        run: () => this.go(`#/interactions/${item.id}`),
      })),
      ...this.areas.map(({ at, name, keys }) => ({ group: 'views', name, keys, run: () => this.go(at) })),
      ...states.filter((state) => state !== (presence?.state === 'not-ready' ? `not-ready:${presence.reason}` : presence?.state)).map((state) => {
        const reason = state.startsWith('not-ready:') ? state.slice(10) : '';
        return { group: 'presence', name: reason || t(`presence.${state}`), run: () => store.attempt(() => call('PUT', 'agents/me/presence', reason ? { state: 'not-ready', reason } : { state })) };
      }),
      { group: 'desk', name: t('app.theme'), run: () => dress(theme() === 'dark' ? 'light' : 'dark') },
      ...others().map(([one, name]) => ({ group: 'desk', name, run: () => choose(one) })),
    ];
  }

  /** @returns {Command[]} */
  get found() {
    const words = this.words.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (/** @type {Command} */ one) => {
      const text = `${one.name} ${one.about || ''} ${t(`palette.${one.group}`)}`.toLowerCase();
      return words.every((part) => text.includes(part));
    };
    // The hub found these by the words already.
    const people = this.people.map((one) => ({
      group: 'people', name: one.display_name || t('contact.unknown'), about: one.identities.map((/** @type {any} */ id) => id.profile?.handle || id.channel).join(', '), run: () => this.meet(one),
    }));
    const typed = this.words.trim();
    const said = typed ? [{ group: 'search', name: t('palette.said', { words: typed }), run: () => this.go(`#/search/${encodeURIComponent(typed)}`) }] : [];
    return [...this.all.filter(fits).slice(0, MOST), ...people, ...said];
  }

  /** @param {InputEvent} event */
  typed(event) {
    this.words = /** @type {HTMLInputElement} */ (event.target).value;
    this.at = 0;
    clearTimeout(this.timer);
    const words = this.words.trim();
    if (words.length < 2) this.people = [];
    else this.timer = setTimeout(() => this.search(words), PAUSE);
  }

  /** @param {string} words */
  async search(words) {
    const page = await call('GET', `search?kind=contact&limit=8&q=${encodeURIComponent(begun(words))}`).catch(() => ({ items: [] }));
    if (words === this.words.trim()) this.people = page.items.map((/** @type {any} */ one) => one.contact);
  }

  /** @param {KeyboardEvent} event */
  async pressed(event) {
    const { found } = this;
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
    if (step && found.length) {
      this.at = Math.abs(step) === 1 ? (this.at + step + found.length) % found.length : Math.min(found.length - 1, Math.max(0, this.at + step));
      event.preventDefault();
      await this.updateComplete;
      this.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' });
    } else if (event.key === 'Enter') {
      event.preventDefault();
      if (found[this.at]) this.run(found[this.at]);
    }
  }

  /** @param {Command} command */
  run(command) {
    // It gives the focus back first, so that what is run can take it.
    this.dialog.close();
    void command.run();
  }

  render() {
    const { found } = this;
    let group = '';
    return html`<dialog class="palette" aria-label=${t('palette.title')} @click=${(/** @type {Event} */ event) => { if (event.target === this.dialog) this.dialog.close(); }}><div>
      <input type="text" role="combobox" aria-expanded="true" aria-controls="lc-palette" aria-autocomplete="list" aria-activedescendant=${found.length ? `lc-command-${this.at}` : nothing} aria-label=${t('palette.title')}
        placeholder=${t('palette.hint')} autocomplete="off" spellcheck="false" .value=${this.words} @input=${this.typed} @keydown=${this.pressed}>
      <ul id="lc-palette" role="listbox" aria-label=${t('palette.title')}>${found.map((one, at) => {
    const head = one.group === group ? nothing : html`<li role="presentation" class="quiet">${t(`palette.${one.group}`)}</li>`;
    group = one.group;
    return html`${head}<li role="option" id="lc-command-${at}" aria-selected=${at === this.at} @click=${() => this.run(one)}><span class="line"><bdi>${one.name}</bdi>${one.about ? html` <bdi class="quiet">${one.about}</bdi>` : nothing}</span>
          ${one.keys ? html`<kbd>${one.keys}</kbd>` : nothing}</li>`;
  })}</ul>
      ${found.length ? nothing : html`<p class="quiet pad" role="status">${t('palette.nothing')}</p>`}</div></dialog>`;
  }
}
customElements.define('lc-palette', Palette);
