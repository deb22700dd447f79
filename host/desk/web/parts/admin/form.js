// A form that is made from a JSON Schema: a plug-in's own, or one of those beside this file. What the hub says is
// wrong stands at the field that it names.

import { t } from '../../i18n.js';
import { Part, html, nothing } from '../../part.js';

/** @typedef {any} Schema JSON Schema, with `choices` (a list of `{value, label}`, `tall`: one a line), `multiline`, `code`, `secret`, `folded` and `ranked` (the order counts) beside */
/** @typedef {{pointer: string, detail: string}} Fault */

const escaped = (/** @type {string} */ key) => key.replaceAll('~', '~0').replaceAll('/', '~1');

/** The first type that is not null. @param {Schema} schema */
const typeOf = (schema) => (Array.isArray(schema.type) ? schema.type.find((/** @type {string} */ one) => one !== 'null') : schema.type)
  || (schema.properties || schema.additionalProperties ? 'object' : schema.enum ? 'string' : undefined);

/** What a new entry begins with. @param {Schema} schema @returns {any} */
function blank(schema) {
  switch (typeOf(schema)) {
    case 'object': return Object.fromEntries((schema.required || []).map((/** @type {string} */ key) => [key, blank(schema.properties?.[key] || {})]));
    case 'array': return [];
    case 'boolean': return false;
    case 'integer': case 'number': return schema.minimum ?? 0;
    default: return schema.default ?? schema.enum?.[0] ?? '';
  }
}

let forms = 0;

class Form extends Part {
  static properties = { schema: {}, value: {}, faults: {}, at: {}, locked: {}, of: {} };

  constructor() {
    super();
    /** @type {Schema} */
    this.schema = {};
    /** @type {any} */
    this.value = {};
    /** @type {Fault[]} */
    this.faults = [];
    /** Where the value stands in what is sent. */
    this.at = '';
    this.locked = false;
    /** What is edited: fields keep their places until it is something else. */
    this.of = '';
    /** What it was at first. @type {any} */
    this.first = {};
    forms += 1;
    this.name = `form-${forms}`;
    /** Fields whose text is no value yet, such as JSON that is being typed. @type {Map<string, string>} */
    this.unread = new Map();
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (!changed.has('of')) return;
    this.first = this.value;
    this.unread.clear();
  }

  /** @param {Schema} schema @returns {Schema} */
  resolve(schema) {
    if (schema.$ref?.startsWith('#/')) {
      const target = schema.$ref.slice(2).split('/').reduce((/** @type {any} */ at, /** @type {string} */ key) => at?.[key], this.schema);
      return { ...this.resolve(target || {}), ...schema, $ref: undefined };
    }
    const some = (schema.oneOf || schema.anyOf || []).filter((/** @type {Schema} */ one) => one.type !== 'null');
    if (some.length === 1) return { ...this.resolve(some[0]), title: schema.title ?? some[0].title, description: schema.description ?? some[0].description };
    return schema;
  }

  /** Changes what stands at a path; nothing takes it away. @param {(string | number)[]} path @param {any} value */
  set(path, value) {
    const change = (/** @type {any} */ at, /** @type {number} */ depth) => {
      if (depth === path.length) return value;
      const key = path[depth];
      const copy = Array.isArray(at) ? [...at] : { ...at };
      const inner = change(at?.[key], depth + 1);
      if (inner === undefined && !Array.isArray(copy)) delete copy[key];
      else copy[key] = inner;
      return copy;
    };
    this.value = change(this.value, 0);
    this.dispatchEvent(new CustomEvent('draft', { detail: this.value, bubbles: true }));
  }

  /** @param {(string | number)[]} path */
  pointer(path) {
    return this.at + path.map((key) => `/${escaped(String(key))}`).join('');
  }

  /** @param {(string | number)[]} path */
  idOf(path) {
    return `${this.name}-${path.join('-').replace(/[^\w-]/g, '_')}`;
  }

  /** What is wrong, each at its field: a schema tells of what is missing at the object that lacks it. */
  get placed() {
    return this.faults.map((one) => {
      const missing = /^"([^"]+)" is a required property/.exec(one.detail);
      return missing ? { ...one, pointer: `${one.pointer}/${escaped(missing[1])}` } : one;
    });
  }

  /** What is wrong here; for a field that shows no parts of its own also with its parts. @param {(string | number)[]} path @param {boolean} whole */
  wrong(path, whole) {
    const at = this.pointer(path);
    return this.placed.filter(({ pointer }) => pointer === at || (whole && pointer.startsWith(`${at}/`)));
  }

  /** @param {Schema} schema @param {(string | number)[]} path @param {boolean} required @param {any} control @param {boolean} [whole] */
  labelled(schema, path, required, control, whole = true) {
    const wrong = this.wrong(path, whole);
    const id = this.idOf(path);
    return html`<div class="field ${wrong.length ? 'wrong' : ''}">
      <label for=${id}>${schema.title || path.at(-1)}${required && !schema.quietly ? html` <span class="must">${t('admin.required')}</span>` : nothing}</label>
      ${control}
      ${schema.description ? html`<p class="hint" id="${id}-hint">${schema.description}</p>` : nothing}
      ${wrong.map((one) => html`<p class="fault" id="${id}-fault">${one.detail}</p>`)}</div>`;
  }

  /** @param {Schema} schema @param {(string | number)[]} path */
  described(schema, path) {
    const id = this.idOf(path);
    const ids = [schema.description ? `${id}-hint` : '', this.wrong(path, true).length ? `${id}-fault` : ''].filter(Boolean).join(' ');
    return ids || nothing;
  }

  /** @param {Schema} given @param {any} value @param {(string | number)[]} path @param {boolean} required @returns {any} */
  field(given, value, path, required) {
    const schema = this.resolve(given);
    const id = this.idOf(path);
    const invalid = this.wrong(path, true).length ? 'true' : nothing;
    const about = this.described(schema, path);
    const set = (/** @type {any} */ next) => this.set(path, next);
    const none = required ? '' : undefined;
    const choices = schema.choices || schema.enum?.map((/** @type {string} */ one) => ({ value: one, label: schema.words?.[one] ?? one }));
    const type = typeOf(schema);
    if (type === 'array' && (schema.choices || schema.items?.enum)) return this.several(schema, value, path);
    if (choices) {
      const known = choices.some((/** @type {any} */ one) => one.value === value);
      return this.labelled(schema, path, required, html`<select id=${id} ?disabled=${this.locked} aria-invalid=${invalid} aria-describedby=${about}
          @change=${(/** @type {any} */ event) => set(event.target.value || none)}>
        ${required && known ? nothing : html`<option value="" ?selected=${value === undefined}>${schema.default === undefined ? '–' : t('admin.default', { value: schema.words?.[schema.default] ?? schema.default })}</option>`}
        ${value !== undefined && value !== '' && !known ? html`<option selected value=${value}>${value}</option>` : nothing}
        ${choices.map((/** @type {any} */ one) => html`<option value=${one.value} ?selected=${one.value === value}>${one.label}</option>`)}</select>`);
    }
    switch (type) {
      case 'boolean': {
        const wrong = this.wrong(path, true);
        return html`<div class="field ${wrong.length ? 'wrong' : ''}"><label class="check"><input type="checkbox" id=${id} ?disabled=${this.locked} aria-describedby=${about}
            .checked=${value ?? schema.default ?? false} @change=${(/** @type {any} */ event) => set(event.target.checked)}> ${schema.title || path.at(-1)}</label>
          ${schema.description ? html`<p class="hint" id="${id}-hint">${schema.description}</p>` : nothing}
          ${wrong.map((one) => html`<p class="fault" id="${id}-fault">${one.detail}</p>`)}</div>`;
      }
      case 'integer': case 'number':
        return this.labelled(schema, path, required, html`<input type="number" id=${id} ?disabled=${this.locked} aria-invalid=${invalid} aria-describedby=${about}
          step=${type === 'integer' ? '1' : 'any'} min=${schema.minimum ?? nothing} max=${schema.maximum ?? nothing} placeholder=${schema.default ?? nothing}
          .value=${value === undefined || value === null ? '' : String(value)}
          @input=${(/** @type {any} */ event) => set(event.target.value === '' ? undefined : Number(event.target.value))}>`);
      case 'string': {
        const input = (/** @type {any} */ event) => set(event.target.value === '' ? none : event.target.value);
        const text = value ?? '';
        if (schema.multiline || schema.maxLength > 300) {
          return this.labelled(schema, path, required, html`<textarea id=${id} ?disabled=${this.locked} class=${schema.code ? 'code' : ''} rows=${schema.code ? 2 : 3} spellcheck=${schema.code ? 'false' : 'true'}
            aria-invalid=${invalid} aria-describedby=${about} dir="auto" .value=${text} @input=${input}></textarea>`);
        }
        return this.labelled(schema, path, required, html`<input id=${id} ?disabled=${this.locked} type=${schema.secret || schema.format === 'password' ? 'password' : 'text'} list=${schema.suggest ? `${id}-list` : nothing}
          autocomplete=${schema.secret ? 'new-password' : 'off'} aria-invalid=${invalid} aria-describedby=${about} placeholder=${schema.placeholder ?? schema.default ?? nothing}
          .value=${text} @input=${input}>${schema.suggest ? html`<datalist id="${id}-list">${schema.suggest.map((/** @type {string} */ one) => html`<option value=${one}></option>`)}</datalist>` : nothing}`);
      }
      case 'array': {
        const items = this.resolve(schema.items || {});
        if (typeOf(items) === 'object') return this.rows(schema, items, value || [], path);
        return this.labelled({ ...schema, description: [schema.description, t('admin.one-a-line')].filter(Boolean).join(' ') }, path, required, html`<textarea id=${id} ?disabled=${this.locked} rows=${Math.min(6, Math.max(2, (value?.length || 0) + 1))}
          aria-invalid=${invalid} aria-describedby=${about} dir="auto" .value=${(value || []).join('\n')}
          @change=${(/** @type {any} */ event) => { const lines = event.target.value.split('\n').map((/** @type {string} */ line) => line.trim()).filter(Boolean); set(lines.length || required ? lines : undefined); }}></textarea>`);
      }
      case 'object':
        if (schema.properties) return this.group(schema, value || {}, path);
        if (schema.additionalProperties && typeof schema.additionalProperties === 'object') return this.map(schema, value || {}, path);
    }
    return this.json(schema, value, path, required);
  }

  /** What no field is made for is written as JSON. @param {Schema} schema @param {any} value @param {(string | number)[]} path @param {boolean} required */
  json(schema, value, path, required) {
    const id = this.idOf(path);
    const unread = this.unread.get(id);
    return this.labelled({ ...schema, description: [schema.description, t('admin.as-json')].filter(Boolean).join(' ') }, path, required, html`<textarea id=${id} class="code" rows="4" spellcheck="false" ?disabled=${this.locked}
      aria-invalid=${unread === undefined ? nothing : 'true'} .value=${unread ?? (value === undefined ? '' : JSON.stringify(value, null, 2))}
      @change=${(/** @type {any} */ event) => {
    try {
      this.unread.delete(id);
      this.set(path, event.target.value.trim() ? JSON.parse(event.target.value) : undefined);
    } catch {
      this.unread.set(id, event.target.value);
      this.requestUpdate();
    }
  }}></textarea>${unread === undefined ? nothing : html`<p class="fault">${t('admin.no-json')}</p>`}`);
  }

  /** Any of a list of choices. @param {Schema} schema @param {any} value @param {(string | number)[]} path */
  several(schema, value, path) {
    const chosen = new Set(value || []);
    const choices = schema.choices || schema.items.enum.map((/** @type {string} */ one) => ({ value: one, label: schema.words?.[one] ?? one }));
    const gone = [...chosen].filter((one) => !choices.some((/** @type {any} */ choice) => choice.value === one));
    const wrong = this.wrong(path, true);
    const toggle = (/** @type {string} */ one, /** @type {boolean} */ on) => {
      const next = [...choices.map((/** @type {any} */ choice) => choice.value), ...gone].filter((each) => (each === one ? on : chosen.has(each)));
      this.set(path, next.length ? next : undefined);
    };
    return html`<fieldset class="field several ${wrong.length ? 'wrong' : ''}"><legend>${schema.title || path.at(-1)}</legend>
      ${schema.description ? html`<p class="hint">${schema.description}</p>` : nothing}
      <div class=${schema.tall ? 'choices tall' : 'choices'}>${[...choices, ...gone.map((one) => ({ value: one, label: one }))].map((/** @type {any} */ one) => html`<label class="check"><input type="checkbox" ?disabled=${this.locked}
        .checked=${chosen.has(one.value)} @change=${(/** @type {any} */ event) => toggle(one.value, event.target.checked)}> ${one.label}</label>`)}
        ${choices.length || gone.length ? nothing : html`<span class="quiet">${t('admin.none-yet')}</span>`}</div>
      ${wrong.map((one) => html`<p class="fault">${one.detail}</p>`)}</fieldset>`;
  }

  /** A list of objects. @param {Schema} schema @param {Schema} items @param {any[]} value @param {(string | number)[]} path */
  rows(schema, items, value, path) {
    const wrong = this.wrong(path, false);
    const put = (/** @type {any[]} */ next) => this.set(path, next.length ? next : undefined);
    return html`<fieldset class="field many"><legend>${schema.title || path.at(-1)}</legend>
      ${schema.description ? html`<p class="hint">${schema.description}</p>` : nothing}
      ${value.map((row, at) => html`<div class="row-form">${this.group({ ...items, title: undefined, description: undefined }, row, [...path, at])}
        ${schema.ranked && at && !this.locked ? html`<button type="button" class="plain" @click=${() => put(value.toSpliced(at - 1, 2, row, value[at - 1]))}>↑<span class="hidden"> ${t('admin.up', { name: `${schema.title} ${at + 1}` })}</span></button>` : nothing}
        ${this.locked ? nothing : html`<button type="button" class="plain" @click=${() => put(value.filter((_, other) => other !== at))}>${t('admin.remove')}<span class="hidden"> ${schema.title} ${at + 1}</span></button>`}</div>`)}
      ${this.locked ? nothing : html`<button type="button" @click=${() => put([...value, blank(items)])}>${schema.add || t('admin.add')}</button>`}
      ${wrong.map((one) => html`<p class="fault">${one.detail}</p>`)}</fieldset>`;
  }

  /** Values by name. @param {Schema} schema @param {Record<string, any>} value @param {(string | number)[]} path */
  map(schema, value, path) {
    const id = this.idOf(path);
    const inner = schema.additionalProperties;
    const wrong = this.wrong(path, false);
    const add = () => {
      const input = /** @type {HTMLInputElement} */ (this.querySelector(`#${CSS.escape(`${id}-new`)}`));
      const key = input.value.trim();
      if (!key || key in value) return;
      input.value = '';
      this.set([...path, key], inner.start ?? blank(this.resolve(inner)));
    };
    const names = schema.keys?.filter((/** @type {any} */ one) => !(one.value in value));
    return html`<fieldset class="field many"><legend>${schema.title || path.at(-1)}</legend>
      ${schema.description ? html`<p class="hint">${schema.description}</p>` : nothing}
      ${Object.entries(value).map(([key, one]) => html`<div class="row-form named">${this.field({ ...inner, quietly: true, title: schema.keys?.find((/** @type {any} */ known) => known.value === key)?.label || key }, one, [...path, key], true)}
        ${this.locked ? nothing : html`<button type="button" class="plain" @click=${() => this.set([...path, key], undefined)}>${t('admin.remove')}<span class="hidden"> ${key}</span></button>`}</div>`)}
      ${this.locked || (names && !names.length) ? nothing : html`<div class="buttons">${names
    ? html`<select id="${id}-new" aria-label=${t('admin.new-name', { what: schema.title || '' })}>${names.map((/** @type {any} */ one) => html`<option value=${one.value}>${one.label}</option>`)}</select>`
    : html`<input id="${id}-new" aria-label=${t('admin.new-name', { what: schema.title || '' })} placeholder=${schema.placeholder || t('admin.name')} list=${schema.suggest ? `${id}-names` : nothing}
        @keydown=${(/** @type {KeyboardEvent} */ event) => { if (event.key === 'Enter') { event.preventDefault(); add(); } }}>
        ${schema.suggest ? html`<datalist id="${id}-names">${schema.suggest.map((/** @type {string} */ one) => html`<option value=${one}></option>`)}</datalist>` : nothing}`}
        <button type="button" @click=${add}>${t('admin.add')}</button></div>`}
      ${wrong.map((one) => html`<p class="fault">${one.detail}</p>`)}</fieldset>`;
  }

  /** The fields of an object: what is needed or set first, the rest folded away. @param {Schema} schema @param {any} value @param {(string | number)[]} path @returns {any} */
  group(schema, value, path) {
    const required = new Set(schema.required || []);
    const entries = Object.entries(schema.properties || {});
    const before = path.reduce((/** @type {any} */ at, key) => at?.[key], this.first) || {};
    // An entry of a list that was there shows what it has; a new one shows everything that it could have.
    const folds = path.length === 0 || schema.folds || (typeof path.at(-1) === 'number' && !schema.ordered && entries.length > 4 && Object.keys(before).length > 0);
    const isFirst = (/** @type {[string, Schema]} */ [key, inner]) => required.has(key) || !folds
      || (inner.folded === undefined ? schema.ordered || before[key] !== undefined : !inner.folded) || this.wrong([...path, key], true).length;
    const [first, rest] = [entries.filter(isFirst), entries.filter((entry) => !isFirst(entry))];
    if (!schema.ordered) first.sort(([one], [other]) => Number(required.has(other)) - Number(required.has(one)));
    const draw = (/** @type {[string, Schema]} */ [key, inner]) => this.field(inner, value[key], [...path, key], required.has(key));
    const wrong = this.wrong(path, false);
    const body = html`${first.map(draw)}
      ${rest.length ? html`<details class="more"><summary>${t('admin.more-settings', { count: rest.length })}</summary>${rest.map(draw)}</details>` : nothing}
      ${wrong.map((one) => html`<p class="fault">${one.detail}</p>`)}`;
    if (!path.length || (!schema.title && !schema.description)) return body;
    return html`<fieldset class="field nested"><legend>${schema.title || path.at(-1)}</legend>
      ${schema.description ? html`<p class="hint">${schema.description}</p>` : nothing}${body}</fieldset>`;
  }

  render() {
    return html`<div class="form">${this.group(this.resolve(this.schema), this.value || {}, [])}</div>`;
  }
}
customElements.define('lc-form', Form);

/** What is wrong that no field of a form shows: it is told above it. @param {Fault[]} faults @param {string[]} shown pointers that forms stand for */
export const elsewhere = (faults, shown) => faults.filter(({ pointer }) => !shown.some((at) => pointer.startsWith(`${at}/`)));
