import { Problem, ask, call, part } from '../../api.js';
import { moment, t } from '../../i18n.js';
import { Part, html, nothing } from '../../part.js';
import { store } from '../../store.js';
import { sure } from '../sure.js';
import { rule as ruleSchema } from './kinds.js';
import { drafts, site } from './site.js';

/** How long after the last key the rules are checked, in milliseconds. */
const SOON = 350;
/** How many recorded messages rules are tried with. */
const TRIED = 200;

/** The rules of a site: an ordered list, checked while it is written, and tried with what customers wrote. */
class Rules extends Part {
  static follows = [store, site];
  static properties = {
    rules: { state: true }, faults: { state: true }, open: { state: true }, told: { state: true }, tried: { state: true },
    versions: { state: true }, facts: { state: true }, dirty: { state: true }, busy: { state: true },
  };

  constructor() {
    super();
    /** @type {any[] | undefined} */
    this.rules = undefined;
    /** @type {any[]} */
    this.faults = [];
    this.open = -1;
    this.told = '';
    /** @type {any} */
    this.tried = undefined;
    /** @type {any[] | undefined} */
    this.versions = undefined;
    /** @type {any[] | undefined} */
    this.facts = undefined;
    this.dirty = false;
    this.busy = false;
    this.etag = '';
    /** Keeps each rule's form when others move. @type {WeakMap<object, string>} */
    this.names = new WeakMap();
    this.next = 0;
  }

  connectedCallback() {
    super.connectedCallback();
    void this.load();
    void call('GET', 'rules/facts').then((facts) => { this.facts = facts; }, () => {});
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearTimeout(this.soon);
  }

  async load() {
    const found = await store.attempt(() => ask('GET', 'rules'));
    if (!found) return;
    this.rules = found.value.rules;
    this.etag = found.etag;
    this.dirty = false;
    this.faults = [];
    const kept = drafts.get('rules');
    if (kept) this.draft(kept);
  }

  discard() {
    drafts.delete('rules');
    void this.load();
  }

  /** @param {any[]} rules */
  draft(rules) {
    this.rules = rules;
    drafts.set('rules', rules);
    this.dirty = true;
    this.told = '';
    this.tried = undefined;
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.check(), SOON);
  }

  async check() {
    const { rules } = this;
    try {
      const { faults } = await call('POST', 'rules/check', { rules });
      // Something else was typed meanwhile.
      if (rules === this.rules) this.faults = faults;
    } catch (error) {
      if (rules === this.rules && error instanceof Problem) this.faults = error.faults.length ? error.faults : [{ pointer: '', detail: error.message }];
    }
  }

  async test() {
    await this.check();
    if (this.faults.length) return;
    this.busy = true;
    this.tried = await store.attempt(() => call('POST', 'rules/test', { rules: this.rules, messages: TRIED }));
    this.busy = false;
    /** @type {any} */
    const tried = this.tried;
    // What was said makes a difference legible.
    const texts = await Promise.all((tried?.differences || []).slice(0, 20).map(async (/** @type {any} */ one) => {
      const page = one.interaction && await call('GET', `interactions/${part(one.interaction)}/messages?limit=50`).catch(() => undefined);
      return [one.message, page?.items.find((/** @type {any} */ message) => message.id === one.message)?.content.text];
    }));
    if (tried && tried === this.tried) this.tried = { ...tried, texts: new Map(texts) };
  }

  async save() {
    this.busy = true;
    try {
      const saved = await ask('PUT', 'rules', { rules: this.rules }, { match: this.etag });
      this.rules = saved.value.rules;
      this.etag = saved.etag;
      this.faults = [];
      this.dirty = false;
      drafts.delete('rules');
      this.told = t('admin.saved');
      this.versions = undefined;
      await site.load();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.faults = error.faults.length ? error.faults : [{ pointer: '', detail: error.message }];
    } finally {
      this.busy = false;
    }
  }

  async former() {
    if (this.versions) {
      this.versions = undefined;
      return;
    }
    const page = await store.attempt(() => call('GET', 'rules/versions?limit=50'));
    this.versions = page?.items;
  }

  /** @param {any} version */
  async undo(version) {
    if (!await sure(t('admin.undo-sure', { at: moment(version.at) }), t('admin.undo'))) return;
    const done = await store.attempt(() => ask('POST', `rules/versions/${version.id}/undo`, undefined, { match: '*' }));
    if (!done) return;
    this.told = t('admin.undone');
    drafts.delete('rules');
    this.versions = undefined;
    await this.load();
    await site.load();
  }

  /** @param {number} at @param {number} by */
  move(at, by) {
    /** @type {any[]} */
    const rules = [...this.rules || []];
    const [one] = rules.splice(at, 1);
    rules.splice(at + by, 0, one);
    if (this.open === at) this.open = at + by;
    this.draft(rules);
  }

  add() {
    /** @type {any[]} */
    const rules = this.rules || [];
    const names = new Set(rules.map((one) => one.name));
    let number = rules.length + 1;
    while (names.has(`rule-${number}`)) number += 1;
    this.open = rules.length;
    this.draft([...rules, { name: `rule-${number}`, then: {} }]);
  }

  /** Of a rule: what it does, in short. @param {any} rule */
  gist(rule) {
    const then = rule.then || {};
    const parts = Object.entries(then).filter(([, value]) => value && (typeof value !== 'object' || Object.keys(value).length))
      .map(([what, value]) => `${t(`admin.gist.${what}`)}${typeof value === 'boolean' || (typeof value === 'object' && !Array.isArray(value)) ? '' : ` ${Array.isArray(value) ? value.map((one) => one.skill || one).join(', ') : value}`}`);
    return parts.join(' · ') || t('admin.gist.nothing');
  }

  /** The text of a condition with the place of what is wrong. @param {any} rule @param {any[]} wrong */
  place(rule, wrong) {
    const first = wrong.find((one) => one.line && one.pointer.endsWith('/when'));
    if (!first || !rule.when) return nothing;
    const line = rule.when.split('\n')[first.line - 1] ?? '';
    const at = Math.max(0, (first.column || 1) - 1);
    return html`<p class="code-place" aria-hidden="true"><code>${line.slice(0, at)}<mark>${line.slice(at, at + 1) || ' '}</mark>${line.slice(at + 1)}</code></p>`;
  }

  /** @param {any} rule @param {number} at */
  row(rule, at) {
    const wrong = this.faults.filter(({ pointer }) => pointer === `/rules/${at}` || pointer.startsWith(`/rules/${at}/`));
    const isOpen = at === this.open;
    const last = (this.rules || []).length - 1;
    return html`<li class="rule ${wrong.length ? 'wrong' : ''}"><div class="topline">
        <button type="button" class="link" aria-expanded=${isOpen} @click=${() => { this.open = isOpen ? -1 : at; }}>${at + 1}. ${rule.name}</button>
        ${wrong.length ? html`<span class="chip bad">${t('admin.faults', { count: wrong.length })}</span>` : nothing}
        <span class="line quiet grow">${rule.when || t('admin.always')} → ${this.gist(rule)}${rule.stop ? ` · ${t('admin.stops')}` : ''}</span>
        <button type="button" class="plain" ?disabled=${!at} @click=${() => this.move(at, -1)}>↑<span class="hidden"> ${t('admin.up', { name: rule.name })}</span></button>
        <button type="button" class="plain" ?disabled=${at === last} @click=${() => this.move(at, 1)}>↓<span class="hidden"> ${t('admin.down', { name: rule.name })}</span></button>
        <button type="button" class="plain" @click=${() => { this.open = -1; this.draft((this.rules || []).filter((_, other) => other !== at)); }}>${t('admin.remove')}<span class="hidden"> ${rule.name}</span></button></div>
      ${isOpen ? html`<div class="editor-body">${this.place(rule, wrong)}<lc-form .schema=${ruleSchema(/** @type {any} */ ({ config: site.config || {} }))} .value=${rule} .faults=${wrong} .at=${`/rules/${at}`} .of=${String(at)}
        @draft=${(/** @type {CustomEvent} */ event) => this.draft((this.rules || []).map((one, other) => (other === at ? event.detail : one)))}></lc-form></div>`
    : wrong.map((one) => html`<p class="fault">${one.detail}</p>`)}</li>`;
  }

  result() {
    const { tried } = this;
    if (!tried) return nothing;
    const steps = (/** @type {any[]} */ all) => all.map((step) => `${step.rule}: ${(step.did || []).map((/** @type {any} */ did) => did.what).join(', ') || step.undecided || '–'}`).join('; ') || t('admin.gist.nothing');
    return html`<section class="sheet" aria-labelledby="test-title"><header><h3 id="test-title">${t('admin.tested', { count: tried.messages, different: tried.differences.length })}</h3></header>
      ${tried.differences.length ? html`<div class="scroll" tabindex="0" role="group" aria-labelledby="test-title"><table><thead><tr><th scope="col">${t('admin.message')}</th><th scope="col">${t('admin.before')}</th><th scope="col">${t('admin.after')}</th></tr></thead>
        <tbody>${tried.differences.map((/** @type {any} */ one) => html`<tr><th scope="row"><bdi>${tried.texts?.get(one.message)?.slice(0, 300) || moment(one.at)}</bdi> <span class="quiet">${one.channel}</span></th><td>${steps(one.before)}</td><td>${steps(one.after)}</td></tr>`)}</tbody></table></div>`
    : html`<p class="empty">${t('admin.no-difference')}</p>`}</section>`;
  }

  render() {
    if (!this.rules) return html`<p class="quiet" role="status">${t('app.loading')}</p>`;
    const lost = this.faults.filter(({ pointer }) => !/^\/rules\/\d/.test(pointer));
    return html`<div class="pile"><section class="sheet" aria-labelledby="rules-title"><header><h2 id="rules-title">${t('admin.rules')}</h2><span class="quiet">${this.rules.length}</span><span class="grow"></span>
        <span role="status" class=${this.faults.length ? 'fault' : 'quiet'}>${this.faults.length ? t('admin.faults', { count: this.faults.length }) : this.told || (this.dirty ? t('admin.not-saved') : '')}</span>
        <button type="button" @click=${this.add}>${t('admin.new')}</button><button type="button" ?disabled=${this.busy || !this.rules.length} @click=${this.test}>${t('admin.test')}</button>
        <button type="button" aria-expanded=${Boolean(this.versions)} @click=${this.former}>${t('admin.versions')}</button>
        <button type="button" ?disabled=${!this.dirty} @click=${this.discard}>${t('admin.discard')}</button>
        <button type="button" class="main" ?disabled=${this.busy || !this.dirty || this.faults.length > 0} @click=${this.save}>${t('admin.save')}</button></header>
      ${lost.map((one) => html`<p class="fault pad">${one.detail}</p>`)}
      <p class="quiet pad">${t('admin.rules-hint')}</p>
      <ol class="cards rules">${this.rules.map((rule, at) => this.row(rule, at))}</ol></section>
    ${this.result()}
    ${this.versions ? html`<section class="sheet" aria-labelledby="versions-title"><header><h3 id="versions-title">${t('admin.versions')}</h3></header><ul class="cards">${this.versions.map((one) => html`<li><div class="topline"><time>${moment(one.at)}</time><span>${one.by}</span>
        <span class="quiet grow">${t('admin.version-of', { before: one.before.length, after: one.after.length })}</span><button type="button" @click=${() => this.undo(one)}>${t('admin.undo')}<span class="hidden"> ${moment(one.at)}</span></button></div></li>`)}</ul>
        ${this.versions.length ? nothing : html`<p class="empty">${t('admin.no-versions')}</p>`}</section>` : nothing}
    ${this.facts ? html`<details class="sheet fact-table"><summary>${t('admin.facts', { count: this.facts.length })}</summary><div class="scroll" tabindex="0" role="group" aria-label=${t('admin.facts', { count: this.facts.length })}><table><thead><tr><th scope="col">${t('admin.name')}</th><th scope="col">${t('admin.type')}</th><th scope="col">${t('admin.meaning')}</th></tr></thead>
      <tbody>${this.facts.map((one) => html`<tr><th scope="row"><code>${one.name}</code></th><td>${one.type}${one.always ? '' : ` · ${t('admin.sometimes')}`}</td><td>${one.description}</td></tr>`)}</tbody></table></div></details>` : nothing}</div>`;
  }
}
customElements.define('lc-rules', Rules);
