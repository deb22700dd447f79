import { call, newKey, Problem } from '../api.js';
import { t } from '../i18n.js';
import { Part, html, nothing } from '../part.js';
import './templates.js';

/** Writes to a customer with whom the conversation is over: another one begins with it. */
class First extends Part {
  static follows = /** @type {EventTarget[]} */ ([]);

  static properties = { item: {}, panel: { state: true }, text: { state: true }, busy: { state: true }, problem: { state: true }, open: { state: true } };

  constructor() {
    super();
    /** @type {any} */
    this.item = undefined;
    /** @type {'' | 'text' | 'template'} */
    this.panel = '';
    this.text = '';
    this.busy = false;
    this.problem = '';
    /** The interaction that is under way with the customer already. */
    this.open = '';
    this.of = '';
    /** The same until the hub has answered, so that a repeated sending has one effect. */
    this.key = '';
  }

  willUpdate() {
    if (this.item.id === this.of) return;
    this.of = this.item.id;
    this.show('');
    this.text = '';
  }

  /** @param {'' | 'text' | 'template'} panel */
  async show(panel) {
    this.panel = panel;
    this.problem = '';
    this.open = '';
    if (!panel) return;
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector('textarea'))?.focus();
  }

  /** @param {object} content */
  async begin(content) {
    const { contact, channel } = this.item;
    this.key ||= newKey();
    this.busy = true;
    this.problem = '';
    try {
      const begun = await call('POST', 'interactions', { contact, channel, ...content }, this.key);
      this.key = '';
      this.text = '';
      location.hash = `#/interactions/${begun.id}`;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problem = error.message;
      this.open = error.interaction;
    } finally {
      this.busy = false;
    }
  }

  /** @param {SubmitEvent} event */
  send(event) {
    event.preventDefault();
    const text = this.text.trim();
    if (text) void this.begin({ text });
  }

  render() {
    if (!this.panel) {
      return html`<div class="buttons"><button @click=${() => this.show('text')}>${t('first.write')}</button></div>`;
    }
    return html`<div class="stack">
      ${this.problem ? html`<p class="problem" role="alert">${this.problem} ${this.open ? html`<a href="#/interactions/${this.open}">${t('conversation.open')}</a>` : nothing}</p>` : nothing}
      ${this.panel === 'template' ? html`<lc-templates .channel=${this.item.channel} .busy=${this.busy}
        @template=${(/** @type {CustomEvent} */ event) => this.begin({ structured: event.detail })} @close=${() => this.show('text')}></lc-templates>`
    : html`<form class="stack" @submit=${this.send}><label>${t('first.text')}<textarea rows="3" dir="auto" required .value=${this.text}
          @input=${(/** @type {any} */ event) => { this.text = event.target.value; }}></textarea></label>
        <div class="buttons"><button class="main" ?disabled=${this.busy}>${t('first.send')}</button>
          <button type="button" @click=${() => this.show('template')}>${t('first.template')}</button>
          <button type="button" @click=${() => this.show('')}>${t('app.cancel')}</button></div></form>`}</div>`;
  }
}
customElements.define('lc-first', First);
