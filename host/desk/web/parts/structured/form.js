import { t, word } from '../../i18n.js';
import { Part, html, nothing } from '../../part.js';
import { length, limitsOf } from './limits.js';
import { shown } from './shown.js';

/** @typedef {import('./limits.js').Fault} Fault */

const card = () => ({ title: '', actions: [] });
/** What each kind begins with. @type {Record<string, () => any>} */
const NEW = {
  card,
  carousel: () => ({ cards: [card(), card()] }),
  list: () => ({ button: t('compose.opens-so'), sections: [{ rows: [row(), row()] }] }),
  'location-request': () => ({}),
};
const row = () => ({ id: '', title: '' });

/** Where a card, cards or a list are written, with how they look beside it. What it has is told by `changed`. */
class Structured extends Part {
  static follows = /** @type {EventTarget[]} */ ([]);

  static properties = { kinds: {}, value: {}, network: {}, faults: {}, text: {}, left: { state: true } };

  constructor() {
    super();
    /** @type {string[]} */
    this.kinds = [];
    /** @type {any} */
    this.value = undefined;
    this.network = '';
    /** @type {Fault[]} */
    this.faults = [];
    /** What stands beside it. */
    this.text = '';
    /** Which fields were left: before that nobody is told that something is missing. @type {Set<string>} */
    this.left = new Set();
    this.begun = false;
  }

  firstUpdated() {
    if (!this.value) this.choose(this.kinds[0]);
  }

  /** What is chosen first, or the first field, has the focus. */
  updated() {
    if (this.begun || !this.value) return;
    this.begun = true;
    /** @type {HTMLElement | null} */ (this.querySelector('input:checked') || this.querySelector('input, button'))?.focus();
  }

  get content() { return this.value.content; }

  /** @param {any} content @param {string} [kind] */
  tell(content, kind = this.value.kind) {
    this.dispatchEvent(new CustomEvent('changed', { detail: { kind, content } }));
  }

  /** Another kind: what was written goes over, as far as there is a place for it. @param {string} kind */
  choose(kind) {
    const before = this.value;
    const first = before?.kind === 'carousel' ? before.content.cards[0] : before?.kind === 'card' ? before.content : undefined;
    this.left = new Set();
    if (kind === 'card' && first) this.tell(first, kind);
    else if (kind === 'carousel' && first) this.tell({ cards: [first, card()] }, kind);
    else this.tell(NEW[kind](), kind);
  }

  /** Puts a value into its place. @param {string} at @param {any} value */
  set(at, value) {
    const steps = at.split('/');
    const last = /** @type {string} */ (steps.pop());
    const content = structuredClone(this.content);
    const into = steps.reduce((/** @type {any} */ inner, step) => inner[step], content);
    if (value === undefined) delete into[last];
    else into[last] = value;
    this.tell(content);
  }

  /** A list with one more, or one less. The one that is new gets the focus. @param {string} at @param {any[]} items @param {any} more */
  async add(at, items, more) {
    this.set(at, [...items, more]);
    await this.redrawn();
    const fields = [...this.querySelectorAll(`[data-at^="${at}/${items.length}/"]`)];
    /** @type {HTMLElement | undefined} */ (fields.find((one) => one instanceof HTMLInputElement))?.focus();
  }

  /** A list with one less. Where another could be added is the focus then: what had it is gone. @param {string} at @param {any[]} items @param {number} number */
  async drop(at, items, number) {
    this.left = new Set([...this.left].filter((one) => !one.startsWith(`${at}/`)));
    this.set(at, items.filter((_, other) => other !== number));
    await this.redrawn();
    /** @type {HTMLElement | null} */ (this.querySelector(`[data-add="${at}"]`))?.focus();
  }

  /** What was told comes back from outside, and is drawn. */
  async redrawn() {
    await new Promise((done) => setTimeout(done));
    await this.updateComplete;
  }

  /** @param {string} at */
  wrong(at) {
    return this.faults.filter((one) => one.at === at && (!one.missing || this.left.has(at)));
  }

  /** A line of text. @param {string} at @param {string} label @param {string | undefined} value @param {{max?: number, type?: string, optional?: boolean, change?: (value: string) => void}} [more] */
  field(at, label, value, { max, type = 'text', optional, change } = {}) {
    const wrong = this.wrong(at);
    const used = length(value);
    const id = `lc-compose-${at.replaceAll('/', '-')}`;
    return html`<div class="field ${wrong.length ? 'wrong' : ''}"><span class="top"><label for=${id}>${label}${optional ? html` <span class="quiet">(${t('template.optional')})</span>` : nothing}</label>
        ${max ? html`<span class="used ${used > max ? 'problem' : 'quiet'}" id="${id}-used">${t('composer.limit', { used, max })}</span>` : nothing}</span>
      <input id=${id} data-at=${at} type=${type} dir="auto" autocomplete="off" .value=${value || ''} aria-invalid=${wrong.length ? 'true' : nothing} aria-describedby=${wrong.length ? `${id}-wrong` : max ? `${id}-used` : nothing}
        @input=${(/** @type {any} */ event) => { const { value: said } = event.target; if (change) change(said); else this.set(at, said || (optional ? undefined : '')); }}
        @blur=${() => { this.left = new Set([...this.left, at]); }}>
      ${wrong.length ? html`<p class="problem" id="${id}-wrong">${wrong[0].text}</p>` : nothing}</div>`;
  }

  /** @param {any} content @param {string} at */
  card(content, at) {
    const limits = limitsOf(this.network);
    const actions = content.actions || [];
    const wrong = this.wrong(`${at}actions`);
    return html`${this.field(`${at}title`, t('compose.title'), content.title, { max: limits.title })}
      ${this.field(`${at}description`, t('compose.description'), content.description, { max: limits.description, optional: true })}
      ${this.field(`${at}image_url`, t('compose.image'), content.image_url, { type: 'url', optional: true })}
      ${actions.map((/** @type {any} */ one, /** @type {number} */ index) => html`<div class="piece" role="group" aria-label=${t('compose.button', { number: index + 1 })}>
        <div class="top"><label><span class="hidden">${t('compose.button', { number: index + 1 })}</span><select data-at="${at}actions/${index}/type" @change=${(/** @type {any} */ event) => this.set(`${at}actions/${index}`, { type: event.target.value, text: one.text, ...(event.target.value === 'link' ? { url: '' } : {}) })}>
          ${['postback', 'link'].map((type) => html`<option value=${type} ?selected=${one.type === type}>${t(`compose.${type}`)}</option>`)}</select></label><span class="grow"></span>
          <button type="button" class="tool" aria-label=${t('composer.remove', { name: t('compose.button', { number: index + 1 }) })} @click=${() => this.drop(`${at}actions`, actions, index)}>✕</button></div>
        ${this.field(`${at}actions/${index}/text`, t('compose.button-text'), one.text, { max: limits.button })}
        ${one.type === 'link' ? this.field(`${at}actions/${index}/url`, t('compose.url'), one.url, { type: 'url' }) : nothing}</div>`)}
      ${wrong.map((one) => html`<p class="problem">${one.text}</p>`)}
      <button type="button" class="small" data-add="${at}actions" ?disabled=${Boolean(limits.buttons && actions.length >= limits.buttons)} @click=${() => { this.left = new Set([...this.left, `${at}actions`]); void this.add(`${at}actions`, actions, { type: 'postback', text: '' }); }}>${t('compose.add-button')}${limits.buttons ? html` <span class="quiet">${t('composer.limit', { used: actions.length, max: limits.buttons })}</span>` : nothing}</button>`;
  }

  cards() {
    const { cards } = this.content;
    const max = limitsOf(this.network).cards;
    return html`${cards.map((/** @type {any} */ one, /** @type {number} */ index) => html`<fieldset><legend>${t('compose.card', { number: index + 1 })}
        ${cards.length > 1 ? html`<button type="button" class="tool" aria-label=${t('composer.remove', { name: t('compose.card', { number: index + 1 }) })} @click=${() => this.drop('cards', cards, index)}>✕</button>` : nothing}</legend>
        ${this.card(one, `cards/${index}/`)}</fieldset>`)}
      <button type="button" data-add="cards" ?disabled=${Boolean(max && cards.length >= max)} @click=${() => this.add('cards', cards, card())}>${t('compose.add-card')}${max ? html` <span class="quiet">${t('composer.limit', { used: cards.length, max })}</span>` : nothing}</button>`;
  }

  list() {
    const { button, sections } = this.content;
    const limits = limitsOf(this.network);
    const all = sections.reduce((/** @type {number} */ sum, /** @type {any} */ one) => sum + one.rows.length, 0);
    const full = Boolean(limits.rows && all >= limits.rows);
    return html`${this.field('button', t('compose.opens'), button, { max: limits.button })}
      ${sections.map((/** @type {any} */ one, /** @type {number} */ index) => {
    const at = `sections/${index}`;
    return html`<fieldset><legend>${t('compose.section-number', { number: index + 1 })}
          ${sections.length > 1 ? html`<button type="button" class="tool" aria-label=${t('composer.remove', { name: t('compose.section-number', { number: index + 1 }) })} @click=${() => this.drop('sections', sections, index)}>✕</button>` : nothing}</legend>
        ${sections.length > 1 || one.title ? this.field(`${at}/title`, t('compose.section'), one.title, { max: limits.section, optional: sections.length < 2 }) : nothing}
        ${one.rows.map((/** @type {any} */ each, /** @type {number} */ number) => html`<div class="piece" role="group" aria-label=${t('compose.row-number', { number: number + 1 })}>
          <div class="top"><span>${t('compose.row-number', { number: number + 1 })}</span><span class="grow"></span>
            <button type="button" class="tool" aria-label=${t('composer.remove', { name: t('compose.row-number', { number: number + 1 }) })} @click=${() => this.drop(`${at}/rows`, one.rows, number)}>✕</button></div>
          ${this.field(`${at}/rows/${number}/title`, t('compose.row'), each.title, { max: limits.row, change: (title) => this.set(`${at}/rows/${number}`, { ...each, title, id: title }) })}
          ${this.field(`${at}/rows/${number}/description`, t('compose.about'), each.description, { max: limits.about, optional: true })}</div>`)}
        <button type="button" class="small" data-add="${at}/rows" ?disabled=${full} @click=${() => this.add(`${at}/rows`, one.rows, row())}>${t('compose.add-row')}</button></fieldset>`;
  })}
      <button type="button" data-add="sections" ?disabled=${full} @click=${() => this.add('sections', sections, { title: '', rows: [row()] })}>${t('compose.add-section')}</button>
      ${limits.rows ? html`<span class=${all > limits.rows ? 'problem' : 'quiet'}>${t('compose.rows')}: ${t('composer.limit', { used: all, max: limits.rows })}</span>` : nothing}`;
  }

  form() {
    switch (this.value.kind) {
      case 'card': return this.card(this.content, '');
      case 'carousel': return this.cards();
      case 'list': return this.list();
      default: return html`<p class="quiet">${t('compose.asks-where')}</p>`;
    }
  }

  render() {
    if (!this.value) return nothing;
    const missing = this.faults[0];
    const leave = (/** @type {string} */ how) => this.dispatchEvent(new Event(how));
    return html`<form class="compose" novalidate @submit=${(/** @type {Event} */ event) => { event.preventDefault(); leave('close'); }} @keydown=${(/** @type {KeyboardEvent} */ event) => { if (event.key === 'Escape') leave('close'); }}>
      ${this.kinds.length > 1 ? html`<span class="ways" role="radiogroup" aria-label=${t('compose.kind')}>${this.kinds.map((kind) => html`<label class="choice"><input type="radio" name="compose-kind" .checked=${kind === this.value.kind} @change=${() => this.choose(kind)}>${word('structured', kind)}</label>`)}</span>` : nothing}
      <div class="compose-sides"><div class="fields">${this.form()}</div>
        <section class="preview" aria-label=${t('template.preview')}><p class="quiet" aria-hidden="true">${t('template.preview')}</p>${this.text.trim() ? html`<p class="text" dir="auto">${this.text}</p>` : nothing}${shown(this.value)}</section></div>
      <div class="buttons"><button>${t('compose.done')}</button><button type="button" @click=${() => leave('drop')}>${t('compose.remove')}</button>
        <span class="quiet" role="status">${missing ? missing.text : t('compose.complete')}</span></div></form>`;
  }
}
customElements.define('lc-structured', Structured);
