import { Problem } from '../../api.js';
import { t } from '../../i18n.js';
import { Part, html, nothing } from '../../part.js';
import { store } from '../../store.js';
import { byMedia, choices, field, interruptions, media, numbers, words } from './fields.js';
import { elsewhere } from './form.js';
import { drafts, site } from './site.js';

const object = (/** @type {Record<string, any>} */ properties) => ({ type: 'object', ordered: true, properties });

/** The parts of the settings, each a form: where its values stand in the configuration, and their fields. @param {any} config */
const parts = (config) => [
  { id: 'site', schema: object({
    name: field('site-name', { type: 'string', folded: false }),
    labels: field('labels', { type: 'array', items: { type: 'string' }, folded: false }) }) },
  { id: 'routing', schema: object({
    slots: field('slots', { ...byMedia(numbers(0, { start: 1 })), folded: false }),
    no_answer: field('no-answer', { ...words('no-answer', ['not-ready', 'offline', 'stay-ready']), default: 'not-ready' }),
    lost_desktop: field('lost-desktop', { ...words('lost-desktop', ['return-to-queue', 'keep']), default: 'return-to-queue' }),
    desktop_grace_seconds: field('desktop-grace', numbers(1, { default: 60 })),
    not_ready_reasons: field('reasons', { type: 'array', items: { type: 'string' } }),
    percent: field('percent', { ...byMedia(numbers(0, { maximum: 100, start: 10 })), folded: true }),
    interruptible_by: field('interruptible', { ...interruptions(), folded: true }),
    over_limit: field('over-limit-by', numbers(0, { maximum: 100, default: 1, folded: true })),
    idle_clock: field('idle-clock', { ...words('idle-clock', ['handled-work', 'presence']), default: 'handled-work', folded: true }),
    external_seconds: field('external', numbers(1, { maximum: 86_400, default: 14_400, folded: true })) }) },
  { id: 'service_policies', schema: object({
    service_policies: field('policies', { type: 'array', ranked: true, folded: false, add: t('admin.add-policy'), items: { type: 'object', ordered: true, required: ['policy'], properties: {
      policy: field('policy', { type: 'string' }),
      first_answer_seconds: field('first-answer', numbers(1)), next_answer_seconds: field('next-answer', numbers(1)), resolution_seconds: field('resolution', numbers(1)),
      warn_percent: field('warn-percent', numbers(1, { maximum: 100, default: 80 })), raise_priority: field('raise-priority', { type: 'integer', default: 0 }), min_priority: field('min-priority', { type: 'integer' }),
      queues: field('policy-queues', { type: 'array', choices: choices(config.queues) }), media_types: field('media-types', { type: 'array', choices: media() }),
      labels: field('policy-labels', { type: 'array', items: { type: 'string' } }), attributes: field('policy-attributes', { type: 'object', additionalProperties: { type: 'string' } }) } } }) }) },
  { id: 'automatic', schema: object({
    disclosure: field('disclosure', { type: 'string', multiline: true }),
    per_contact_hour: field('per-contact-hour', numbers(0, { maximum: 60, default: 3 })),
    retry_for_seconds: field('retry-for', numbers(1, { maximum: 604_800 })),
    likes_per_hour: field('likes-per-hour', numbers(0, { maximum: 1000, default: 60 })), reposts_per_hour: field('reposts-per-hour', numbers(0, { maximum: 1000, default: 10 })),
    follow_requests_per_hour: field('follows-per-hour', numbers(0, { maximum: 1000, default: 30 })),
    disclosures: field('disclosures', { type: 'array', ranked: true, folded: true, add: t('admin.add-text'), items: { type: 'object', ordered: true, required: ['text'], properties: {
      text: field('text', { type: 'string', multiline: true }), language: field('language', { type: 'string', placeholder: 'en' }),
      place: field('place', { ...words('place', ['below', 'first']), default: 'below' }), channels: field('text-channels', { type: 'array', choices: choices(config.channels) }) } } }) }) },
  { id: 'retention', schema: object({
    journal_days: field('journal-days', numbers(1, { default: 400 })), raw_days: field('raw-days', numbers(0, { default: 30 })),
    dead_letter_days: field('dead-letter-days', numbers(0, { default: 90 })), draft_days: field('draft-days', numbers(0, { default: 30 })),
    deduplication_days: field('deduplication-days', numbers(1, { default: 14, folded: true })), idempotency_days: field('idempotency-days', numbers(1, { default: 3, folded: true })),
    early_hours: field('early-hours', numbers(0, { default: 48, folded: true })) }) },
  { id: 'plugins', schema: object({
    trust: field('trust', { ...words('trust', ['any', 'listed']), default: 'any' }),
    listed: field('listed', { type: 'array', items: { type: 'string' } }) }) },
];

/** What stands in the configuration itself, and not in a part of it. @type {Record<string, string[]>} */
const FLAT = { site: ['name', 'labels'], service_policies: ['service_policies'] };

/** What holds for the whole site. */
class Settings extends Part {
  static follows = [store, site];
  static properties = { draft: { state: true }, faults: { state: true }, told: { state: true }, busy: { state: true } };

  constructor() {
    super();
    /** What was changed, by its part. @type {Record<string, any>} */
    this.draft = drafts.get('settings') || {};
    /** @type {import('./form.js').Fault[]} */
    this.faults = [];
    this.told = '';
    this.busy = false;
    /** Which forms these are: others after what was typed is discarded. */
    this.round = 0;
  }

  get dirty() { return Object.keys(this.draft).length > 0; }

  /** @param {string} id */
  value(id) {
    if (this.draft[id]) return this.draft[id];
    const { config } = site;
    return FLAT[id] ? Object.fromEntries(FLAT[id].map((key) => [key, config[key]])) : config[id] || {};
  }

  /** @param {string} id @param {any} value */
  set(id, value) {
    this.draft = { ...this.draft, [id]: value };
    drafts.set('settings', this.draft);
    this.told = '';
  }

  discard() {
    this.draft = {};
    drafts.delete('settings');
    this.faults = [];
    this.round += 1;
  }

  /** @param {SubmitEvent} event */
  async save(event) {
    event.preventDefault();
    this.busy = true;
    try {
      await site.change((config) => {
        for (const [id, value] of Object.entries(this.draft)) {
          if (!FLAT[id]) config[id] = value;
          else for (const key of FLAT[id]) config[key] = value[key];
        }
      }, '/config');
      this.discard();
      await site.load();
      this.told = t('admin.saved');
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.faults = error.faults.length ? error.faults : [{ pointer: '', detail: error.message }];
      await this.updateComplete;
      /** @type {HTMLElement | null} */ (this.querySelector('.wrong :is(input, select, textarea), .page-faults'))?.focus();
    } finally {
      this.busy = false;
    }
  }

  render() {
    if (!site.config) return html`<p class="quiet" role="status">${t('app.loading')}</p>`;
    const all = parts(site.config);
    const shown = all.flatMap(({ id }) => (FLAT[id] || [id]).map((key) => `/config/${key}`));
    const lost = elsewhere(this.faults, shown).filter(({ pointer }) => !shown.includes(pointer));
    return html`<form class="sheet editor settings-form" aria-labelledby="settings-title" @submit=${this.save} novalidate><header><h2 id="settings-title">${t('admin.settings')}</h2></header>
      <div class="editor-body">
        ${lost.length ? html`<div class="page-faults" tabindex="-1" role="alert">${lost.map((one) => html`<p class="fault">${one.detail}</p>`)}</div>` : nothing}
        ${all.map(({ id, schema }) => html`<h3>${t(`admin.settings.${id}`)}</h3>
          <lc-form .schema=${schema} .value=${this.value(id)} .faults=${this.faults} .at=${FLAT[id] ? '/config' : `/config/${id}`} .of=${`${id} ${this.round}`}
            @draft=${(/** @type {CustomEvent} */ event) => this.set(id, event.detail)}></lc-form>`)}</div>
      <footer class="buttons"><button class="main" ?disabled=${this.busy || !this.dirty}>${t('admin.save')}</button>
        ${this.dirty ? html`<button type="button" class="plain" @click=${this.discard}>${t('admin.discard')}</button>` : nothing}
        <span role="status" class="quiet">${this.told || (this.dirty ? t('admin.not-saved') : '')}</span></footer></form>`;
  }
}
customElements.define('lc-settings', Settings);
