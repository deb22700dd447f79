import { Problem, ask, call, part } from '../../api.js';
import { t } from '../../i18n.js';
import { Part, html, nothing } from '../../part.js';
import { store } from '../../store.js';
import { sure } from '../sure.js';
import { elsewhere } from './form.js';
import { KINDS, titleOf } from './kinds.js';
import { drafts, site } from './site.js';
import { week } from './week.js';
import './sessions.js';

/** A list of things of one kind, and one of them in a form. */
class Collection extends Part {
  static properties = { kind: {}, open: {}, draft: { state: true }, faults: { state: true }, told: { state: true }, busy: { state: true }, slug: { state: true }, shown: { state: true }, search: { state: true }, dirty: { state: true } };

  constructor() {
    super();
    this.kind = '';
    /** The id of what is open; `+` for a new one. */
    this.open = '';
    /** @type {any} */
    this.draft = undefined;
    /** @type {import('./form.js').Fault[]} */
    this.faults = [];
    this.told = '';
    this.busy = false;
    this.slug = '';
    this.secret = '';
    this.shown = '';
    this.search = '';
    this.dirty = false;
    this.etag = '';
    this.changed = () => { if (!this.draft) void this.begin(); this.requestUpdate(); };
  }

  connectedCallback() {
    super.connectedCallback();
    site.addEventListener('change', this.changed);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    site.removeEventListener('change', this.changed);
  }

  get key() { return `${this.kind}/${this.open}`; }

  /** Keeps what is typed, until it is saved. @param {any} draft */
  keep(draft) {
    this.draft = draft;
    this.told = '';
    this.dirty = true;
    drafts.set(this.key, { draft, slug: this.slug });
  }

  discard() {
    drafts.delete(this.key);
    this.told = '';
    void this.begin();
  }

  /** @returns {any} */
  get how() { return /** @type {any} */ (KINDS)[this.kind]; }

  /** All of the kind, by id. @returns {Record<string, any>} */
  get all() {
    if (this.kind === 'responses' || this.kind === 'macros') return Object.fromEntries(site[this.kind].map((one) => [one.id, one]));
    return site.config?.[this.how.site] || {};
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (!changed.has('kind') && !changed.has('open')) return;
    this.draft = undefined;
    if (changed.has('kind')) this.search = '';
    void this.begin();
  }

  /** Puts what is open into the form. */
  async begin() {
    this.faults = [];
    this.secret = '';
    this.slug = this.open === '+' ? '' : this.open;
    if (!this.open || !site.config) return;
    const kept = drafts.get(this.key);
    this.dirty = Boolean(kept);
    if (this.open === '+') {
      this.shown = '';
      this.etag = '';
      this.slug = kept?.slug || '';
      this.draft = kept?.draft || structuredClone(this.how.fresh);
      return;
    }
    const found = this.all[this.open];
    if (!found) return;
    const { id: _id, changed_at: _at, changed_by: _by, used: _used, used_at: _used_at, ...config } = found;
    this.draft = kept?.draft || config;
    // The version of the one thing, where the hub names it.
    this.etag = '';
    if (this.kind === 'queues') {
      const { open } = this;
      const { etag } = await ask('GET', `queues/${part(open)}`).catch(() => ({ etag: '' }));
      if (open === this.open) this.etag = etag;
    }
  }

  /** @param {() => Promise<void>} what @param {string} done */
  async doing(what, done) {
    this.busy = true;
    this.told = '';
    try {
      await what();
      this.faults = [];
      this.told = done;
      await site.load();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const found = error.faults;
      this.faults = found.length ? found : [{ pointer: '', detail: error.message }];
      await this.updateComplete;
      /** @type {HTMLElement | null} */ (this.querySelector('.wrong :is(input, select, textarea), .page-faults'))?.focus();
    } finally {
      this.busy = false;
    }
  }

  /** @param {SubmitEvent} event */
  async save(event) {
    event.preventDefault();
    const { how } = this;
    const isNew = this.open === '+';
    const id = this.slug.trim();
    await this.doing(async () => {
      if (how.whole) {
        await site.change((config) => { config[how.site] = { ...config[how.site], [id]: this.draft }; }, `/config/${how.site}/${id}`);
      } else if (how.bare) {
        await call('PUT', `${how.path}/${part(id)}`, this.draft);
      } else {
        const secret = this.secret ? { [how.secret]: this.secret } : {};
        const config = this.secret || (isNew && how.secret) ? { ...this.draft, [how.secret]: 'stored' } : this.draft;
        await ask('PUT', `${how.path}/${part(id)}`, { config, ...secret }, this.etag ? { match: this.etag } : {});
      }
    }, t('admin.saved'));
    if (this.faults.length) return;
    drafts.delete(this.key);
    this.dirty = false;
    this.secret = '';
    if (isNew) location.hash = `#/admin/${this.kind}/${part(id)}`;
    else void this.begin();
  }

  async erase() {
    const { how } = this;
    if (!await sure(t('admin.delete-sure', { name: titleOf(this.open, this.draft) }), t('admin.delete'))) return;
    await this.doing(async () => {
      if (how.whole) {
        await site.change((config) => { delete config[how.site][this.open]; }, `/config/${how.site}/${this.open}`);
      } else {
        await call('DELETE', `${how.path}/${part(this.open)}`);
      }
    }, t('admin.deleted'));
    if (!this.faults.length) location.hash = `#/admin/${this.kind}`;
  }

  form() {
    const { how } = this;
    if (!this.draft) return html`<section class="sheet pad"><p class="quiet">${site.config ? t('admin.gone') : t('app.loading')}</p></section>`;
    const isNew = this.open === '+';
    const locked = !store.may(how.right);
    const at = how.bare ? '' : '/config';
    const lost = elsewhere(this.faults, how.bare ? [''] : ['/config', '/password', '/secret']);
    return html`<form class="sheet editor" @submit=${this.save} novalidate>
      <header><h2>${isNew ? t(`admin.new-${this.kind}`) : titleOf(this.open, this.all[this.open] || this.draft)}</h2><span class="grow"></span>
        <a href="#/admin/${this.kind}">${t('supervisor.close')}</a></header>
      <div class="editor-body">
        ${lost.length ? html`<div class="page-faults" tabindex="-1" role="alert">${lost.map((one) => html`<p class="fault">${one.detail}</p>`)}</div>` : nothing}
        ${isNew ? html`<div class="field"><label for="new-id">${t('admin.id')} <span class="must">${t('admin.required')}</span></label>
          <input id="new-id" required autocomplete="off" autocapitalize="none" pattern="[a-z0-9][a-z0-9._-]*" .value=${this.slug} @input=${(/** @type {any} */ event) => { this.slug = event.target.value; this.keep(this.draft); }} aria-describedby="new-id-hint">
          <p class="hint" id="new-id-hint">${t('admin.id-hint')}</p></div>` : html`<p class="quiet">${t('admin.id')}: <code>${this.open}</code></p>`}
        <lc-form .schema=${how.schema({ config: site.config, plugins: site.plugins })} .value=${this.draft} .faults=${this.faults} .at=${at} .locked=${locked} .of=${this.key}
          @draft=${(/** @type {CustomEvent} */ event) => this.keep(how.plugin && event.detail.plugin !== this.draft.plugin ? { ...event.detail, config: {} } : event.detail)}></lc-form>
        ${how.plugin ? this.ofPlugin(locked) : nothing}
        ${how.secret ? this.password() : nothing}
        ${this.kind === 'hours' ? week(this.draft) : nothing}
        ${this.kind === 'agents' && !isNew && store.may('people') ? html`<lc-sessions .agent=${this.open}></lc-sessions>` : nothing}
      </div>
      <footer class="buttons"><button class="main" ?disabled=${this.busy || locked || (isNew && !this.slug.trim())}>${t('admin.save')}</button>
        ${isNew || locked ? nothing : html`<button type="button" class="danger" ?disabled=${this.busy} @click=${this.erase}>${t('admin.delete')}</button>`}
        ${this.dirty ? html`<button type="button" class="plain" @click=${this.discard}>${t('admin.discard')}</button>` : nothing}
        <span role="status" class="quiet">${this.told || (this.dirty ? t('admin.not-saved') : '')}</span></footer>
    </form>`;
  }

  /** What the plug-in itself wants to know. @param {boolean} locked */
  ofPlugin(locked) {
    const { plugin } = this.draft;
    if (!plugin) return nothing;
    const detail = site.plugin(plugin);
    if (!detail) return html`<p class="quiet">${site.details.has(plugin) ? t('app.loading') : t('admin.no-plugin', { plugin })}</p>`;
    return html`<h3>${detail.display_name}</h3><p class="quiet">${detail.description}</p>
      <lc-form .schema=${{ ...detail.manifest.config_schema, title: undefined, description: undefined }} .value=${this.draft.config || {}} .faults=${this.faults} .at=${'/config/config'} .locked=${locked} .of=${`${this.key} ${plugin}`}
        @draft=${(/** @type {CustomEvent} */ event) => this.keep({ ...this.draft, config: event.detail })}></lc-form>`;
  }

  /** A password or key: it is only ever written. */
  password() {
    const { how } = this;
    const place = this.draft[how.secret];
    const elsewhereKept = typeof place === 'string' && place !== 'stored';
    const wrong = this.faults.filter(({ pointer }) => pointer === `/${how.secret}` || pointer === `/config/${how.secret}`);
    return html`<div class="field ${wrong.length ? 'wrong' : ''}"><label for="secret">${t(`admin.new-${how.secret}`)}</label>
      <div class="buttons"><input id="secret" type=${this.shown ? 'text' : 'password'} autocomplete="new-password" .value=${this.secret} aria-describedby="secret-hint"
        @input=${(/** @type {any} */ event) => { this.secret = event.target.value; }}>
        <button type="button" @click=${() => { this.secret = fresh(); this.shown = 'yes'; this.requestUpdate(); }}>${t('admin.make-one')}</button></div>
      <p class="hint" id="secret-hint">${elsewhereKept ? t('admin.kept-at', { place }) : place ? t('admin.write-only') : t('admin.no-secret')}</p>
      ${wrong.map((one) => html`<p class="fault">${one.detail}</p>`)}</div>`;
  }

  render() {
    const { how } = this;
    const wanted = this.search.toLowerCase();
    const entries = Object.entries(this.all).filter(([id, one]) => `${id} ${titleOf(id, one)}`.toLowerCase().includes(wanted))
      .sort(([id, one], [otherId, other]) => titleOf(id, one).localeCompare(titleOf(otherId, other)));
    return html`<div class="split" data-open=${this.open ? 'yes' : 'no'}>
      <section class="sheet list" aria-labelledby="list-title"><header><h2 id="list-title">${t(`admin.${this.kind}`)}</h2><span class="quiet">${entries.length}</span><span class="grow"></span>
        ${Object.keys(this.all).length < 8 ? nothing : html`<input type="search" class="find" aria-label=${t('admin.find')} placeholder=${t('admin.find')} .value=${this.search} @input=${(/** @type {any} */ event) => { this.search = event.target.value; }}>`}
        ${store.may(how.right) ? html`<a class="button main" href="#/admin/${this.kind}/+">${t('admin.new')}</a>` : nothing}</header>
        <div class="scroll" tabindex="0" role="group" aria-labelledby="list-title"><table><thead><tr><th scope="col">${t('admin.name')}</th><th scope="col">${t('admin.id')}</th>${how.columns.map((/** @type {any} */ column) => html`<th scope="col" class="wide">${t(`admin.${column[0]}`)}</th>`)}</tr></thead>
          <tbody>${entries.map(([id, one]) => html`<tr class=${id === this.open ? 'here' : ''}><th scope="row"><a href="#/admin/${this.kind}/${part(id)}" aria-current=${id === this.open ? 'true' : nothing}>${titleOf(id, one)}</a></th><td class="quiet">${titleOf(id, one) === id ? '' : id}</td>
            ${how.columns.map((/** @type {any} */ column) => html`<td class="wide">${column[1](one)}</td>`)}</tr>`)}</tbody></table></div>
        ${site.config && !entries.length ? html`<p class="empty">${t('admin.empty')}</p>` : nothing}
      </section>
      ${this.open ? this.form() : nothing}
    </div>`;
  }
}
customElements.define('lc-collection', Collection);

/** A password of 100 random bits, of characters that are told apart. */
export function fresh() {
  const alphabet = 'abcdefghijkmnpqrstuvwxyz23456789';
  const bytes = crypto.getRandomValues(new Uint8Array(20));
  return Array.from(bytes, (byte, at) => (at % 5 || !at ? '' : '-') + alphabet[byte % 32]).join('');
}
