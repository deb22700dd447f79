import { call, newKey, Problem } from '../api.js';
import { count } from '../count.js';
import { t } from '../i18n.js';
import { Part, html, nothing } from '../part.js';
import { store } from '../store.js';

const PAUSE = 700;

/** Where answers are written. What was typed is kept on the server. */
class Composer extends Part {
  static properties = { item: {}, replyTo: {}, text: { state: true }, busy: { state: true }, saved: { state: true } };

  constructor() {
    super();
    /** @type {any} */
    this.item = undefined;
    /** @type {any} */
    this.replyTo = undefined;
    this.text = '';
    this.privately = false;
    this.busy = false;
    this.saved = true;
    this.of = '';
    /** The same until the hub has answered, so that a repeated sending has one effect. */
    this.key = '';
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (!changed.has('item') || this.item.id === this.of) return;
    this.keep();
    this.of = this.item.id;
    this.text = '';
    this.key = '';
    this.privately = false;
    this.fetch(this.of);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.keep();
  }

  /** @param {string} id */
  async fetch(id) {
    try {
      const draft = await call('GET', `interactions/${id}/draft`);
      if (id !== this.of || this.text) return;
      this.text = draft.text || '';
      this.privately = draft.private || false;
    } catch (error) {
      if (!(error instanceof Problem && error.status === 404)) this.saved = false;
    }
  }

  /** @param {InputEvent} event */
  typed(event) {
    this.text = /** @type {HTMLTextAreaElement} */ (event.target).value;
    this.key = '';
    this.saved = false;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.keep(), PAUSE);
  }

  /** Saves what was typed, if it is not saved yet. */
  async keep() {
    clearTimeout(this.timer);
    if (!this.of || this.saved || this.busy) return;
    const [id, text] = [this.of, this.text];
    try {
      const path = `interactions/${id}/draft`;
      if (text.trim()) await call('PUT', path, { text, private: this.privately });
      else await call('DELETE', path);
      if (id === this.of && text === this.text) this.saved = true;
    } catch (error) {
      if (error instanceof Problem && error.status === 404) return;
      this.timer = setTimeout(() => this.keep(), 5000);
    }
  }

  async send() {
    if (!this.text.trim() || this.busy) return;
    this.busy = true;
    clearTimeout(this.timer);
    this.key ||= newKey();
    /** @type {any} */
    const body = { text: this.text };
    if (this.replyTo) body.reply_to = this.replyTo.id;
    if (this.privately) body.private = true;
    const sent = await store.attempt(async () => {
      await call('POST', `interactions/${this.of}/messages`, body, this.key);
      return true;
    });
    this.busy = false;
    if (sent) {
      this.text = '';
      this.key = '';
      this.saved = true;
      this.dispatchEvent(new Event('no-reply'));
    }
    await this.updateComplete;
    /** @type {HTMLElement} */ (this.querySelector('textarea')).focus();
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.send();
    }
  }

  render() {
    const item = this.item;
    const isPublic = item.visibility === 'public';
    const kind = isPublic ? (this.privately ? 'private_reply' : 'reply') : 'send_message';
    const actions = item.capabilities?.actions || [];
    const able = actions.find((/** @type {any} */ one) => one.kind === kind)
      || (kind === 'reply' ? undefined : actions.find((/** @type {any} */ one) => one.kind === 'reply'));
    const canPrivately = isPublic && actions.some((/** @type {any} */ one) => one.kind === 'private_reply');
    const limit = able?.limits?.text;
    const used = limit ? count(this.text, limit.unit) : 0;
    return html`<form @submit=${(/** @type {Event} */ event) => { event.preventDefault(); this.send(); }}>
      ${this.replyTo ? html`<p class="quiet">${t('composer.to')} <span dir="auto">${(this.replyTo.content.text || '').slice(0, 80)}</span>
        <button type="button" @click=${() => this.dispatchEvent(new Event('no-reply'))}>${t('composer.not-to')}</button></p>` : nothing}
      ${able && !able.open ? html`<p class="problem" role="status">${t('composer.closed')}</p>` : nothing}
      <label><span class="hidden">${t('composer.label')}</span>
        <textarea rows="3" dir="auto" data-key="KeyR" aria-keyshortcuts="Alt+R" .value=${this.text}
          @input=${this.typed} @blur=${this.keep} @keydown=${this.pressed}></textarea></label>
      <div class="buttons">
        ${canPrivately ? html`<label><input type="checkbox" .checked=${this.privately}
          @change=${(/** @type {any} */ event) => { this.privately = event.target.checked; this.key = ''; this.saved = false; this.keep(); this.requestUpdate(); }}>${t('composer.private')}</label>` : nothing}
        <span class="quiet">${this.saved ? nothing : t('composer.saving')}</span><span class="grow"></span>
        ${limit ? html`<span class=${used > limit.max ? 'problem' : 'quiet'}>${t('composer.limit', { used, max: limit.max })}</span>` : nothing}
        <button class="main" ?disabled=${this.busy || !this.text.trim() || (limit && used > limit.max)}>${t('composer.send')}</button></div>
    </form>`;
  }
}
customElements.define('lc-composer', Composer);
