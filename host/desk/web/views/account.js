import { Problem, call, part } from '../api.js';
import { LANGUAGES, choose, language, moment, t, word } from '../i18n.js';
import { allowNotices, choices } from '../notify.js';
import { Part, html, nothing } from '../part.js';
import { store } from '../store.js';
import { chosen, dress } from '../theme.js';
import { sure } from '../parts/sure.js';
import '../parts/own.js';
import '../parts/station.js';

/** What is one's own: the password, where one is signed in, how the desk looks and sounds. */
class Account extends Part {
  static properties = { sessions: { state: true }, keys: { state: true }, faults: { state: true }, told: { state: true }, busy: { state: true } };

  constructor() {
    super();
    /** @type {any[] | undefined} */
    this.sessions = undefined;
    /** @type {any[] | undefined} */
    this.keys = undefined;
    /** @type {{pointer: string, detail: string}[]} */
    this.faults = [];
    this.told = '';
    this.busy = false;
  }

  connectedCallback() {
    super.connectedCallback();
    void this.read();
  }

  async read() {
    if (store.me) this.sessions = await store.attempt(() => call('GET', 'agents/me/sessions'));
    if (store.may('people')) this.keys = await store.attempt(() => call('GET', 'keys'));
  }

  /** @param {SubmitEvent} event */
  async password(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const data = new FormData(form);
    this.told = '';
    if (data.get('new') !== data.get('again')) {
      this.faults = [{ pointer: '/again', detail: t('account.not-same') }];
      return;
    }
    this.busy = true;
    try {
      await call('PUT', 'agents/me/password', { old: data.get('old'), new: data.get('new') });
      this.faults = [];
      this.told = t('account.password-changed');
      form.reset();
      await this.read();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.faults = error.faults.length ? error.faults : [{ pointer: error.kind === 'sign-in-failed' ? '/old' : '/new', detail: error.message }];
      await this.updateComplete;
      /** @type {HTMLElement | null} */ (this.querySelector('.wrong input'))?.focus();
    } finally {
      this.busy = false;
    }
  }

  /** @param {any} session */
  async end(session) {
    await store.attempt(() => call('DELETE', `agents/me/sessions/${part(session.id)}`));
    await this.read();
  }

  async endAll() {
    if (!await sure(t('account.end-all-sure'), t('account.end-all'))) return;
    for (const session of (this.sessions || []).filter((one) => !one.current)) await store.attempt(() => call('DELETE', `agents/me/sessions/${part(session.id)}`));
    await this.read();
  }

  /** @param {any} key */
  async endKey(key) {
    if (!await sure(t('account.end-key-sure', { name: key.name || key.id }), t('account.end'))) return;
    await store.attempt(() => call('DELETE', `keys/${part(key.id)}`));
    await this.read();
  }

  /** @param {string} name @param {string} complete */
  field(name, complete) {
    const wrong = this.faults.filter(({ pointer }) => pointer === `/${name}`);
    return html`<div class="field ${wrong.length ? 'wrong' : ''}"><label for="password-${name}">${t(`account.${name}`)}</label>
      <input id="password-${name}" name=${name} type="password" required autocomplete=${complete} aria-invalid=${wrong.length ? 'true' : nothing} aria-describedby=${wrong.length ? `password-${name}-fault` : nothing}>
      ${wrong.map((one) => html`<p class="fault" id="password-${name}-fault">${one.detail}</p>`)}</div>`;
  }

  settings() {
    const denied = !('Notification' in window) || Notification.permission === 'denied';
    return html`<section class="sheet" aria-labelledby="looks-title"><header><h2 id="looks-title">${t('account.looks')}</h2></header><div class="editor-body">
      <div class="field"><label for="language">${t('account.language')}</label><select id="language" @change=${(/** @type {any} */ event) => choose(event.target.value)}>
        ${Object.entries(LANGUAGES).map(([one, name]) => html`<option value=${one} lang=${one} ?selected=${language === one}>${name}</option>`)}</select></div>
      <div class="field"><label for="theme">${t('account.theme')}</label><select id="theme" @change=${(/** @type {any} */ event) => dress(event.target.value)}>
        ${['', 'light', 'dark'].map((one) => html`<option value=${one} ?selected=${chosen() === one}>${t(`account.theme.${one || 'system'}`)}</option>`)}</select></div>
      <div class="field"><label class="check"><input type="checkbox" .checked=${choices.notices} ?disabled=${denied} @change=${async (/** @type {any} */ event) => { event.target.checked = await allowNotices(event.target.checked); }}> ${t('account.notify')}</label>
        ${denied ? html`<p class="hint">${t('account.notify-denied')}</p>` : nothing}</div>
      <div class="field"><label class="check"><input type="checkbox" .checked=${choices.sound} @change=${(/** @type {any} */ event) => { choices.sound = event.target.checked; }}> ${t('account.sound')}</label></div>
      <p class="hint">${t('account.kept-here')}</p></div></section>`;
  }

  render() {
    const { session } = store;
    return html`<main class="page"><div class="head-line"><h2>${t('areas.account')}</h2></div><div class="pair">
      <div class="column"><section class="sheet" aria-labelledby="who-title"><header><h2 id="who-title">${session?.name}</h2><span class="chip">${session?.role}</span></header><div class="editor-body">
          <dl class="facts"><dt>${t('account.rights')}</dt><dd>${session?.rights?.length ? html`<ul class="rights">${session.rights.map((/** @type {string} */ right) => html`<li>${word('admin.right', right)}</li>`)}</ul>` : t('account.no-rights')}</dd>${session?.expires_at ? html`<dt>${t('account.until')}</dt><dd>${moment(session.expires_at)}</dd>` : nothing}</dl></div></section>
        <form class="sheet" aria-labelledby="password-title" @submit=${this.password}><header><h2 id="password-title">${t('account.password')}</h2></header><div class="editor-body">
          <input class="hidden" name="username" autocomplete="username" .value=${session?.name || ''} tabindex="-1" aria-hidden="true" readonly>
          ${this.field('old', 'current-password')}${this.field('new', 'new-password')}${this.field('again', 'new-password')}
          <p class="hint">${t('account.password-hint')}</p>
          <div class="buttons"><button class="main" ?disabled=${this.busy}>${t('account.change')}</button><span role="status" class="quiet">${this.told}</span></div></div></form>
        ${store.me ? html`<lc-station></lc-station>` : nothing}</div>
      <div class="column">${store.me ? html`<lc-own></lc-own>` : nothing}${this.settings()}
        <section class="sheet" aria-labelledby="sessions-title"><header><h2 id="sessions-title">${t('account.sessions')}</h2><span class="grow"></span>
          ${(this.sessions?.length || 0) > 1 ? html`<button @click=${this.endAll}>${t('account.end-all')}</button>` : nothing}</header>
          <ul class="cards">${(this.sessions || []).map((one) => html`<li><div class="topline"><span>${moment(one.created_at)}</span><span class="quiet">${t('supervisor.until', { at: moment(one.expires_at) })}</span><span class="grow"></span>
            ${one.current ? html`<span class="chip ok">${t('account.this-one')}</span>` : html`<button class="plain" @click=${() => this.end(one)}>${t('account.end')}<span class="hidden"> ${moment(one.created_at)}</span></button>`}</div></li>`)}</ul></section>
        ${this.keys ? html`<section class="sheet" aria-labelledby="keys-title"><header><h2 id="keys-title">${t('account.keys')}</h2></header>
          <ul class="cards">${this.keys.map((one) => html`<li><div class="topline"><strong>${one.name || one.id}</strong><span class="quiet">${one.role} ${one.channels.join(', ')}</span><span class="grow"></span>
            ${store.may('configure') ? html`<button class="plain" @click=${() => this.endKey(one)}>${t('account.end')}<span class="hidden"> ${one.name || one.id}</span></button>` : nothing}</div></li>`)}</ul>
          ${this.keys.length ? nothing : html`<p class="empty">${t('account.no-keys')}</p>`}</section>` : nothing}</div>
    </div></main>`;
  }
}
customElements.define('lc-account', Account);
