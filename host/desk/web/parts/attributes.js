import { call } from '../api.js';
import { day, number, t } from '../i18n.js';
import { Part, html, nothing } from '../part.js';
import { store } from '../store.js';

/** Facts that people put to a contact or an interaction: each can be changed, and others can be added. */
class Attributes extends Part {
  static follows = /** @type {EventTarget[]} */ ([]);

  static properties = { path: {}, values: {}, editing: { state: true }, kind: { state: true } };

  constructor() {
    super();
    /** Where they are kept: `contacts/…` or `interactions/…`. */
    this.path = '';
    /** @type {Record<string, any>} */
    this.values = {};
    /** The name of the one that is changed; `+` for a new one. */
    this.editing = '';
    this.kind = 'text';
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (changed.has('path')) this.editing = '';
  }

  /** @param {SubmitEvent} event */
  async save(event) {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const name = this.editing === '+' ? String(form.get('name')).trim() : this.editing;
    const raw = form.get('value');
    const value = { text: String(raw ?? ''), number: Number(raw), boolean: raw !== null, date: String(raw ?? '') }[this.kind];
    await this.change('PUT', name, { type: this.kind, value });
  }

  /** @param {string} method @param {string} name @param {unknown} [body] */
  async change(method, name, body) {
    await store.attempt(() => call(method, `${this.path}/attributes/${encodeURIComponent(name)}`, body));
    if (store.notice) return;
    this.editing = '';
    this.dispatchEvent(new Event('changed', { bubbles: true }));
  }

  /** @param {string} name */
  edit(name) {
    this.editing = name;
    this.kind = this.values[name]?.type || 'text';
  }

  /** @param {any} value */
  shown(value) {
    switch (value.type) {
      case 'boolean': return t(value.value ? 'attribute.yes' : 'attribute.no');
      case 'date': return day(value.value);
      case 'number': return number(value.value);
      default: return value.value;
    }
  }

  form() {
    const fresh = this.editing === '+';
    const value = this.values[this.editing]?.value;
    const field = this.kind === 'boolean'
      ? html`<label class="choice"><input type="checkbox" name="value" value="yes" .checked=${value === true}>${t('attribute.yes')}</label>`
      : html`<input name="value" aria-label=${t('attribute.value')} type=${{ text: 'text', number: 'number', date: 'date' }[this.kind] || 'text'} step="any" maxlength="1000" dir="auto" .value=${String(value ?? '')} required>`;
    return html`<form class="stack" @submit=${this.save}>
      ${fresh ? html`<input name="name" aria-label=${t('attribute.name')} placeholder=${t('attribute.name')} maxlength="60" required>
        <select aria-label=${t('attribute.kind')} @change=${(/** @type {any} */ event) => { this.kind = event.target.value; }}>${['text', 'number', 'boolean', 'date'].map((kind) => html`<option value=${kind} ?selected=${kind === this.kind}>${t(`attribute.${kind}`)}</option>`)}</select>`
    : html`<span class="quiet">${this.editing}</span>`}
      ${field}<span class="buttons"><button class="main">${t('message.save')}</button>
      ${fresh ? nothing : html`<button type="button" @click=${() => this.change('DELETE', this.editing)}>${t('message.delete')}</button>`}
      <button type="button" @click=${() => { this.editing = ''; }}>${t('app.cancel')}</button></span></form>`;
  }

  render() {
    const all = Object.entries(this.values || {});
    return html`${all.length ? html`<dl class="facts">${all.map(([name, value]) => html`<dt dir="auto">${name}</dt><dd><span dir="auto">${this.shown(value)}</span>
        <button class="tool" aria-label=${t('attribute.change', { name })} @click=${() => this.edit(name)}>✎</button></dd>`)}</dl>` : nothing}
      ${this.editing ? this.form() : html`<button class="tool" @click=${() => this.edit('+')}>+ ${t('attribute.add')}</button>`}`;
  }
}
customElements.define('lc-attributes', Attributes);
