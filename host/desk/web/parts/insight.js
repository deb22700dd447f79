import { call } from '../api.js';
import { moment, number, t, word } from '../i18n.js';
import { Part, html, nothing } from '../part.js';
import { store } from '../store.js';

/** The least and the greatest value of a score, as far as they are fixed. */
const RANGES = { sentiment: [-1, 1], influence: [0, 1], actionability: [0, 1] };

/** What holds of a message: what the analyzers found, and what people corrected. @param {any} message */
export function verdict(message) {
  /** @type {Map<string, {value: number, by: string}>} */
  const scores = new Map();
  /** @type {Map<string, string>} */
  const labels = new Map();
  for (const finding of message.findings || []) {
    for (const one of finding.scores || []) scores.set(one.name, { value: one.value, by: finding.analyzer });
    for (const one of finding.labels || []) labels.set(one.name, `${finding.analyzer} · ${number(one.confidence, { style: 'percent' })}`);
  }
  const correction = (message.corrections || []).at(-1);
  for (const [name, value] of Object.entries(correction?.scores || {})) scores.set(name, { value, by: correction.by });
  if (correction?.labels) {
    labels.clear();
    for (const name of correction.labels) labels.set(name, correction.by);
  }
  return { scores, labels, correction };
}

/** What analyzers and rules made of one message; people can say it better. */
class Insight extends Part {
  static follows = /** @type {EventTarget[]} */ ([]);

  static properties = { message: {}, mine: {}, editing: { state: true } };

  constructor() {
    super();
    /** @type {any} */
    this.message = undefined;
    this.mine = false;
    this.editing = false;
  }

  /** @param {Map<string, any>} changed */
  willUpdate(changed) {
    if (changed.has('message') && changed.get('message')?.id !== this.message?.id) this.editing = false;
  }

  /** @param {unknown} body */
  async put(body) {
    const { id, interaction } = this.message;
    await store.attempt(() => call('PUT', `interactions/${interaction}/messages/${id}/scores`, body));
    if (!store.notice) this.editing = false;
  }

  /** @param {SubmitEvent} event */
  save(event) {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const { scores } = verdict(this.message);
    const labels = String(form.get('labels') || '').split(',').map((one) => one.trim()).filter(Boolean);
    return this.put({ labels, scores: Object.fromEntries([...scores.keys()].map((name) => [name, Number(form.get(`score-${name}`))])) });
  }

  edit() {
    const { scores, labels } = verdict(this.message);
    return html`<form class="stack" @submit=${this.save}>
      ${[...scores].map(([name, { value }]) => {
    const [min, max] = /** @type {any} */ (RANGES)[name] || [-1, 1];
    return html`<label>${word('score', name)} <input type="number" name=${`score-${name}`} min=${min} max=${max} step="0.01" .value=${String(value)} required></label>`;
  })}
      <label>${t('insight.labels')} <input name="labels" .value=${[...labels.keys()].join(', ')}></label>
      <div class="buttons"><button class="main">${t('insight.save')}</button>
        <button type="button" @click=${() => { this.editing = false; }}>${t('app.cancel')}</button></div></form>`;
  }

  /** @param {any} trace */
  trace(trace) {
    const steps = trace.steps || [];
    return html`<details class="trace"><summary>${t('insight.rules', { count: steps.length, all: trace.looked_at })}</summary>
      ${trace.hours ? html`<p class="quiet">${t('insight.hours')} <span dir="auto">${trace.hours.calendar || trace.hours.hours || ''} ${trace.hours.reason || ''}</span></p>` : nothing}
      <ul>${steps.map((/** @type {any} */ step) => html`<li><strong>${step.rule}</strong>
        ${step.undecided ? html`<p class="problem">${t('insight.undecided')} <span dir="auto">${step.undecided}</span></p>` : nothing}
        ${(step.did || []).map((/** @type {any} */ did) => html`<p>${did.what}${did.not_done ? html` <span class="problem">${t('insight.not-done')} ${did.not_done}</span>` : nothing}</p>`)}
        ${step.stopped ? html`<p class="quiet">${t('insight.stopped')}</p>` : nothing}</li>`)}</ul></details>`;
  }

  render() {
    const message = this.message;
    if (!message) return nothing;
    const { scores, labels, correction } = verdict(message);
    if (this.editing) return this.edit();
    return html`
      ${scores.size || labels.size ? html`<dl class="facts">${[...scores].map(([name, { value, by }]) => html`<dt>${word('score', name)}</dt>
        <dd title=${by}><meter min=${(/** @type {any} */ (RANGES)[name] || [-1])[0]} max="1" value=${value} aria-label=${word('score', name)}></meter> ${number(value, { maximumFractionDigits: 2, signDisplay: 'exceptZero' })}</dd>`)}
        ${labels.size ? html`<dt>${t('insight.labels')}</dt><dd>${[...labels].map(([name, by]) => html`<span class="chip" title=${by}>${name}</span> `)}</dd>` : nothing}</dl>`
    : html`<p class="quiet">${t('insight.none')}</p>`}
      ${correction ? html`<p class="quiet">${t('insight.corrected', { by: correction.by, at: moment(correction.at) })}
        ${this.mine ? html`<button class="small" @click=${() => this.put({})}>${t('insight.undo')}</button>` : nothing}</p>` : nothing}
      ${this.mine && message.author.kind === 'contact' ? html`<button class="small" @click=${() => { this.editing = true; }}>${t('insight.correct')}</button>` : nothing}
      ${message.rules ? this.trace(message.rules) : nothing}`;
  }
}
customElements.define('lc-insight', Insight);
