import { Problem, ask, call, part } from '../api.js';
import { t } from '../i18n.js';
import { Part, html, nothing } from '../part.js';

/** Signing in by name and password; on a new hub, making the first account by the administrator's key. */
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
      await this.signIn(form.get('name'), form.get('password'));
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
      await this.updateComplete;
      /** @type {HTMLElement} */ (this.querySelector('[name=password]')).focus();
    } finally {
      this.busy = false;
    }
  }

  /** @param {any} name @param {any} password */
  async signIn(name, password) {
    await call('POST', 'session', { name, password, cookie: true });
    this.dispatchEvent(new Event('signed-in', { bubbles: true }));
  }

  /** Whoever can read the data folder makes the first account. @param {SubmitEvent} event */
  async begin(event) {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const name = String(form.get('first-name')).trim();
    const password = form.get('first-password');
    this.busy = true;
    try {
      const bearer = String(form.get('key')).trim();
      await ask('PUT', `agents/${part(name)}`, { config: { name, role: 'admin', password: 'stored' }, password }, { bearer, none: true });
      await this.signIn(name, password);
    } catch (error) {
      this.problem = error instanceof Problem && error.faults.length ? error.faults.map((one) => one.detail).join(' ') : error instanceof Error ? error.message : String(error);
    } finally {
      this.busy = false;
    }
  }

  firstUpdated() {
    /** @type {HTMLElement} */ (this.querySelector('[name=name]')).focus();
  }

  render() {
    return html`<main class="alone"><div class="card">
      <form class="stack" @submit=${this.enter}>
        <h1><img src="icon.svg" alt="" width="28" height="28">Linecard</h1>
        <label>${t('sign-in.name')}<input name="name" autocomplete="username" autocapitalize="none" required></label>
        <label>${t('sign-in.password')}<input name="password" type="password" autocomplete="current-password" required></label>
        ${this.problem ? html`<p class="problem" role="alert">${this.problem}</p>` : nothing}
        <button class="main" ?disabled=${this.busy}>${t('sign-in.enter')}</button>
      </form>
      <details><summary>${t('first-run.key')}</summary><form class="stack" @submit=${this.begin}>
        <p class="hint">${t('first-run.key-hint')}</p>
        <label>${t('first-run.key-field')}<input name="key" type="password" autocomplete="off" required></label>
        <label>${t('first-run.key-name')}<input name="first-name" autocomplete="username" autocapitalize="none" pattern="[a-z0-9][a-z0-9._\\-]*" required></label>
        <label>${t('first-run.key-password')}<input name="first-password" type="password" minlength="8" autocomplete="new-password" required></label>
        <button ?disabled=${this.busy}>${t('first-run.key-make')}</button></form></details>
    </div></main>`;
  }
}
customElements.define('lc-sign-in', SignIn);
