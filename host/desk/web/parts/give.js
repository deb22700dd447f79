import { call } from '../api.js';
import { lasting, t } from '../i18n.js';
import { Part, html, nothing } from '../part.js';
import { store } from '../store.js';

/** How often it is read again who is there: both change while one looks. */
const AGAIN = 5_000;

/** To whom an interaction is given, or who is asked about it. */
class Give extends Part {
  static follows = /** @type {EventTarget[]} */ ([]);

  static properties = { item: {}, targets: { state: true }, search: { state: true }, chosen: { state: true }, busy: { state: true } };

  constructor() {
    super();
    /** @type {any} */
    this.item = undefined;
    /** @type {any} */
    this.targets = undefined;
    this.search = '';
    this.chosen = '';
    this.busy = false;
  }

  connectedCallback() {
    super.connectedCallback();
    void this.load(true);
    this.reading = setInterval(() => this.load(false), AGAIN);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.reading);
  }

  /** @param {boolean} first */
  async load(first) {
    const path = `interactions/${this.item.id}/transfer-targets`;
    if (first) this.targets = await store.attempt(() => call('GET', path));
    else this.targets = await call('GET', path).catch(() => this.targets);
    if (!first) return;
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector('input'))?.focus();
  }

  /** @param {'transfer' | 'consult'} what */
  async go(what) {
    const [kind, id] = [this.chosen.slice(0, this.chosen.indexOf(':')), this.chosen.slice(this.chosen.indexOf(':') + 1)];
    const to = kind === 'skills' ? { skills: [{ skill: id }] } : { [kind]: id };
    this.busy = true;
    await store.attempt(() => call('POST', `interactions/${this.item.id}/${what}`, to));
    this.busy = false;
    if (!store.notice) this.dispatchEvent(new Event('done'));
  }

  /** All that can be chosen, with what decides. */
  get all() {
    const { queues = [], agents = [], skills = [] } = this.targets || {};
    const free = (/** @type {number} */ count) => t('give.free', { count });
    return [
      ...agents.map((/** @type {any} */ one) => ({
        group: 'agents', value: `agent:${one.agent}`, name: one.name || one.agent, good: one.available,
        about: `${one.presence.state === 'not-ready' ? one.presence.reason : t(`presence.${one.presence.state}`)} · ${t('give.in-hand', { count: one.in_hand })}`,
      })).sort((/** @type {any} */ one, /** @type {any} */ other) => Number(other.good) - Number(one.good)),
      ...queues.map((/** @type {any} */ one) => ({
        group: 'queues', value: `queue:${one.queue}`, name: one.name || one.queue, good: one.available > 0 && !one.paused,
        about: [one.paused ? t('give.paused') : free(one.available), t('give.waiting', { count: one.waiting }),
          one.estimated_wait_seconds === undefined ? '' : t('give.estimate', { time: lasting(one.estimated_wait_seconds * 1000) })].filter(Boolean).join(' · '),
      })),
      ...skills.map((/** @type {any} */ one) => ({
        group: 'skills', value: `skills:${one.skill}`, name: one.skill, good: one.available > 0,
        about: `${t('give.members', { count: one.members })} · ${free(one.available)}`,
      })),
    ];
  }

  render() {
    if (!this.targets) return html`<p class="quiet" role="status">${t('app.loading')}</p>`;
    const words = this.search.toLowerCase();
    const found = this.all.filter((one) => one.name.toLowerCase().includes(words) || one.value.toLowerCase().includes(words));
    const groups = Map.groupBy(found, (one) => one.group);
    const owner = this.item.agent === store.me;
    return html`<div class="stack">
      <input type="search" aria-label=${t('give.search')} placeholder=${t('give.search')} .value=${this.search} @input=${(/** @type {any} */ event) => { this.search = event.target.value; }}>
      <div class="targets">${[...groups].map(([group, all]) => html`<fieldset><legend>${t(`give.${group}`)}</legend>
        ${all.map((one) => html`<label class="target"><input type="radio" name="to" value=${one.value} .checked=${this.chosen === one.value} @change=${() => { this.chosen = one.value; }}>
          <span class=${one.good ? 'dot good' : 'dot'}></span><span class="grow"><span class="line" dir="auto">${one.name}</span><span class="line quiet">${one.about}</span></span></label>`)}</fieldset>`)}
        ${found.length ? nothing : html`<p class="quiet">${t('give.nobody')}</p>`}</div>
      <div class="buttons"><button class="main" data-give="transfer" ?disabled=${!this.chosen || this.busy} @click=${() => this.go('transfer')}>${t('actions.transfer')}</button>
        ${owner && this.item.state !== 'parked' ? html`<button data-give="consult" ?disabled=${!this.chosen || this.busy || this.item.state === 'wrap-up'} @click=${() => this.go('consult')}>${t('give.consult')}</button>` : nothing}
        <button @click=${() => this.dispatchEvent(new Event('done'))}>${t('app.cancel')}</button></div></div>`;
  }
}
customElements.define('lc-give', Give);

/** Who else takes part, and what can be decided about them. @param {any} item @param {(what: string, body?: unknown) => unknown} step */
export function legs(item, step) {
  return (item.legs || []).map((/** @type {any} */ leg) => {
    const own = leg.agent === store.me;
    // Only who is asked is told the offer; everybody is told until when it rings.
    const rings = Boolean(leg.deadline);
    if (own) {
      return rings ? nothing : html`<p class="leg"><span class="grow">${t(leg.role === 'consultant' ? 'leg.you-advise' : 'leg.you-watch', { agent: item.agent || '' })}</span>
        <button @click=${() => step('leave')}>${t('leg.leave')}</button></p>`;
    }
    const mine = item.agent === store.me;
    return html`<p class="leg" role="status"><span class="grow">${rings ? t('leg.rings', { agent: leg.agent }) : t(leg.role === 'consultant' ? 'leg.advises' : 'leg.watches', { agent: leg.agent })}</span>
      ${mine && leg.role === 'consultant' ? html`
        ${rings ? nothing : html`<button data-leg="complete" @click=${() => step('consult/complete', { agent: leg.agent })}>${t('leg.complete')}</button>`}
        <button data-leg="cancel" @click=${() => step('consult/cancel', { agent: leg.agent })}>${t(rings ? 'leg.cancel' : 'leg.send-away')}</button>` : nothing}</p>`;
  });
}

