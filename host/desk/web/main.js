// The desk begins here: the language first, then who is there, then what they may see.

import { call, Problem, signedOut } from './api.js';
import { choose, load, loadAreas, others, t } from './i18n.js';
import { allowNotices, choices, entitle } from './notify.js';
import { Part, html, nothing } from './part.js';
import { store } from './store.js';
import { dress, theme } from './theme.js';
import { keys } from './parts/keys.js';
import { forgetAll } from './parts/unsent.js';
import './parts/presence.js';
import './views/sign-in.js';
import './views/desk.js';

/** Rights of which one is enough to have something to administer. */
const ADMINISTER = ['configure', 'channels', 'people', 'texts', 'training', 'audit', 'webhooks', 'dead-letters'];
const may = (/** @type {string[]} */ ...rights) => rights.some((right) => store.may(right));

/**
 * The areas, each with its place in the address, who has it, and what draws it. All but an agent's own are
 * fetched when somebody goes there.
 */
const AREAS = [
  { id: 'work', at: '#/', may: () => true, open: async () => {}, view: () => html`<lc-desk></lc-desk>` },
  {
    id: 'supervisor', at: '#/supervisor', may: () => may('figures'), open: () => import('./views/supervisor.js'),
    view: (/** @type {string} */ path) => html`<lc-supervisor .path=${path}></lc-supervisor>`,
  },
  {
    id: 'wallboard', at: '#/wallboard', may: () => may('figures'), open: () => import('./views/wallboard.js'),
    view: () => html`<lc-wallboard></lc-wallboard>`,
  },
  {
    id: 'reports', at: '#/reports', may: () => may('figures'), open: () => import('./views/reports.js'),
    view: (/** @type {string} */ path) => html`<lc-reports .path=${path}></lc-reports>`,
  },
  {
    id: 'admin', at: '#/admin', may: () => may(...ADMINISTER), open: () => import('./views/admin.js'),
    view: (/** @type {string} */ path) => html`<lc-admin .path=${path}></lc-admin>`,
  },
  {
    id: 'start', at: '#/start', may: () => may('configure') && may('channels'), open: () => import('./views/first-run.js'),
    view: () => html`<lc-first-run></lc-first-run>`,
  },
  {
    id: 'search', at: '#/search', may: () => true, open: () => import('./views/search.js'),
    view: (/** @type {string} */ path) => html`<lc-search .path=${path}></lc-search>`,
  },
  {
    id: 'account', at: '#/account', may: () => true, open: () => import('./views/account.js'),
    view: () => html`<lc-account></lc-account>`,
  },
];

/** The style of the areas beside the agent's own, once. @returns {Promise<void>} */
function style() {
  return new Promise((done, failed) => {
    if (document.querySelector('link[href$="areas.css"]')) return void done();
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.href = new URL('areas.css', import.meta.url).href;
    link.onload = () => done();
    link.onerror = () => {
      link.remove();
      failed(new Error('areas.css'));
    };
    document.head.append(link);
  });
}

/** The area that an address belongs to, and what follows in it. */
function place() {
  const hash = decodeURIComponent(location.hash);
  const area = AREAS.findLast(({ at }) => hash === at || hash.startsWith(`${at}/`)) || AREAS[0];
  return { area, path: hash.slice(area.at.length).replace(/^\//, '') };
}

/** The page: somebody signs in, or works in one of the areas. */
class App extends Part {
  static properties = { state: { state: true }, area: { state: true }, path: { state: true }, empty: { state: true } };

  constructor() {
    super();
    /** @type {'loading' | 'out' | 'in' | 'away'} */
    this.state = 'loading';
    this.area = '';
    this.path = '';
    /** No real customer can write to this hub yet. */
    this.empty = false;
  }

  connectedCallback() {
    super.connectedCallback();
    signedOut.addEventListener('out', () => {
      store.end();
      this.state = 'out';
    });
    this.addEventListener('signed-in', () => this.look());
    addEventListener('hashchange', () => this.go());
    addEventListener('keydown', (event) => this.pressed(event));
    addEventListener('resize', () => this.reveal());
    this.look();
  }

  async look() {
    try {
      const session = await call('GET', 'session');
      await store.begin(session);
      if (store.me && localStorage.getItem('linecard-station')) void import('./parts/station.js').then(({ sit }) => sit(), () => {});
      if (may('configure') && may('channels')) {
        const channels = await call('GET', 'channels');
        this.empty = channels.every((/** @type {any} */ one) => one.id === 'practice');
        if (!channels.length && /^#?\/?$/.test(location.hash)) location.hash = '#/start';
      }
      await this.go();
      this.state = 'in';
    } catch (error) {
      if (error instanceof Problem && (error.status === 401 || error.status === 403)) {
        this.state = 'out';
        return;
      }
      this.state = 'away';
      setTimeout(() => this.look(), 3000);
    }
  }

  /** Goes where the address says, if one may. */
  async go() {
    if (!store.session) return;
    const { area, path } = place();
    const allowed = area.may() ? area : AREAS[0];
    try {
      await (allowed.id === 'work' ? allowed.open() : Promise.all([loadAreas(), style(), allowed.open()]));
    } catch {
      store.notice = t('app.offline');
      store.changed();
      return;
    }
    // Somewhere else was wanted meanwhile.
    if (place().area !== area) return;
    const lost = allowed !== area && this.area === area.id;
    if (allowed !== area) history.replaceState(null, '', allowed.at);
    const moved = this.area !== allowed.id;
    this.area = allowed.id;
    this.path = path;
    entitle(allowed.id === 'work' ? '' : t(`areas.${allowed.id}`));
    if (moved) store.notice = lost ? t('areas.lost', { area: t(`areas.${area.id}`) }) : '';
    await this.updateComplete;
    this.reveal();
  }

  /** Where somebody is is seen, where the ways to everywhere do not all fit. */
  reveal() {
    for (const link of this.querySelectorAll('nav [aria-current=page]')) link.scrollIntoView({ inline: 'nearest', block: 'nearest' });
  }

  /** A right may be taken away while its area is open. */
  willUpdate() {
    if (this.state === 'in' && !AREAS.find(({ id }) => id === this.area)?.may()) void this.go();
  }

  get areas() {
    return AREAS.filter((area) => area.may() && (area.id !== 'start' || this.empty || this.area === 'start'));
  }

  /** Everything that can be done, to be searched. */
  async command() {
    await import('./parts/palette.js').catch(() => {});
    const palette = /** @type {any} */ (this.querySelector('lc-palette'));
    const areas = this.areas.map((area, at) => ({ at: area.at, name: t(`areas.${area.id}`), keys: `Alt+Shift+${at + 1}` }));
    await palette?.show?.(areas);
  }

  /** Ctrl+K searches in all that can be done; Alt+Shift and a number leads to an area. @param {KeyboardEvent} event */
  pressed(event) {
    if (this.state === 'in' && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.code === 'KeyK') {
      event.preventDefault();
      void this.command();
      return;
    }
    if (this.state !== 'in' || !event.altKey || !event.shiftKey || event.ctrlKey || event.metaKey) return;
    const area = /^Digit[1-9]$/.test(event.code) ? this.areas[Number(event.code.slice(5)) - 1] : undefined;
    if (!area) return;
    event.preventDefault();
    location.hash = area.at;
  }

  async leave() {
    if (store.me && localStorage.getItem('linecard-station')) await import('./parts/station.js').then(({ standUp }) => standUp(), () => {});
    await store.attempt(() => call('DELETE', 'session'));
    if (store.notice) return;
    forgetAll();
    location.reload();
  }

  bar() {
    return html`<header class="bar">
      <h1>Linecard</h1>
      <nav class="areas" aria-label=${t('areas.title')}>${this.areas.map((area, at) => html`
        <a href=${area.at} aria-current=${area.id === this.area ? 'page' : nothing} aria-keyshortcuts="Alt+Shift+${at + 1}"
          title="Alt+Shift+${at + 1}">${t(`areas.${area.id}`)}</a>`)}</nav>
      ${store.agent ? html`<lc-presence></lc-presence>` : nothing}
      <span class="grow"></span>
      <button class="find-all" aria-keyshortcuts="Control+K" @click=${this.command}><span class="quiet">${t('palette.open')}</span> <kbd aria-hidden="true">Ctrl K</kbd></button>
      <span class="quiet name">${store.agent?.name || store.session?.name}</span>
      <details class="settings"><summary>${t('app.settings')}</summary><div class="menu">
        <label class="choice"><input type="checkbox" .checked=${choices.sound} @change=${(/** @type {any} */ event) => { choices.sound = event.target.checked; }}>${t('notify.sound')}</label>
        <label class="choice"><input type="checkbox" .checked=${choices.notices} @change=${async (/** @type {any} */ event) => { event.target.checked = await allowNotices(event.target.checked); }}>${t('notify.notices')}</label>
        ${others().map(([one, name]) => html`<button @click=${() => choose(one)} lang=${one}>${name}</button>`)}
        <button @click=${() => dress(theme() === 'dark' ? 'light' : 'dark')}>${t('app.theme')}</button>
        <button class="leave" @click=${this.leave}>${t('app.sign-out')}</button>
        ${keys()}</div></details>
      <button class="leave" @click=${this.leave}>${t('app.sign-out')}</button>
    </header>
    <div class="notices" aria-live="polite">
      ${store.online ? nothing : html`<p class="offline"><span class="dot"></span>${t('app.offline')}</p>`}
      ${store.notice ? html`<p class="problem">${store.notice}
        <button class="tool" @click=${() => { store.notice = ''; store.changed(); }}>${t('app.dismiss')}</button></p>` : nothing}
      ${store.me ? html`<lc-mentions></lc-mentions>` : nothing}
    </div>`;
  }

  render() {
    switch (this.state) {
      case 'out': return html`<lc-sign-in></lc-sign-in>`;
      case 'in': {
        const area = AREAS.find(({ id }) => id === this.area) || AREAS[0];
        if (area.id === 'wallboard') return area.view('');
        return html`<div class="frame">${this.bar()}${area.view(this.path)}</div><lc-palette></lc-palette>`;
      }
      case 'away': return html`<main class="alone"><p class="offline" role="alert"><span class="dot"></span> ${t('app.away')}</p></main>`;
      default: return html`<main class="alone"><p role="status">${t('app.loading')}</p></main>`;
    }
  }
}

dress();
await load();
customElements.define('lc-app', App);

// What is rarely wanted comes after what is seen at once.
void import('./parts/mentions.js');
