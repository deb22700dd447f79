// The desk begins here: the language first, then who is there, then their work.

import { call, Problem, signedOut } from './api.js';
import { load, t } from './i18n.js';
import { Part, html } from './part.js';
import { store } from './store.js';
import './views/sign-in.js';
import './views/desk.js';

/** The page: somebody signs in, or works. */
class App extends Part {
  static properties = { state: { state: true } };

  constructor() {
    super();
    /** @type {'loading' | 'out' | 'in' | 'away'} */
    this.state = 'loading';
  }

  connectedCallback() {
    super.connectedCallback();
    signedOut.addEventListener('out', () => {
      store.end();
      this.state = 'out';
    });
    this.addEventListener('signed-in', () => this.look());
    this.look();
  }

  async look() {
    try {
      const session = await call('GET', 'session');
      this.state = 'in';
      await store.begin(session);
    } catch (error) {
      if (error instanceof Problem && (error.status === 401 || error.status === 403)) {
        this.state = 'out';
        return;
      }
      this.state = 'away';
      setTimeout(() => this.look(), 3000);
    }
  }

  render() {
    switch (this.state) {
      case 'out': return html`<lc-sign-in></lc-sign-in>`;
      case 'in': return html`<lc-desk></lc-desk>`;
      case 'away': return html`<main class="alone"><p role="alert">${t('app.away')}</p></main>`;
      default: return html`<main class="alone"><p role="status">${t('app.loading')}</p></main>`;
    }
  }
}

await load();
customElements.define('lc-app', App);
