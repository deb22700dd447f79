import { call, part } from '../../api.js';
import { moment, t } from '../../i18n.js';
import { Part, html, nothing } from '../../part.js';
import { store } from '../../store.js';
import { sure } from '../sure.js';
import { site } from './site.js';

/** The plug-ins: what serves, what waits for somebody's yes, what cannot be used. */
class Plugins extends Part {
  static properties = { open: {}, detail: { state: true } };

  constructor() {
    super();
    this.open = '';
    /** @type {any} */
    this.detail = undefined;
    this.changed = () => { this.requestUpdate(); void this.read(); };
    this.heard = (/** @type {Event} */ event) => {
      if (/** @type {CustomEvent} */ (event).detail.event.kind === 'plugin-changed') void site.load();
    };
  }

  connectedCallback() {
    super.connectedCallback();
    site.addEventListener('change', this.changed);
    store.addEventListener('event', this.heard);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    site.removeEventListener('change', this.changed);
    store.removeEventListener('event', this.heard);
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (!changed.has('open')) return;
    this.detail = undefined;
    void this.read();
  }

  async read() {
    const { open } = this;
    if (!open) return;
    const detail = await store.attempt(() => call('GET', `plugins/${part(open)}`));
    if (open === this.open) this.detail = detail;
  }

  /** @param {any} one */
  async approve(one) {
    if (!await sure(t('admin.approve-sure', { plugin: one.plugin, version: one.version }), t('admin.approve'))) return;
    await store.attempt(() => call('POST', `plugins/${part(one.plugin)}/files/${one.sha256}/approve`, {}));
    await site.load();
  }

  /** @param {any} version */
  async back(version) {
    if (!await sure(t('admin.roll-back-sure', { plugin: this.open, version: version.version }), t('admin.roll-back'))) return;
    await store.attempt(() => call('POST', `plugins/${part(this.open)}/roll-back`, { to: version.sha256 }));
    await site.load();
  }

  shown() {
    const one = this.detail;
    if (!one) return html`<section class="sheet pad"><p class="quiet" role="status">${t('app.loading')}</p></section>`;
    const { connector, analyzer } = one.manifest;
    const list = (/** @type {any[] | undefined} */ all) => (all?.length ? html`<ul>${all.map((each) => html`<li>${each}</li>`)}</ul>` : html`<span class="quiet">${t('admin.nothing')}</span>`);
    return html`<section class="sheet editor"><header><h2>${one.display_name}</h2><span class="quiet">${one.id} ${one.version}</span><span class="grow"></span><a href="#/admin/plugins">${t('supervisor.close')}</a></header>
      <div class="editor-body"><p>${one.description}</p>
        <h3>${t('admin.wants')}</h3><dl class="facts">
          <dt>${t('admin.want-hosts')}</dt><dd>${list(one.wants.hosts)}</dd><dt>${t('admin.want-secrets')}</dt><dd>${list(one.wants.secrets)}</dd>
          <dt>${t('admin.want-interfaces')}</dt><dd>${list(one.wants.interfaces)}</dd>${one.wants.memory_mib ? html`<dt>${t('admin.want-memory')}</dt><dd>${one.wants.memory_mib} MiB</dd>` : nothing}</dl>
        <h3>${t('admin.can')}</h3><dl class="facts">
          ${connector ? html`<dt>${t('admin.networks')}</dt><dd>${connector.networks.join(', ')}</dd><dt>${t('admin.does')}</dt><dd>${[...new Set((connector.actions || []).map((/** @type {any} */ action) => action.kind.replaceAll('_', ' ')))].join(', ') || '–'}</dd>` : nothing}
          ${analyzer ? html`<dt>${t('admin.scores')}</dt><dd>${(analyzer.scores || []).join(', ') || '–'}</dd><dt>${t('admin.languages')}</dt><dd>${(analyzer.languages || []).join(', ') || t('admin.any')}</dd>` : nothing}</dl>
        <h3>${t('admin.versions')}</h3>
        ${one.rolled_back ? html`<p class="warning">${t('admin.rolled-back', { by: one.rolled_back.by, at: moment(one.rolled_back.at) })}</p>` : nothing}
        <ul class="plain-list">${(one.versions || [{ sha256: one.sha256, version: one.version }]).map((/** @type {any} */ version) => html`<li class="topline"><strong>${version.version}</strong> <code title=${version.sha256}>${version.sha256.slice(0, 12)}</code>
          <span class="quiet grow">${version.since ? moment(version.since) : ''} ${version.file || t('admin.bundled')}</span>
          ${version.sha256 === one.sha256 ? html`<span class="chip ok">${t('admin.serves')}</span>` : store.may('configure') ? html`<button @click=${() => this.back(version)}>${t('admin.roll-back')}<span class="hidden"> ${version.version}</span></button>` : nothing}</li>`)}</ul>
        ${(one.approvals || []).length ? html`<h3>${t('admin.approvals')}</h3><ul class="plain-list">${one.approvals.map((/** @type {any} */ each) => html`<li>${moment(each.at)} · ${each.by} · <code>${each.sha256.slice(0, 12)}</code></li>`)}</ul>` : nothing}
      </div></section>`;
  }

  render() {
    const { plugins = [], pending = [], problems = [] } = site.plugins;
    return html`<div class="pile">
      ${pending.length ? html`<section class="sheet" aria-labelledby="pending-title"><header><h2 id="pending-title">${t('admin.pending')}</h2></header><ul class="cards">${pending.map((/** @type {any} */ one) => html`<li class="health warn"><div class="topline"><strong>${one.plugin} ${one.version}</strong><span class="quiet">${one.file}</span><span class="grow"></span>
        ${store.may('configure') ? html`<button class="main" @click=${() => this.approve(one)}>${t('admin.approve')}<span class="hidden"> ${one.plugin} ${one.version}</span></button>` : nothing}</div>
        <p>${t('admin.asks-more')}</p><ul class="asks">${one.asks.map((/** @type {string} */ ask) => html`<li>+ ${ask}</li>`)}</ul></li>`)}</ul></section>` : nothing}
      ${problems.length ? html`<section class="sheet" aria-labelledby="problems-title"><header><h2 id="problems-title">${t('admin.broken-files')}</h2></header><ul class="cards">${problems.map((/** @type {any} */ one) => html`<li class="health bad"><strong>${one.file}</strong><p>${one.reason}</p></li>`)}</ul></section>` : nothing}
      <div class="split" data-open=${this.open ? 'yes' : 'no'}>
        <section class="sheet list" aria-labelledby="list-title"><header><h2 id="list-title">${t('admin.plugins')}</h2><span class="quiet">${plugins.length}</span></header>
          <ul class="cards">${plugins.map((/** @type {any} */ one) => html`<li class=${one.id === this.open ? 'here' : ''}><div class="topline"><a href="#/admin/plugins/${part(one.id)}" aria-current=${one.id === this.open ? 'true' : nothing}>${one.display_name}</a><span class="quiet">${one.version}</span><span class="grow"></span>
            <span class="chip">${one.networks?.length ? t('admin.connector') : t('admin.analyzer')}</span>${one.source === 'bundled' ? nothing : html`<span class="chip">${t('admin.own-file')}</span>`}</div></li>`)}</ul>
          <p class="quiet pad">${t('admin.plugins-hint')}</p></section>
        ${this.open ? this.shown() : nothing}
      </div></div>`;
  }
}
customElements.define('lc-plugins', Plugins);
