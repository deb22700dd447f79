import { Problem, ask, call, part } from '../../api.js';
import { lasting, moment, number, t, word } from '../../i18n.js';
import { Part, html, nothing } from '../../part.js';
import { store } from '../../store.js';
import { sure } from '../sure.js';
import { field } from './fields.js';
import { elsewhere } from './form.js';
import { drafts } from './site.js';

const FRESH = { url: '', events: [], description: '', enabled: true };

/** @param {string[]} kinds of events */
const schema = (kinds) => ({ type: 'object', required: ['url'], ordered: true, properties: {
  url: field('webhook-url', { type: 'string', placeholder: 'https://' }),
  description: field('webhook-description', { type: 'string' }),
  enabled: field('webhook-enabled', { type: 'boolean', default: true }),
  events: field('webhook-events', { type: 'array', choices: kinds.map((value) => ({ value, label: value })), folded: true }) } });

/** Other systems that are told what happens. */
class Webhooks extends Part {
  static properties = {
    open: {}, all: { state: true }, draft: { state: true }, slug: { state: true }, faults: { state: true }, told: { state: true }, busy: { state: true },
    secret: { state: true }, attempts: { state: true }, letters: { state: true }, kinds: { state: true },
  };

  constructor() {
    super();
    this.open = '';
    /** @type {any[] | undefined} */
    this.all = undefined;
    /** @type {any} */
    this.draft = undefined;
    this.slug = '';
    /** @type {import('./form.js').Fault[]} */
    this.faults = [];
    this.told = '';
    this.busy = false;
    /** A secret that was just made: it is shown this once. */
    this.secret = '';
    /** @type {any[]} */
    this.attempts = [];
    /** @type {any[]} */
    this.letters = [];
    /** The kinds of events that others can be told. @type {string[]} */
    this.kinds = [];
    this.etag = '';
  }

  get key() { return `webhooks/${this.open}`; }

  connectedCallback() {
    super.connectedCallback();
    void this.list();
    call('GET', '../asyncapi.json').then((document) => { this.kinds = Object.keys(document.channels.webhook.messages).sort(); }, () => {});
  }

  async list() {
    this.all = await store.attempt(() => call('GET', 'webhooks')) || this.all;
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (!changed.has('open')) return;
    // One that was just made keeps what is told of it.
    const made = changed.get('open') === '+' && this.open === this.slug;
    Object.assign(this, { draft: undefined, faults: [], attempts: [], letters: [] });
    if (!made) Object.assign(this, { told: '', secret: '' });
    this.slug = this.open === '+' ? '' : this.open;
    const kept = drafts.get(this.key);
    if (this.open === '+') Object.assign(this, kept || { draft: FRESH });
    else if (this.open) void this.read();
  }

  async read() {
    const { open } = this;
    const found = await store.attempt(() => ask('GET', `webhooks/${part(open)}`));
    if (!found || open !== this.open) return;
    this.etag = found.etag;
    const { url, events, description, enabled } = found.value;
    this.draft = drafts.get(this.key)?.draft || { url, events, description, enabled };
    const [attempts, letters] = await Promise.all([call('GET', `webhooks/${part(open)}/deliveries`), call('GET', `webhooks/${part(open)}/dead-letters?limit=50`)]).catch(() => [[], { items: [] }]);
    if (open !== this.open) return;
    this.attempts = attempts;
    this.letters = letters.items;
  }

  /** @param {any} draft */
  keep(draft) {
    this.draft = draft;
    this.told = '';
    drafts.set(this.key, { draft, slug: this.slug });
  }

  discard() {
    drafts.delete(this.key);
    this.faults = [];
    if (this.open === '+') this.draft = FRESH;
    else void this.read();
  }

  /** @param {SubmitEvent} event */
  async save(event) {
    event.preventDefault();
    const isNew = this.open === '+';
    const id = this.slug.trim();
    this.busy = true;
    try {
      const { value } = await ask('PUT', `webhooks/${part(id)}`, { ...FRESH, ...this.draft }, isNew ? { none: true } : { match: this.etag });
      drafts.delete(this.key);
      this.faults = [];
      this.secret = value.secret || '';
      this.told = t('admin.saved');
      this.slug = id;
      await this.list();
      if (isNew) location.hash = `#/admin/webhooks/${part(id)}`;
      else await this.read();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.faults = error.faults.length ? error.faults : [{ pointer: '', detail: error.message }];
      await this.updateComplete;
      /** @type {HTMLElement | null} */ (this.querySelector('.wrong :is(input, select, textarea), .page-faults'))?.focus();
    } finally {
      this.busy = false;
    }
  }

  /** @param {() => Promise<any>} what @param {string} done @returns {Promise<any>} */
  async doing(what, done) {
    const answer = await store.attempt(async () => await what() || true);
    if (!answer) return undefined;
    this.told = done;
    await this.list();
    await this.read();
    return answer;
  }

  async rotate() {
    if (!await sure(t('admin.webhook-rotate-sure'), t('admin.webhook-rotate'))) return;
    const made = await this.doing(() => call('POST', `webhooks/${part(this.open)}/rotate`, {}), t('admin.webhook-rotated'));
    this.secret = made?.secret || '';
  }

  async erase() {
    if (!await sure(t('admin.webhook-delete-sure', { name: this.open }), t('admin.delete'))) return;
    const done = await store.attempt(async () => {
      await call('DELETE', `webhooks/${part(this.open)}`);
      return true;
    });
    if (!done) return;
    await this.list();
    location.hash = '#/admin/webhooks';
  }

  /** @param {any} what */
  retell(what) {
    return this.doing(() => call('POST', `webhooks/${part(this.open)}/redeliver`, what), t('admin.webhook-again-done'));
  }

  /** @param {SubmitEvent} event */
  since(event) {
    event.preventDefault();
    const at = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get('since') || '');
    return at ? this.retell({ since: new Date(at).toISOString() }) : undefined;
  }

  /** @param {any} one */
  standing(one) {
    if (one.disabled_because) return html`<span class="chip bad">${t('admin.webhook-disabled')}</span>`;
    if (!one.enabled) return html`<span class="chip">${t('admin.webhook-off')}</span>`;
    return one.dead_letters ? html`<span class="chip bad">${t('admin.webhook-untold', { count: one.dead_letters })}</span>` : one.waiting ? html`<span class="chip warn">${t('admin.webhook-waiting', { count: one.waiting })}</span>` : html`<span class="chip ok">${t('admin.serves')}</span>`;
  }

  /** @param {any} one the webhook as it is kept */
  course(one) {
    return html`<section class="sheet side" aria-labelledby="course-title"><header><h2 id="course-title">${t('admin.webhook-course')}</h2>${this.standing(one)}<span class="grow"></span><button type="button" @click=${() => this.read()}>${t('admin.webhook-look')}</button></header>
      <div class="pad">${one.disabled_because ? html`<p class="fault">${one.disabled_because}</p>` : nothing}${one.missed_until ? html`<p class="fault">${t('admin.webhook-missed', { seq: one.missed_until })}</p>` : nothing}
        <dl class="facts"><dt>${t('admin.webhook-delivered')}</dt><dd>${number(one.delivered)}</dd><dt>${t('admin.webhook-failed')}</dt><dd>${number(one.failed)}</dd><dt>${t('admin.webhook-wait')}</dt><dd>${number(one.waiting)}</dd></dl>
        <form class="line-form" @submit=${this.since}><label>${t('admin.webhook-since')} <input type="datetime-local" name="since" required></label><button>${t('admin.webhook-again')}</button></form></div>
      ${this.letters.length ? html`<h3 class="pad">${t('admin.dead-letters')}</h3><ul class="cards">${this.letters.map((letter) => html`<li><div class="topline"><code>${letter.kind}</code><time class="quiet">${moment(letter.at)}</time><span class="grow"></span>
        <button type="button" @click=${() => this.retell({ seq: letter.seq })}>${t('admin.webhook-again')}<span class="hidden"> ${letter.seq}</span></button></div><p>${letter.reason}</p></li>`)}</ul>` : nothing}
      ${this.attempts.length ? html`<h3 class="inset">${t('admin.webhook-attempts')}</h3><div class="scroll" tabindex="0" role="group" aria-label=${t('admin.webhook-attempts')}><table class="stacked"><thead><tr><th scope="col">${t('admin.when')}</th><th scope="col">${t('admin.webhook-kind')}</th><th scope="col">${t('admin.webhook-outcome')}</th><th scope="col" class="n wide">${t('admin.webhook-took')}</th></tr></thead>
        <tbody>${this.attempts.slice(0, 20).map((attempt) => html`<tr><td><time>${moment(attempt.at)}</time></td><th scope="row"><code>${attempt.kind}</code></th><td class=${attempt.outcome === 'delivered' ? '' : 'bad'} title=${attempt.reason || nothing}>${word('delivery', attempt.outcome)} ${attempt.status || ''}</td><td class="n wide">${attempt.took_ms < 1000 ? number(attempt.took_ms, { style: 'unit', unit: 'millisecond', unitDisplay: 'narrow' }) : lasting(attempt.took_ms)}</td></tr>`)}</tbody></table></div>` : nothing}</section>`;
  }

  form() {
    if (!this.draft) return html`<section class="sheet pad"><p class="quiet" role="status">${t('app.loading')}</p></section>`;
    const isNew = this.open === '+';
    const one = this.all?.find(({ id }) => id === this.open);
    const lost = elsewhere(this.faults, ['']);
    return html`<div class="pile">
      ${this.secret ? html`<section class="sheet side" role="status" aria-labelledby="secret-title"><header><h2 id="secret-title">${t('admin.webhook-secret')}</h2></header><div class="pad"><p class="copy"><code>${this.secret}</code><button type="button" @click=${() => navigator.clipboard?.writeText(this.secret)}>${t('admin.copy')}</button></p><p class="quiet">${t('admin.webhook-once')}</p></div></section>` : nothing}
      <form class="sheet editor" @submit=${this.save} novalidate><header><h2>${isNew ? t('admin.new-webhooks') : this.open}</h2><span class="grow"></span><a href="#/admin/webhooks">${t('supervisor.close')}</a></header>
        <div class="editor-body">${lost.length ? html`<div class="page-faults" tabindex="-1" role="alert">${lost.map((fault) => html`<p class="fault">${fault.detail}</p>`)}</div>` : nothing}
          ${isNew ? html`<div class="field"><label for="webhook-id">${t('admin.id')} <span class="must">${t('admin.required')}</span></label><input id="webhook-id" required autocomplete="off" autocapitalize="none" .value=${this.slug} aria-describedby="webhook-id-hint"
            @input=${(/** @type {any} */ event) => { this.slug = event.target.value; this.keep(this.draft); }}><p class="hint" id="webhook-id-hint">${t('admin.id-hint')}</p></div>` : nothing}
          <lc-form .schema=${schema(this.kinds)} .value=${this.draft} .faults=${this.faults} .at=${''} .of=${this.key} @draft=${(/** @type {CustomEvent} */ event) => this.keep(event.detail)}></lc-form></div>
        <footer class="buttons"><button class="main" ?disabled=${this.busy || !this.slug.trim()}>${t('admin.save')}</button>
          ${isNew ? nothing : html`<button type="button" @click=${this.rotate}>${t('admin.webhook-rotate')}</button><button type="button" class="danger" @click=${this.erase}>${t('admin.delete')}</button>`}
          ${drafts.has(this.key) ? html`<button type="button" class="plain" @click=${this.discard}>${t('admin.discard')}</button>` : nothing}
          <span role="status" class="quiet">${this.told || (drafts.has(this.key) ? t('admin.not-saved') : '')}</span></footer></form>
      ${one ? this.course(one) : nothing}</div>`;
  }

  render() {
    return html`<div class="split" data-open=${this.open ? 'yes' : 'no'}>
      <section class="sheet list" aria-labelledby="list-title"><header><h2 id="list-title">${t('admin.webhooks')}</h2><span class="quiet">${this.all?.length ?? ''}</span><span class="grow"></span><a class="button main" href="#/admin/webhooks/+">${t('admin.new')}</a></header>
        <p class="quiet pad">${t('admin.webhooks-hint')}</p>
        <ul class="cards">${(this.all || []).map((one) => html`<li class=${one.id === this.open ? 'here' : ''}><div class="topline"><a href="#/admin/webhooks/${part(one.id)}" aria-current=${one.id === this.open ? 'true' : nothing}>${one.id}</a><span class="grow"></span>${this.standing(one)}</div><p class="line quiet">${one.url}</p></li>`)}</ul>
        ${this.all && !this.all.length ? html`<p class="empty">${t('admin.empty')}</p>` : nothing}</section>
      ${this.open ? this.form() : nothing}</div>`;
  }
}
customElements.define('lc-webhooks', Webhooks);
