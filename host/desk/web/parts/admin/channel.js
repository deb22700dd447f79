import { Problem, ask, base, call, part } from '../../api.js';
import { t, time, word } from '../../i18n.js';
import { Part, html, nothing } from '../../part.js';
import { store } from '../../store.js';
import { remedies, severity } from '../supervisor/channels.js';
import { sure } from '../sure.js';
import { fresh } from './collection.js';
import { elsewhere } from './form.js';
import { drafts, site } from './site.js';

/** How long the network is waited for when a channel is tried, in milliseconds. */
const PATIENCE = 20_000;

/** The hub's address as people and networks reach it. */
const HUB = base.replace(/\/api\/v1\/$/, '');

/** What secrets with several parts consist of, by kind. @type {Record<string, string[]>} */
const FIELDS = {
  basic: ['username', 'password'],
  oauth1: ['consumer_key', 'consumer_secret', 'token', 'token_secret'],
  oauth2: ['token_url', 'client_id', 'client_secret', 'refresh_token', 'scope'],
};
/** Parts of which one sees what one types. */
const OPEN = ['username', 'token_url', 'client_id', 'scope'];

/** What holds for every channel, whatever its network. @param {any} config */
function common(config) {
  const queues = Object.entries(config.queues || {}).map(([value, one]) => ({ value, label: one.name || value }));
  const field = (/** @type {string} */ key, /** @type {any} */ schema) => ({ title: t(`admin.channel.${key}`), description: t(`admin.channel.${key}.hint`), ...schema });
  return { type: 'object', required: ['queue'], properties: {
    name: field('name', { type: 'string', folded: false }), queue: field('queue', { type: 'string', choices: queues }),
    public_queue: field('public-queue', { type: 'string', choices: queues }),
    webhook_group: field('webhook-group', { type: 'string' }),
    last_agent: field('last-agent', { type: 'object', ordered: true, properties: {
      mode: { title: t('admin.channel.last-mode'), type: 'string', enum: ['any-queue', 'same-queue', 'off'], words: { 'any-queue': t('admin.channel.any-queue'), 'same-queue': t('admin.channel.same-queue'), off: t('admin.channel.off') }, default: 'any-queue' },
      window_hours: { title: t('admin.channel.window-hours'), type: 'integer', minimum: 0, maximum: 72, default: 24 },
      wait_seconds: { title: t('admin.channel.wait-seconds'), type: 'integer', minimum: 0 } } }),
    reopen_hours: field('reopen-hours', { type: 'integer', minimum: 0, maximum: 72 }),
    comments: field('comments', { type: 'object', ordered: true, properties: {
      gather_seconds: { title: t('admin.channel.gather'), type: 'integer', minimum: 0 },
      contacts: { title: t('admin.channel.contacts'), type: 'string', enum: ['each', 'first'], words: { each: t('admin.channel.each'), first: t('admin.channel.first') } },
      later: { title: t('admin.channel.later'), type: 'string', enum: ['separate', 'join'], words: { separate: t('admin.channel.separate'), join: t('admin.channel.join') } } } }),
    hosts: field('hosts', { type: 'array', items: { type: 'string' } }),
    paused: field('paused', { type: 'boolean' }),
  } };
}

/** A channel: set up from its plug-in's own schema, tried, and shown to the network. */
class Channel extends Part {
  static follows = [store, site];
  static properties = {
    open: {}, plugin: { state: true }, draft: { state: true }, secrets: { state: true }, faults: { state: true }, told: { state: true },
    busy: { state: true }, view: { state: true }, slug: { state: true }, trial: { state: true }, seen: { state: true }, warnings: { state: true },
  };

  constructor() {
    super();
    this.open = '';
    /** @type {any} */
    this.plugin = undefined;
    /** @type {any} */
    this.draft = undefined;
    /** Secrets that were typed, by name. @type {Record<string, any>} */
    this.secrets = {};
    /** Which of them are shown. @type {Record<string, boolean>} */
    this.seen = {};
    /** @type {import('./form.js').Fault[]} */
    this.faults = [];
    /** @type {import('./form.js').Fault[]} */
    this.warnings = [];
    this.told = '';
    this.busy = false;
    /** @type {any} */
    this.view = undefined;
    this.slug = '';
    this.etag = '';
    /** @type {{state: 'running' | 'done' | 'late', view?: any} | undefined} */
    this.trial = undefined;
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (!changed.has('open')) return;
    // A channel that was just made keeps what is told of it.
    if (this.open === this.slug && changed.get('open') === '+') return;
    Object.assign(this, { plugin: undefined, draft: undefined, secrets: {}, seen: {}, faults: [], warnings: [], told: '', view: undefined, trial: undefined });
    this.slug = this.open === '+' ? '' : this.open;
    const kept = drafts.get(`channels/${this.open}`);
    if (kept && this.open === '+') Object.assign(this, kept);
    else if (this.slug) void this.read(true);
  }

  /** Keeps what is typed until it is saved; a secret is kept nowhere but here. */
  keep() {
    drafts.set(`channels/${this.open}`, { draft: this.draft, slug: this.slug, plugin: this.plugin });
  }

  discard() {
    drafts.delete(`channels/${this.open}`);
    this.told = '';
    this.secrets = {};
    if (this.open === '+') this.draft = undefined;
    else void this.read(true);
  }

  /** @param {boolean} anew also what is in the form */
  async read(anew) {
    const id = this.slug;
    const found = await store.attempt(() => ask('GET', `channels/${part(id)}`));
    if (!found || id !== this.slug) return;
    this.view = found.value;
    this.etag = found.etag;
    if (anew && found.value.config) {
      this.draft = drafts.get(`channels/${this.open}`)?.draft || found.value.config;
      this.plugin = await call('GET', `plugins/${part(found.value.plugin)}`).catch(() => undefined);
    }
  }

  /** @param {string} id of a plug-in */
  async choose(id) {
    this.plugin = await store.attempt(() => call('GET', `plugins/${part(id)}`));
    const queues = Object.keys(site.config?.queues || {});
    this.draft = { plugin: id, queue: queues[0] || '', config: {}, secrets: {} };
    if (!this.slug && !site.config?.channels?.[id]) this.slug = id;
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector('#channel-id'))?.focus();
  }

  get wanted() {
    return this.plugin?.manifest.connector?.secrets || [];
  }

  /** @param {SubmitEvent} event */
  async save(event) {
    event.preventDefault();
    this.busy = true;
    this.told = '';
    const isNew = this.open === '+';
    const typed = Object.fromEntries(Object.entries(this.secrets).filter(([, value]) => (typeof value === 'string' ? value : Object.keys(value).length)));
    const config = { ...this.draft, secrets: { ...this.draft.secrets, ...Object.fromEntries(Object.keys(typed).map((name) => [name, 'stored'])) } };
    const id = this.slug.trim();
    try {
      const made = await ask('PUT', `channels/${part(id)}`, { config, secrets: typed }, this.etag && !isNew ? { match: this.etag } : {});
      drafts.delete(`channels/${this.open}`);
      this.faults = [];
      this.warnings = made.value.warnings || [];
      this.secrets = {};
      this.told = t('admin.saved');
      await site.load();
      await this.read(true);
      if (isNew) location.hash = `#/admin/channels/${part(id)}`;
      await this.try(false);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.faults = error.faults.length ? error.faults : [{ pointer: '', detail: error.message }];
      await this.updateComplete;
      /** @type {HTMLElement | null} */ (this.querySelector('.wrong :is(input, select, textarea), .page-faults'))?.focus();
    } finally {
      this.busy = false;
    }
  }

  /** Lets the connector ask the network whether it works. @param {boolean} anew as a person wants it; a channel that was just set up is tried by itself */
  async try(anew) {
    if (!this.view?.connector?.probes) return;
    const id = this.slug;
    const before = this.view.health.findings_at;
    this.trial = { state: 'running' };
    const since = Date.now();
    if (anew) {
      const freed = await store.attempt(() => call('POST', `channels/${part(id)}/resume`, {}));
      if (!freed) {
        this.trial = undefined;
        return;
      }
    }
    while (Date.now() - since < PATIENCE && id === this.slug) {
      await new Promise((done) => setTimeout(done, 500));
      const view = await call('GET', `channels/${part(id)}`).catch(() => undefined);
      if (!view || id !== this.slug) return;
      this.view = view;
      const isTold = view.health.state !== 'unknown' && (!anew || view.health.findings_at !== before || view.health.state !== 'connected');
      if (isTold) {
        this.trial = { state: 'done', view };
        return;
      }
    }
    this.trial = { state: 'late' };
  }

  async erase() {
    if (!await sure(t('admin.delete-sure', { name: this.view?.name || this.open }), t('admin.delete'))) return;
    const done = await store.attempt(async () => {
      await call('DELETE', `channels/${part(this.open)}`);
      return true;
    });
    if (!done) return;
    await site.load();
    location.hash = '#/admin/channels';
  }

  /** @param {string} text */
  async copy(text) {
    await navigator.clipboard?.writeText(text).catch(() => {});
    this.told = t('admin.copied');
  }

  /** A secret is only ever written. @param {any} want */
  secret(want) {
    const place = this.draft.secrets?.[want.name];
    const id = `secret-${want.name}`;
    const wrong = this.faults.filter(({ pointer }) => pointer === `/config/secrets/${want.name}` || pointer.startsWith(`/secrets/${want.name}`));
    const value = this.secrets[want.name] ?? '';
    const set = (/** @type {any} */ next) => { this.secrets = { ...this.secrets, [want.name]: next }; };
    const fields = FIELDS[want.kind];
    const hint = html`<p class="hint" id="${id}-hint">${want.hint} ${place === 'stored' ? html`<strong>${t('admin.kept')}</strong>` : place ? t('admin.kept-at', { place }) : nothing}</p>
      ${wrong.map((one) => html`<p class="fault">${one.detail}</p>`)}`;
    if (fields) {
      const parts = typeof value === 'object' ? value : {};
      return html`<fieldset class="field nested ${wrong.length ? 'wrong' : ''}"><legend>${want.title}${want.required ? html` <span class="must">${t('admin.required')}</span>` : nothing}</legend>
        ${fields.map((name) => html`<div class="field"><label for="${id}-${name}">${t(`admin.secret.${name}`)}</label><input id="${id}-${name}" type=${OPEN.includes(name) ? 'text' : 'password'} autocomplete="new-password" .value=${parts[name] || ''}
          @input=${(/** @type {any} */ event) => { const { [name]: _former, ...rest } = parts; set(event.target.value ? { ...rest, [name]: event.target.value } : rest); }}></div>`)}${hint}</fieldset>`;
    }
    return html`<div class="field ${wrong.length ? 'wrong' : ''}"><label for=${id}>${want.title}${want.required ? html` <span class="must">${t('admin.required')}</span>` : nothing}</label>
      <div class="buttons"><input id=${id} type=${this.seen[want.name] ? 'text' : 'password'} autocomplete="new-password" aria-describedby="${id}-hint" placeholder=${place ? '••••••••' : nothing}
        .value=${value} @input=${(/** @type {any} */ event) => set(event.target.value)}>
        ${want.kind === 'shared_token' ? html`<button type="button" @click=${() => { this.seen = { ...this.seen, [want.name]: true }; set(fresh()); }}>${t('admin.make-one')}</button>` : nothing}</div>${hint}</div>`;
  }

  /** What is entered at the network. */
  webhook() {
    const { view } = this;
    const paths = [view?.webhook_path, view?.shared_webhook_path].filter(Boolean);
    if (!paths.length) return nothing;
    return html`<section class="sheet side" aria-labelledby="webhook-title"><header><h2 id="webhook-title">${t('admin.webhook')}</h2></header><div class="pad">
      <p>${t('admin.webhook-hint')}</p>
      ${paths.map((path) => html`<p class="copy"><code>${HUB}${path}</code><button type="button" @click=${() => this.copy(HUB + path)}>${t('admin.copy')}</button></p>`)}
      ${this.wanted.some((/** @type {any} */ want) => want.kind === 'shared_token') ? html`<p class="quiet">${t('admin.verify-token-hint')}</p>` : nothing}
      ${location.protocol === 'http:' ? html`<p class="quiet">${t('admin.webhook-public')}</p>` : nothing}</div></section>`;
  }

  standing() {
    const { view, trial } = this;
    if (!view) return nothing;
    return html`<section class="sheet side" aria-labelledby="health-title"><header><h2 id="health-title">${t('admin.health')}</h2>
        <span class="chip ${severity(view)}">${word('health', view.paused ? 'paused' : view.health.state)}</span><span class="grow"></span>
        ${view.connector?.probes && store.may('channels') ? html`<button type="button" ?disabled=${trial?.state === 'running' || view.paused} @click=${() => this.try(true)}>${t('admin.try')}</button>` : nothing}</header>
      <div class="pad" role="status">
        ${trial?.state === 'running' ? html`<p class="quiet">${t('admin.trying')}</p>` : nothing}
        ${trial?.state === 'late' ? html`<p class="quiet">${t('admin.try-late')}</p>` : nothing}
        ${trial?.state === 'done' && view.health.state === 'connected' ? html`<p class="ok">${t('admin.try-good')}</p>` : nothing}
        ${remedies(view)}
        ${view.health.findings_at ? html`<p class="quiet">${t('admin.tried-at', { at: time(view.health.findings_at) })}</p>` : nothing}
        ${view.connector && !view.connector.probes ? html`<p class="quiet">${t('admin.no-probe')}</p>` : nothing}</div></section>`;
  }

  picker() {
    const connectors = (site.plugins.plugins || []).filter((/** @type {any} */ one) => one.networks?.length);
    return html`<section class="sheet editor"><header><h2>${t('admin.new-channels')}</h2><span class="grow"></span><a href="#/admin/channels">${t('supervisor.close')}</a></header>
      <div class="editor-body"><p>${t('admin.which-network')}</p><ul class="picks">${connectors.map((/** @type {any} */ one) => html`<li><button class="pick" @click=${() => this.choose(one.id)}><strong>${one.display_name}</strong><span class="quiet">${one.description}</span></button></li>`)}</ul></div></section>`;
  }

  render() {
    if (!site.config) return html`<section class="sheet pad"><p class="quiet">${t('app.loading')}</p></section>`;
    if (!this.draft) return this.open === '+' ? this.picker() : html`<section class="sheet pad"><p class="quiet">${this.view ? t('admin.read-only') : t('app.loading')}</p>${this.standing()}</section>`;
    const isNew = this.open === '+';
    const { plugin, draft } = this;
    const lost = elsewhere(this.faults, ['/config', '/secrets']);
    const set = (/** @type {any} */ change) => {
      this.draft = { ...this.draft, ...change };
      this.told = '';
      this.keep();
    };
    const settings = Object.keys(common(site.config).properties);
    const own = Object.fromEntries(settings.filter((key) => draft[key] !== undefined).map((key) => [key, draft[key]]));
    return html`<div class="pile">${isNew ? nothing : html`<div class="sides">${this.standing()}${this.webhook()}</div>`}<form class="sheet editor" @submit=${this.save} novalidate>
      <header><h2>${isNew ? t('admin.new-channel-of', { network: plugin?.display_name || '' }) : this.view?.name || this.open}</h2><span class="quiet">${plugin?.display_name} ${plugin?.version}</span><span class="grow"></span><a href="#/admin/channels">${t('supervisor.close')}</a></header>
      <div class="editor-body">
        ${lost.length ? html`<div class="page-faults" tabindex="-1" role="alert">${lost.map((one) => html`<p class="fault">${one.detail}</p>`)}</div>` : nothing}
        ${this.warnings.map((one) => html`<p class="warning">${one.detail}</p>`)}
        ${isNew ? html`<div class="field"><label for="channel-id">${t('admin.id')} <span class="must">${t('admin.required')}</span></label><input id="channel-id" required autocomplete="off" autocapitalize="none" .value=${this.slug} @input=${(/** @type {any} */ event) => { this.slug = event.target.value; }} aria-describedby="channel-id-hint">
          <p class="hint" id="channel-id-hint">${t('admin.channel-id-hint')}</p></div>` : nothing}
        <h3>${t('admin.account-at-network')}</h3>
        ${plugin ? html`<lc-form .schema=${{ ...plugin.manifest.config_schema, title: undefined, description: undefined }} .value=${draft.config || {}} .faults=${this.faults} .at=${'/config/config'} .of=${`${this.open} ${plugin.id}`}
          @draft=${(/** @type {CustomEvent} */ event) => { event.stopPropagation(); set({ config: event.detail }); }}></lc-form>
          ${this.wanted.length ? html`<h3>${t('admin.secrets')}</h3>${this.wanted.map((/** @type {any} */ want) => this.secret(want))}` : nothing}`
    : html`<p class="fault">${t('admin.no-plugin', { plugin: draft.plugin })}</p>`}
        <h3>${t('admin.in-the-hub')}</h3>
        <lc-form .schema=${common(site.config)} .value=${own} .faults=${this.faults} .at=${'/config'} .of=${`${this.open} own`}
          @draft=${(/** @type {CustomEvent} */ event) => { event.stopPropagation(); set(Object.fromEntries(settings.map((key) => [key, event.detail[key]]))); }}></lc-form>
      </div>
      <footer class="buttons"><button class="main" ?disabled=${this.busy || !this.slug.trim()}>${t('admin.save')}</button>
        ${isNew ? nothing : html`<button type="button" class="danger" @click=${this.erase}>${t('admin.delete')}</button>`}${drafts.has(`channels/${this.open}`) ? html`<button type="button" class="plain" @click=${this.discard}>${t('admin.discard')}</button>` : nothing}<span role="status" class="quiet">${this.told || (drafts.has(`channels/${this.open}`) ? t('admin.not-saved') : '')}</span></footer>
    </form></div>`;
  }
}
customElements.define('lc-channel', Channel);

/** All channels, with how they fare. */
class Channels extends Part {
  static properties = { open: {}, views: { state: true } };

  constructor() {
    super();
    this.open = '';
    /** @type {any[] | undefined} */
    this.views = undefined;
    this.changed = () => void this.read();
  }

  connectedCallback() {
    super.connectedCallback();
    site.addEventListener('change', this.changed);
    void this.read();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    site.removeEventListener('change', this.changed);
  }

  async read() {
    this.views = await store.attempt(() => call('GET', 'channels')) || this.views;
  }

  render() {
    return html`<div class="split" data-open=${this.open ? 'yes' : 'no'}>
      <section class="sheet list" aria-labelledby="list-title"><header><h2 id="list-title">${t('admin.channels')}</h2><span class="quiet">${this.views?.length ?? ''}</span><span class="grow"></span>
        ${store.may('channels') ? html`<a class="button main" href="#/admin/channels/+">${t('admin.new')}</a>` : nothing}</header>
        <ul class="cards">${(this.views || []).map((one) => html`<li class="health ${severity(one)} ${one.id === this.open ? 'here' : ''}"><div class="topline"><a href="#/admin/channels/${part(one.id)}" aria-current=${one.id === this.open ? 'true' : nothing}>${one.name || one.id}</a>
          <span class="quiet">${one.network || one.plugin}</span><span class="grow"></span><span class="chip ${severity(one)}">${word('health', one.paused ? 'paused' : one.health.state)}</span></div></li>`)}</ul>
        ${this.views && !this.views.length ? html`<p class="empty">${t('supervisor.no-channels')} <a href="#/start">${t('admin.to-first-run')}</a></p>` : nothing}
      </section>
      ${this.open ? html`<lc-channel .open=${this.open}></lc-channel>` : nothing}
    </div>`;
  }
}
customElements.define('lc-channels', Channels);
