import { call } from '../api.js';
import { t } from '../i18n.js';
import { Part, html, nothing } from '../part.js';
import { store } from '../store.js';
import { legs } from './give.js';

const HOUR = 3_600_000;

/** When something comes back that is put away: after a time, or at the beginning of a working day. */
const TIMES = {
  hour: () => new Date(Date.now() + HOUR),
  'three-hours': () => new Date(Date.now() + 3 * HOUR),
  tomorrow: () => morning(1),
  monday: () => morning((8 - new Date().getDay()) % 7 || 7),
};

/** Nine o'clock so many days from now, by this machine's clock. @param {number} days */
function morning(days) {
  const at = new Date();
  at.setDate(at.getDate() + days);
  at.setHours(9, 0, 0, 0);
  return at;
}

/** A time as the browser's own field has it. @param {Date} at */
const local = (at) => new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);

/** What can be done with an interaction, as its state and whose it is allow. */
class Actions extends Part {
  static properties = { item: {}, panel: { state: true }, codes: { state: true }, macros: { state: true } };

  constructor() {
    super();
    /** @type {any} */
    this.item = undefined;
    this.panel = '';
    /** @type {string[] | undefined} */
    this.codes = undefined;
    /** @type {any[] | undefined} */
    this.macros = undefined;
  }

  connectedCallback() {
    super.connectedCallback();
    this.escape = (/** @type {KeyboardEvent} */ event) => { if (event.key === 'Escape' && this.panel) this.close(); };
    addEventListener('keydown', this.escape);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    removeEventListener('keydown', /** @type {any} */ (this.escape));
  }

  /** @param {Map<string, any>} changed */
  willUpdate(changed) {
    const before = changed.get('item');
    if (!before) return;
    if (before.id !== this.item.id || before.state !== this.item.state) {
      this.panel = '';
      this.codes = undefined;
    }
  }

  /** @param {string} what @param {unknown} [body] */
  async step(what, body = {}) {
    const done = await store.attempt(async () => {
      await call('POST', `interactions/${this.item.id}/${what}`, body);
      return true;
    });
    if (done) this.panel = '';
    return done;
  }

  close() {
    const opener = /** @type {HTMLElement | null} */ (this.querySelector(`[data-panel="${this.panel}"]`));
    this.panel = '';
    opener?.focus();
  }

  /** @param {string} name */
  async open(name) {
    this.panel = this.panel === name ? '' : name;
    if (!this.panel) return;
    if (name === 'more' && !this.macros) this.macros = await store.attempt(() => call('GET', 'macros')) || [];
    if (name === 'end' && !this.codes) await this.code();
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector('.panel button, .panel select'))?.focus();
  }

  async code() {
    const queue = await store.attempt(() => call('GET', `queues/${encodeURIComponent(this.item.queue)}`));
    this.codes = queue?.disposition_codes || [];
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector('select[name=code]'))?.focus();
  }

  /** @param {SubmitEvent} event */
  wrapUp(event) {
    event.preventDefault();
    const disposition = new FormData(/** @type {HTMLFormElement} */ (event.target)).get('code');
    return this.step('wrap-up', disposition ? { disposition } : {});
  }

  /** @param {SubmitEvent} event */
  park(event) {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const when = String(form.get('when'));
    /** @type {any} */
    const body = { waiting_for: form.get('company') ? 'company' : 'customer' };
    if (when === 'own' && form.get('at')) body.until = new Date(String(form.get('at'))).toISOString();
    else if (when in TIMES) body.until = /** @type {any} */ (TIMES)[when]().toISOString();
    return this.step('park', body);
  }

  /** @param {boolean} on */
  follow(on) {
    return store.attempt(() => call(on ? 'PUT' : 'DELETE', `interactions/${this.item.id}/followers/me`, on ? {} : undefined));
  }

  async unread() {
    await store.attempt(() => call('DELETE', `interactions/${this.item.id}/read`));
    if (!store.notice) location.hash = '#';
  }

  /** @param {string} key @param {string} word @param {() => unknown} what @param {string} [panel] */
  button(key, word, what, panel) {
    return html`<button data-key="Key${key}" data-panel=${panel || nothing} aria-keyshortcuts="Alt+${key}" title="Alt+${key}"
      aria-expanded=${panel ? this.panel === panel : nothing} @click=${what}>${t(word)}</button>`;
  }

  parking() {
    return html`<form class="stack" @submit=${this.park}><fieldset><legend>${t('park.when')}</legend>
      ${['answer', ...Object.keys(TIMES), 'own'].map((when, at) => html`<label class="choice"><input type="radio" name="when" value=${when} ?checked=${at === 0}>${t(`park.${when}`)}</label>`)}
      <input type="datetime-local" name="at" aria-label=${t('park.own')} min=${local(new Date())} @focus=${() => { /** @type {any} */ (this.querySelector('[value=own]')).checked = true; }}></fieldset>
      <label class="choice"><input type="checkbox" name="company">${t('park.company')}</label>
      <p class="quiet">${t('park.about')}</p>
      <div class="buttons"><button class="main">${t('actions.park')}</button><button type="button" @click=${() => this.close()}>${t('app.cancel')}</button></div></form>`;
  }

  more() {
    const { item } = this;
    const mine = item.agent === store.me;
    const follows = (item.followers || []).includes(store.me);
    return html`<div class="menu">
      ${mine ? html`<button @click=${() => this.step('requeue')}>${t('actions.requeue')}</button>
        <button @click=${() => this.unread()}>${t('actions.unread')}</button>` : nothing}
      <button @click=${() => this.follow(!follows)}>${t(follows ? 'actions.unfollow' : 'actions.follow')}</button>
      ${(this.macros || []).map((one) => html`<button class="line" dir="auto" title=${one.text || ''} @click=${() => this.step(`macros/${encodeURIComponent(one.id)}`)}>▸ ${one.title}</button>`)}</div>`;
  }

  /** What the state and whose it is allow. */
  buttons() {
    const { state, agent } = this.item;
    if (state === 'ended') return nothing;
    if (state === 'queued') return html`<button class="main" @click=${() => this.step('pick-up')}>${t('inbox.pick-up')}</button>`;
    if (agent !== store.me) return this.button('M', 'actions.more', () => this.open('more'), 'more');
    const rests = state === 'held' || state === 'parked';
    return html`
      ${rests ? this.button('H', 'actions.resume', () => this.step('resume')) : this.button('H', 'actions.hold', () => this.step('hold'))}
      ${state === 'parked' ? nothing : this.button('P', 'actions.park', () => this.open('park'), 'park')}
      ${this.button('T', 'actions.give', () => this.open('give'), 'give')}
      ${this.button('M', 'actions.more', () => this.open('more'), 'more')}
      ${this.button('E', 'actions.end', () => this.step('end'))}`;
  }

  render() {
    const { item } = this;
    if (item.state === 'wrap-up' && item.agent === store.me) {
      if (!this.codes) this.code();
      return html`<form class="buttons" @submit=${this.wrapUp}><label>${t('actions.code')}
        <select name="code"><option value="">–</option>${(this.codes || []).map((code) => html`<option>${code}</option>`)}</select></label>
        <button class="main">${t('actions.wrap-up')}</button></form>`;
    }
    return html`<div class="buttons">${this.buttons()}</div>
      ${this.panel ? html`<div class="panel" role="dialog" aria-label=${t(`actions.${this.panel}`)}>
        ${this.panel === 'give' ? html`<lc-give .item=${item} @done=${() => this.close()}></lc-give>` : nothing}
        ${this.panel === 'park' ? this.parking() : nothing}
        ${this.panel === 'more' ? this.more() : nothing}</div>` : nothing}
      ${legs(item, (what, body) => this.step(what, body))}`;
  }
}
customElements.define('lc-actions', Actions);
