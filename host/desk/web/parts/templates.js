import { call } from '../api.js';
import { t } from '../i18n.js';
import { Part, html, nothing } from '../part.js';
import { store } from '../store.js';

const FILES = ['image', 'video', 'document'];

/** A template's text with its gaps filled in as far as they are known. @param {any} definition @param {Record<string, string>} values */
function filled(definition, values) {
  return (definition.parts || []).filter((/** @type {any} */ part) => part.text && part.kind !== 'button').map((/** @type {any} */ part) => {
    let at = 0;
    const names = (part.parameters || []).map((/** @type {any} */ one) => one.name);
    return part.text.replace(/\{\{\s*(\w+)\s*\}\}/g, (/** @type {string} */ whole, /** @type {string} */ name) => {
      const index = names.includes(name) ? names.indexOf(name) : at;
      at += 1;
      return values[key(part, index)] || whole;
    });
  }).join('\n');
}

/** @param {any} part @param {number} index */
const key = (part, index) => `${part.name}-${part.index ?? ''}-${index}`;

/** The kind of a button, by what fills it. @param {string[]} types */
const buttonKind = (types) => (types.includes('payload') ? 'quick_reply' : types.includes('coupon_code') ? 'copy_code' : 'url');

/** What fills a gap, as the network writes it. @param {any} parameter @param {string} value */
function parameter({ types = [], name }, value) {
  const file = FILES.find((one) => types.includes(one));
  const kind = file || (types.includes('text') || !types.length ? 'text' : types[0]);
  const filling = file ? { type: file, [file]: { link: value } } : { type: kind, [kind]: value };
  return name ? { ...filling, parameter_name: name } : filling;
}

/** Chooses an approved template and fills it in: what the network takes when its time for free answers is over. */
class Templates extends Part {
  static follows = /** @type {EventTarget[]} */ ([]);

  static properties = { channel: {}, list: { state: true }, chosen: { state: true }, values: { state: true }, search: { state: true }, busy: {} };

  constructor() {
    super();
    this.channel = '';
    /** @type {any} */
    this.list = undefined;
    this.chosen = '';
    /** @type {Record<string, string>} */
    this.values = {};
    this.search = '';
    this.busy = false;
    this.of = '';
  }

  willUpdate() {
    if (this.channel === this.of) return;
    this.of = this.channel;
    this.list = undefined;
    void this.load();
  }

  async load() {
    this.list = await store.attempt(() => call('GET', `channels/${encodeURIComponent(this.channel)}/templates`)) || { templates: [] };
    await this.updateComplete;
    /** @type {HTMLElement|null} */ (this.querySelector('select'))?.focus();
  }

  get definition() {
    return this.list?.templates.find((/** @type {any} */ one) => one.id === this.chosen);
  }

  /** @param {SubmitEvent} event */
  send(event) {
    event.preventDefault();
    const { name, language, parts = [] } = this.definition;
    const components = parts.filter((/** @type {any} */ part) => part.parameters?.length).map((/** @type {any} */ part) => {
      const parameters = part.parameters.map((/** @type {any} */ one, /** @type {number} */ at) => ({ one, value: this.values[key(part, at)] || '' }))
        .filter((/** @type {any} */ { one, value }) => value || !one.optional)
        .map((/** @type {any} */ { one, value }) => parameter(one, value));
      const button = part.kind === 'button' ? { sub_type: buttonKind(part.parameters[0].types || []), index: String(part.index ?? 0) } : {};
      return { type: part.name, ...button, parameters };
    }).filter((/** @type {any} */ one) => one.parameters.length);
    this.dispatchEvent(new CustomEvent('template', { detail: { kind: 'template', content: { name, language, components } } }));
  }

  render() {
    if (!this.list) return html`<p class="quiet" role="status">${t('app.loading')}</p>`;
    const all = this.list.templates.filter((/** @type {any} */ one) => one.state === 'approved' || one.state === 'other');
    if (!all.length) return html`<p class="quiet">${t('template.none')} ${this.list.problem || ''}</p>`;
    const definition = this.definition;
    return html`<form class="stack" @submit=${this.send}>
      <label>${t('template.choose')}<select required @change=${(/** @type {any} */ event) => { this.chosen = event.target.value; this.values = {}; }}>
        <option value="">–</option>
        ${all.map((/** @type {any} */ one) => html`<option value=${one.id} ?selected=${one.id === this.chosen}>${one.name} (${one.language})</option>`)}</select></label>
      ${definition ? html`
        ${(definition.parts || []).flatMap((/** @type {any} */ part) => (part.parameters || []).map((/** @type {any} */ one, /** @type {number} */ at) => html`
          <label>${one.name || t('template.gap', { part: part.name, number: at + 1 })}${one.optional ? ` (${t('template.optional')})` : nothing}
            <input dir="auto" ?required=${!one.optional} type=${FILES.some((file) => one.types?.includes(file)) ? 'url' : 'text'} placeholder=${one.example || ''}
              @input=${(/** @type {any} */ event) => { this.values = { ...this.values, [key(part, at)]: event.target.value }; }}></label>`))}
        <blockquote class="text" dir="auto" aria-label=${t('template.preview')}>${filled(definition, this.values) || definition.preview}</blockquote>` : nothing}
      <div class="buttons"><button class="main" ?disabled=${this.busy || !definition}>${t('template.send')}</button>
        <button type="button" @click=${() => this.dispatchEvent(new Event('close'))}>${t('app.cancel')}</button></div></form>`;
  }
}
customElements.define('lc-templates', Templates);
