import { call } from '../api.js';
import { t } from '../i18n.js';
import { Part, html, nothing } from '../part.js';
import { store } from '../store.js';

/** What can be done with the agent's own interaction. */
class Actions extends Part {
  static properties = { item: {}, targets: { state: true }, codes: { state: true } };

  constructor() {
    super();
    /** @type {any} */
    this.item = undefined;
    /** @type {any} */
    this.targets = undefined;
    /** @type {string[] | undefined} */
    this.codes = undefined;
  }

  /** @param {Map<string, any>} changed */
  willUpdate(changed) {
    const before = changed.get('item');
    if (!before || before.id === this.item.id) return;
    this.targets = undefined;
    this.codes = undefined;
  }

  /** @param {string} what @param {unknown} [body] */
  step(what, body = {}) {
    return store.attempt(() => call('POST', `interactions/${this.item.id}/${what}`, body));
  }

  async choose() {
    this.targets = this.targets ? undefined : await store.attempt(() => call('GET', `interactions/${this.item.id}/transfer-targets`));
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector('select'))?.focus();
  }

  /** @param {SubmitEvent} event */
  async transfer(event) {
    event.preventDefault();
    const to = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get('to'));
    const [kind, id] = [to.slice(0, to.indexOf(':')), to.slice(to.indexOf(':') + 1)];
    await this.step('transfer', { [kind]: id });
    if (!store.notice) this.targets = undefined;
  }

  async code() {
    const queue = await store.attempt(() => call('GET', `queues/${encodeURIComponent(this.item.queue)}`));
    this.codes = queue?.disposition_codes || [];
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector('select'))?.focus();
  }

  /** @param {SubmitEvent} event */
  async wrapUp(event) {
    event.preventDefault();
    const disposition = new FormData(/** @type {HTMLFormElement} */ (event.target)).get('code');
    await this.step('wrap-up', disposition ? { disposition } : {});
  }

  /** @param {string} key @param {string} word @param {() => unknown} what */
  button(key, word, what) {
    return html`<button data-key="Key${key}" aria-keyshortcuts="Alt+${key}" @click=${what}>${t(word)}</button>`;
  }

  render() {
    const { state } = this.item;
    if (state === 'wrap-up') {
      if (!this.codes) this.code();
      return html`<form class="buttons" @submit=${this.wrapUp}><label>${t('actions.code')}
        <select name="code"><option value="">–</option>${(this.codes || []).map((code) => html`<option>${code}</option>`)}</select></label>
        <button class="main">${t('actions.wrap-up')}</button></form>`;
    }
    return html`<div class="buttons">
      ${state === 'held' || state === 'parked' ? this.button('H', 'actions.resume', () => this.step('resume')) : html`
        ${this.button('H', 'actions.hold', () => this.step('hold'))}
        ${this.button('P', 'actions.park', () => this.step('park', { waiting_for: 'customer' }))}`}
      ${this.button('T', 'actions.transfer', () => this.choose())}
      ${this.button('E', 'actions.end', () => this.step('end'))}</div>
      ${this.targets ? html`<form class="buttons" @submit=${this.transfer}><label>${t('actions.to')}<select name="to" required>
        ${this.targets.queues.map((/** @type {any} */ one) => html`<option value="queue:${one.queue}">${one.name}</option>`)}
        ${this.targets.agents.map((/** @type {any} */ one) => html`<option value="agent:${one.agent}">${one.name || one.agent}</option>`)}
        </select></label><button class="main">${t('actions.transfer')}</button></form>` : nothing}`;
  }
}
customElements.define('lc-actions', Actions);
