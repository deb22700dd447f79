import { t } from '../i18n.js';
import { Part, html, nothing } from '../part.js';
import { store } from '../store.js';
import { keys } from '../parts/keys.js';
import '../parts/inbox.js';
import '../parts/conversation.js';
import '../parts/contact.js';

/** The agent's view. Which interaction is open stands in the address, so that it can be gone back to. */
class Desk extends Part {
  static properties = { open: { state: true }, side: { state: true } };

  constructor() {
    super();
    this.open = '';
    /** Whether the contact is shown where there is no room for it beside the conversation. */
    this.side = false;
    this.look = () => {
      this.open = location.hash.replace(/^#\/interactions\//, '').replace(/^#.*/, '');
      this.side = Boolean(store.goal);
    };
    this.key = (/** @type {KeyboardEvent} */ event) => this.pressed(event);
  }

  connectedCallback() {
    super.connectedCallback();
    addEventListener('hashchange', this.look);
    addEventListener('keydown', this.key);
    store.addEventListener('goal', this.look);
    this.look();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    removeEventListener('hashchange', this.look);
    removeEventListener('keydown', this.key);
    store.removeEventListener('goal', this.look);
  }

  /** Every shortcut has Alt, so that none is pressed by writing. @param {KeyboardEvent} event */
  pressed(event) {
    if (!event.altKey || event.ctrlKey || event.metaKey) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      // In the order in which they are seen.
      const all = /** @type {any} */ (this.querySelector('lc-inbox')).chosen;
      const at = all.findIndex((/** @type {any} */ item) => item.id === this.open);
      const next = all[at < 0 ? 0 : (at + step + all.length) % all.length];
      if (next) location.hash = `#/interactions/${next.id}`;
      return;
    }
    const button = this.querySelector(`[data-key="${event.code}"]:not(:disabled)`);
    if (button instanceof HTMLElement) {
      event.preventDefault();
      if (button.matches('textarea, input')) button.focus();
      else button.click();
    }
  }

  render() {
    // What is not in the inbox, such as an older conversation, is known since it was opened.
    const opened = store.opened?.id === this.open ? store.opened : undefined;
    const item = store.items.get(this.open) || opened;
    const shown = item && { ...opened, ...item };
    return html`
      <div class="rooms" data-open=${this.open ? 'yes' : 'no'} data-side=${this.side ? 'yes' : 'no'}>
        <nav class="left" aria-label=${t('inbox.title')}><lc-inbox .open=${this.open}></lc-inbox></nav>
        <main class="middle">${this.open
    ? html`<lc-conversation .interaction=${this.open} @side=${() => { this.side = true; }}></lc-conversation>`
    : html`<div class="empty quiet"><p>${t('conversation.none')}</p>${keys()}</div>`}</main>
        <aside class="right" tabindex="0" aria-label=${t('contact.title')}>${shown
    ? html`<button class="side-toggle" @click=${() => { this.side = false; }}>‹ ${t('conversation.short')}</button><lc-contact .item=${shown}></lc-contact>` : nothing}</aside>
      </div>`;
  }
}
customElements.define('lc-desk', Desk);
