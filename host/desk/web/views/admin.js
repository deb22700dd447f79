import { t } from '../i18n.js';
import { Part, html, nothing } from '../part.js';
import { store } from '../store.js';
import { site } from '../parts/admin/site.js';
import '../parts/admin/channel.js';
import '../parts/admin/collection.js';
import '../parts/admin/log.js';
import '../parts/admin/plugins.js';
import '../parts/admin/rules.js';
import '../parts/admin/settings.js';
import '../parts/admin/skills.js';
import '../parts/admin/training.js';
import '../parts/admin/webhooks.js';

const list = (/** @type {string} */ kind) => (/** @type {string} */ open) => html`<lc-collection .kind=${kind} .open=${open}></lc-collection>`;

/** What can be administered, by what it is about: who may, and what draws it. */
const SECTIONS = [
  { id: 'channels', about: 'networks', rights: ['channels', 'configure'], view: (/** @type {string} */ open) => html`<lc-channels .open=${open}></lc-channels>` },
  { id: 'plugins', about: 'networks', rights: ['configure', 'channels'], view: (/** @type {string} */ open) => html`<lc-plugins .open=${open}></lc-plugins>` },
  { id: 'analyzers', about: 'networks', rights: ['configure'], view: list('analyzers') },
  { id: 'training', about: 'networks', rights: ['training'], view: (/** @type {string} */ open) => html`<lc-training .open=${open}></lc-training>` },
  { id: 'webhooks', about: 'networks', rights: ['webhooks'], view: (/** @type {string} */ open) => html`<lc-webhooks .open=${open}></lc-webhooks>` },
  { id: 'queues', about: 'work', rights: ['configure'], view: list('queues') },
  { id: 'rules', about: 'work', rights: ['configure'], view: () => html`<lc-rules></lc-rules>` },
  { id: 'hours', about: 'work', rights: ['configure'], view: list('hours') },
  { id: 'responses', about: 'work', rights: ['texts'], view: list('responses') },
  { id: 'macros', about: 'work', rights: ['texts'], view: list('macros') },
  { id: 'agents', about: 'people', rights: ['configure'], view: list('agents') },
  { id: 'skills', about: 'people', rights: ['configure'], view: () => html`<lc-skills></lc-skills>` },
  { id: 'groups', about: 'people', rights: ['configure'], view: list('groups') },
  { id: 'roles', about: 'people', rights: ['configure'], view: list('roles') },
  { id: 'stations', about: 'people', rights: ['configure'], view: list('stations') },
  { id: 'settings', about: 'hub', rights: ['configure'], view: () => html`<lc-settings></lc-settings>` },
  { id: 'keys', about: 'hub', rights: ['configure'], view: list('keys') },
  { id: 'dead-letters', about: 'hub', rights: ['dead-letters', 'channels'], view: (/** @type {string} */ open) => html`<lc-dead-letters .open=${open}></lc-dead-letters>` },
  { id: 'audit', about: 'hub', rights: ['audit'], view: () => html`<lc-audit></lc-audit>` },
];

/** What an administrator sets up. What stands in the address is what is shown. */
class Admin extends Part {
  static follows = [store, site];
  static properties = { path: {} };

  constructor() {
    super();
    this.path = '';
    this.heard = (/** @type {Event} */ event) => {
      if (/** @type {CustomEvent} */ (event).detail.event.kind === 'site-configured') void site.load();
    };
  }

  connectedCallback() {
    super.connectedCallback();
    store.addEventListener('event', this.heard);
    void site.load();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    store.removeEventListener('event', this.heard);
  }

  /** The one that is open is seen, where they do not all fit. @param {Map<string, unknown>} changed */
  updated(changed) {
    if (changed.has('path')) this.querySelector('.sections [aria-current]')?.scrollIntoView({ inline: 'nearest', block: 'nearest' });
  }

  render() {
    const [name, ...rest] = this.path.split('/');
    const mine = SECTIONS.filter(({ rights }) => rights.some((right) => store.may(right)));
    const section = mine.find(({ id }) => id === name) || mine[0];
    if (!section) return html`<main class="page"><p class="empty">${t('admin.nothing-yours')}</p></main>`;
    return html`<div class="admin"><nav class="sections" aria-label=${t('areas.admin')}>${[...Map.groupBy(mine, ({ about }) => about)].map(([about, all]) => html`<h2>${t(`admin.about.${about}`)}</h2>${all.map(({ id }) => html`<a href="#/admin/${id}" aria-current=${id === section.id ? 'page' : nothing}>${t(`admin.${id}`)}</a>`)}`)}</nav>
      <main class="page">${site.problem ? html`<p class="problem" role="alert">${site.problem}</p>` : nothing}${section.view(section.id === name ? rest.join('/') : '')}</main></div>`;
  }
}
customElements.define('lc-admin', Admin);
