import { call } from '../api.js';
import { t } from '../i18n.js';
import { Part, html, nothing } from '../part.js';
import { store } from '../store.js';

/** Whether the agent takes work, and why not. */
class Presence extends Part {
  /** @param {Event} event */
  set(event) {
    const value = /** @type {HTMLSelectElement} */ (event.target).value;
    const body = value.startsWith('not-ready:')
      ? { state: 'not-ready', reason: value.slice('not-ready:'.length) }
      : { state: value };
    return store.attempt(() => call('PUT', 'agents/me/presence', body));
  }

  render() {
    // The session may have just ended.
    if (!store.agent) return nothing;
    const { presence, not_ready_reasons: reasons = [] } = store.agent;
    const now = presence.state === 'not-ready' ? `not-ready:${presence.reason}` : presence.state;
    const known = reasons.includes(presence.reason) || presence.state !== 'not-ready' ? reasons : [...reasons, presence.reason];
    const all = ['ready', ...known.map((/** @type {string} */ reason) => `not-ready:${reason}`), 'offline'];
    return html`<label class="presence ${presence.state}"><span class="dot"></span>
      <span class="hidden">${t('presence.title')}</span>
      <select @change=${this.set} .value=${now}>${all.map((value) => html`
        <option value=${value} ?selected=${value === now}>${value.startsWith('not-ready:') ? value.slice(10) : t(`presence.${value}`)}</option>`)}
      </select></label>`;
  }
}
customElements.define('lc-presence', Presence);
