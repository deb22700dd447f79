import { t } from '../i18n.js';
import { Part, html, nothing } from '../part.js';
import { store } from '../store.js';
import '../parts/inbox.js';
import '../parts/conversation.js';
import '../parts/contact.js';

/** The agent's view. Which interaction is open stands in the address, so that it can be gone back to. */
class Desk extends Part {
  static properties = { open: { state: true } };

  constructor() {
    super();
    this.open = '';
    this.look = () => { this.open = location.hash.replace(/^#\/interactions\//, '').replace(/^#.*/, ''); };
    this.key = (/** @type {KeyboardEvent} */ event) => this.pressed(event);
  }

  connectedCallback() {
    super.connectedCallback();
    addEventListener('hashchange', this.look);
    addEventListener('keydown', this.key);
    this.look();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    removeEventListener('hashchange', this.look);
    removeEventListener('keydown', this.key);
  }

  /** Every shortcut has Alt, so that none is pressed by writing. @param {KeyboardEvent} event */
  pressed(event) {
    if (!event.altKey || event.ctrlKey || event.metaKey) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      const all = store.mine;
      const at = all.findIndex((item) => item.id === this.open);
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
    const item = store.items.get(this.open);
    return html`
      <div class="rooms" data-open=${this.open ? 'yes' : 'no'}>
        <nav class="left" aria-label=${t('inbox.title')}><lc-inbox .open=${this.open}></lc-inbox></nav>
        <main class="middle">${this.open
    ? html`<lc-conversation .interaction=${this.open}></lc-conversation>`
    : html`<p class="empty">${t('conversation.none')}</p>`}</main>
        <aside class="right" aria-label=${t('contact.title')}>${item
    ? html`<lc-contact .item=${item}></lc-contact>` : nothing}</aside>
      </div>`;
  }
}
customElements.define('lc-desk', Desk);
