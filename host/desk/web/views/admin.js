import { t } from '../i18n.js';
import { Part, html, nothing } from '../part.js';
import { store } from '../store.js';
import { site } from '../parts/admin/site.js';
import '../parts/admin/channel.js';
import '../parts/admin/collection.js';
import '../parts/admin/log.js';
import '../parts/admin/plugins.js';
import '../parts/admin/rules.js';
import '../parts/admin/skills.js';

const list = (/** @type {string} */ kind) => (/** @type {string} */ open) => html`<lc-collection .kind=${kind} .open=${open}></lc-collection>`;

/** What can be administered: who may, and what draws it. */
const SECTIONS = [
  { id: 'channels', rights: ['channels', 'configure'], view: (/** @type {string} */ open) => html`<lc-channels .open=${open}></lc-channels>` },
  { id: 'plugins', rights: ['configure', 'channels'], view: (/** @type {string} */ open) => html`<lc-plugins .open=${open}></lc-plugins>` },
  { id: 'queues', rights: ['configure'], view: list('queues') },
  { id: 'agents', rights: ['configure'], view: list('agents') },
  { id: 'skills', rights: ['configure'], view: () => html`<lc-skills></lc-skills>` },
  { id: 'hours', rights: ['configure'], view: list('hours') },
  { id: 'rules', rights: ['configure'], view: () => html`<lc-rules></lc-rules>` },
  { id: 'responses', rights: ['texts'], view: list('responses') },
  { id: 'keys', rights: ['configure'], view: list('keys') },
  { id: 'dead-letters', rights: ['dead-letters', 'channels'], view: (/** @type {string} */ open) => html`<lc-dead-letters .open=${open}></lc-dead-letters>` },
  { id: 'audit', rights: ['audit'], view: () => html`<lc-audit></lc-audit>` },
];

/** What an administrator sets up. What stands in the address is what is shown. */
class Admin extends Part {
  static follows = [store, site];
  static properties = { path: {} };

  constructor() {
    super();
    this.path = '';
  }

  connectedCallback() {
    super.connectedCallback();
    void site.load();
  }

  render() {
    const [name, ...rest] = this.path.split('/');
    const mine = SECTIONS.filter(({ rights }) => rights.some((right) => store.may(right)));
    const section = mine.find(({ id }) => id === name) || mine[0];
    if (!section) return html`<main class="page"><p class="empty">${t('admin.nothing-yours')}</p></main>`;
    return html`<div class="admin"><nav class="sections" aria-label=${t('areas.admin')}>${mine.map(({ id }) => html`<a href="#/admin/${id}" aria-current=${id === section.id ? 'page' : nothing}>${t(`admin.${id}`)}</a>`)}</nav>
      <main class="page">${site.problem ? html`<p class="problem" role="alert">${site.problem}</p>` : nothing}${section.view(section.id === name ? rest.join('/') : '')}</main></div>`;
  }
}
customElements.define('lc-admin', Admin);
