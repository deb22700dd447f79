import { Problem, call } from '../../api.js';
import { moment, number, t, word } from '../../i18n.js';
import { Part, html, nothing } from '../../part.js';
import { sure } from '../sure.js';
import { elsewhere } from './form.js';
import { drafts } from './site.js';

/** The least and the greatest value of a score, as far as they are fixed. */
const RANGES = { sentiment: [-1, 1], influence: [0, 1], actionability: [0, 1] };

/** One message that models learn from: its words and labels, or what people said of a customer's. */
class Lesson extends Part {
  static properties = { open: {}, item: {}, loading: {}, draft: { state: true }, faults: { state: true }, busy: { state: true }, told: { state: true }, dirty: { state: true } };

  constructor() {
    super();
    /** `+` for a new one. */
    this.open = '';
    /** @type {any} */
    this.item = undefined;
    this.loading = false;
    /** @type {any} */
    this.draft = undefined;
    /** @type {import('./form.js').Fault[]} */
    this.faults = [];
    this.busy = false;
    this.told = '';
    this.dirty = false;
    /** Which one was saved last. */
    this.saved = '';
  }

  get key() { return `training/${this.open}`; }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (changed.has('open')) {
      this.draft = undefined;
      // A new one that was saved has its id now.
      if (this.open !== this.saved) this.told = '';
      this.saved = '';
      this.faults = [];
    }
    // What others change meanwhile is shown, unless something is being typed.
    const other = changed.has('item') && this.item && !this.dirty;
    if (!this.draft || other) this.begin();
  }

  begin() {
    const kept = drafts.get(this.key);
    this.dirty = Boolean(kept);
    if (kept) this.draft = kept;
    else if (this.open === '+') this.draft = { text: '', labels: [], excluded: false };
    else this.draft = this.item && this.fresh(this.item);
  }

  /** @param {any} item */
  fresh({ source, text, labels, excluded, correction, findings }) {
    if (source === 'added') return { text, labels, excluded };
    if (source === 'disposition') return { excluded };
    const found = findings.flatMap((/** @type {any} */ one) => one.scores || []);
    const scores = { ...Object.fromEntries(found.map((/** @type {any} */ one) => [one.name, one.value])), ...correction?.scores };
    return { labels, ...(Object.keys(scores).length ? { scores } : {}), excluded };
  }

  /** What can be changed of it. */
  get schema() {
    const source = this.open === '+' ? 'added' : this.item?.source;
    const labels = { type: 'array', items: { type: 'string' }, title: t('admin.labels') };
    const excluded = { type: 'boolean', title: t('training.is-excluded') };
    if (source === 'disposition') return { type: 'object', ordered: true, properties: { excluded } };
    if (source === 'added') return { type: 'object', ordered: true, required: ['text', 'labels'], properties: { text: { type: 'string', multiline: true, title: t('training.text') }, labels, excluded } };
    const names = Object.keys(this.draft?.scores || {});
    const score = (/** @type {string} */ name) => {
      const [minimum, maximum] = /** @type {any} */ (RANGES)[name] || [];
      return [name, { type: 'number', minimum, maximum, title: word('score', name) }];
    };
    return { type: 'object', ordered: true, required: ['labels'], properties: { labels,
      ...(names.length ? { scores: { type: 'object', ordered: true, title: t('admin.scores'), properties: Object.fromEntries(names.map(score)) } } : {}), excluded } };
  }

  /** @param {any} draft */
  keep(draft) {
    this.draft = draft;
    this.told = '';
    this.dirty = true;
    drafts.set(this.key, draft);
  }

  discard() {
    drafts.delete(this.key);
    this.faults = [];
    this.begin();
  }

  /** @returns {Promise<string>} the id of what was saved */
  async put() {
    const { draft, item } = this;
    if (this.open === '+') return (await call('POST', 'training-messages', draft)).id;
    if (item.source === 'added') {
      await call('PUT', `training-messages/${item.id}`, draft);
      return item.id;
    }
    const path = `interactions/${item.interaction}/messages/${item.message}`;
    const before = this.fresh(item);
    if (Boolean(draft.excluded) !== item.excluded) await call('PUT', `${path}/training`, { excluded: Boolean(draft.excluded) });
    const changed = (/** @type {'labels' | 'scores'} */ name) => JSON.stringify(draft[name]) !== JSON.stringify(/** @type {any} */ (before)[name]);
    if (item.source === 'correction' && (changed('labels') || changed('scores'))) {
      // What nobody touched stays as it was found.
      const labels = changed('labels') || item.correction.labels ? { labels: draft.labels || [] } : {};
      const scores = Object.entries(draft.scores || {}).filter(([name, value]) => value !== /** @type {any} */ (before).scores?.[name] || name in (item.correction.scores || {}));
      await call('PUT', `${path}/scores`, { ...labels, scores: Object.fromEntries(scores) });
    }
    return item.id;
  }

  /** @param {() => Promise<string>} what @param {string} done */
  async doing(what, done) {
    this.busy = true;
    this.told = '';
    try {
      const id = await what();
      drafts.delete(this.key);
      this.dirty = false;
      this.faults = [];
      this.told = done;
      this.saved = id;
      this.dispatchEvent(new CustomEvent('done', { detail: id }));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.faults = error.faults.length ? error.faults : [{ pointer: '', detail: error.message }];
      await this.updateComplete;
      /** @type {HTMLElement | null} */ (this.querySelector('.wrong :is(input, select, textarea), .page-faults'))?.focus();
    } finally {
      this.busy = false;
    }
  }

  /** @param {SubmitEvent} event */
  save(event) {
    event.preventDefault();
    return this.doing(() => this.put(), t('training.saved'));
  }

  async erase() {
    if (!await sure(t('training.delete-sure'), t('admin.delete'))) return;
    await this.doing(async () => {
      await call('DELETE', `training-messages/${this.open}`);
      return '';
    }, t('admin.deleted'));
  }

  /** What the analyzers had found, beside what somebody said in their place. @param {any} item */
  verdicts(item) {
    const { correction, findings } = item;
    const shown = (/** @type {{name: string, confidence?: number}[]} */ labels, /** @type {{name: string, value: number}[]} */ scores) => html`
      ${labels.map((one) => html`<span class="chip label">${one.name}${one.confidence === undefined ? nothing : html` <span class="quiet">${number(one.confidence, { style: 'percent' })}</span>`}</span> `)}
      ${scores.map((one) => html`<span class="chip">${word('score', one.name)} ${number(one.value, { maximumFractionDigits: 2, signDisplay: 'exceptZero' })}</span> `)}
      ${labels.length || scores.length ? nothing : html`<span class="quiet">${t('admin.nothing')}</span>`}`;
    const pairs = (/** @type {any} */ scores) => Object.entries(scores || {}).map(([name, value]) => ({ name, value }));
    return html`<dl class="facts">
      ${findings.map((/** @type {any} */ one) => html`<dt>${one.analyzer}</dt><dd>${one.failure ? html`<span class="problem">${one.failure}</span>` : shown(one.labels || [], one.scores || [])}
        <span class="quiet line">${[one.plugin, one.model, one.language].filter(Boolean).join(' · ')}</span></dd>`)}
      ${findings.length ? nothing : html`<dt>${t('admin.analyzers')}</dt><dd class="quiet">${t('insight.none')}</dd>`}
      ${correction ? html`<dt><strong>${correction.by}</strong></dt><dd>${correction.labels ? shown(correction.labels.map((/** @type {string} */ name) => ({ name })), pairs(correction.scores)) : shown([], pairs(correction.scores))}
        <span class="quiet line">${t('insight.corrected', { by: correction.by, at: moment(correction.at) })}</span></dd>` : nothing}</dl>`;
  }

  render() {
    const { draft, item } = this;
    const isNew = this.open === '+';
    if (!draft) return html`<section class="sheet"><header><h2>${t('training.one')}</h2><span class="grow"></span><a href="#/admin/training">${t('supervisor.close')}</a></header>
      <p class="empty" role="status">${t(this.loading ? 'app.loading' : 'training.gone')}</p></section>`;
    const own = isNew || item?.source === 'added';
    const lost = elsewhere(this.faults, ['']);
    return html`<form class="sheet editor" @submit=${this.save} novalidate>
      <header><h2>${isNew ? t('admin.new-training') : t('training.one')}</h2>${item ? html`<span class="chip ${item.source === 'correction' ? 'ok' : ''}">${t(`training.source.${item.source}`)}</span>` : nothing}<span class="grow"></span>
        <a href="#/admin/training">${t('supervisor.close')}</a></header>
      <div class="editor-body">
        ${lost.length ? html`<div class="page-faults" tabindex="-1" role="alert">${lost.map((one) => html`<p class="fault">${one.detail}</p>`)}</div>` : nothing}
        ${own || !item ? nothing : html`<blockquote class="text" dir="auto">${item.text}</blockquote>
          <p class="quiet">${item.channel} · <a href="#/interactions/${item.interaction}">${t('supervisor.case')}</a></p>
          ${this.verdicts(item)}
          ${item.source === 'disposition' ? html`<p class="quiet">${t('training.by-code', { code: item.labels.join(', '), by: item.by || '–' })}</p>` : nothing}`}
        <lc-form .schema=${this.schema} .value=${draft} .faults=${this.faults} .at=${''} .of=${`${this.key} ${item?.source || ''}`}
          @draft=${(/** @type {CustomEvent} */ event) => this.keep(event.detail)}></lc-form></div>
      <footer class="buttons"><button class="main" ?disabled=${this.busy}>${t('admin.save')}</button>
        ${own && !isNew ? html`<button type="button" class="danger" ?disabled=${this.busy} @click=${this.erase}>${t('admin.delete')}</button>` : nothing}
        ${this.dirty ? html`<button type="button" class="plain" @click=${this.discard}>${t('admin.discard')}</button>` : nothing}
        <span role="status" class="quiet">${this.told || (this.dirty ? t('admin.not-saved') : '')}</span></footer></form>`;
  }
}
customElements.define('lc-lesson', Lesson);
