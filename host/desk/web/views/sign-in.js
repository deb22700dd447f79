import { call } from '../api.js';
import { t } from '../i18n.js';
import { Part, html, nothing } from '../part.js';

/** Signing in by name and password. */
class SignIn extends Part {
  static properties = { busy: { state: true }, problem: { state: true } };

  constructor() {
    super();
    this.busy = false;
    this.problem = '';
  }

  /** @param {SubmitEvent} event */
  async enter(event) {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    this.busy = true;
    try {
      const body = { name: form.get('name'), password: form.get('password'), cookie: true };
      await call('POST', 'session', body);
      this.dispatchEvent(new Event('signed-in', { bubbles: true }));
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
      await this.updateComplete;
      /** @type {HTMLElement} */ (this.querySelector('[name=password]')).focus();
    } finally {
      this.busy = false;
    }
  }

  firstUpdated() {
    /** @type {HTMLElement} */ (this.querySelector('[name=name]')).focus();
  }

  render() {
    return html`<main class="alone">
      <form class="card" @submit=${this.enter}>
        <h1>Linecard</h1>
        <label>${t('sign-in.name')}<input name="name" autocomplete="username" autocapitalize="none" required></label>
        <label>${t('sign-in.password')}<input name="password" type="password" autocomplete="current-password" required></label>
        ${this.problem ? html`<p class="problem" role="alert">${this.problem}</p>` : nothing}
        <button class="main" ?disabled=${this.busy}>${t('sign-in.enter')}</button>
      </form>
    </main>`;
  }
}
customElements.define('lc-sign-in', SignIn);
