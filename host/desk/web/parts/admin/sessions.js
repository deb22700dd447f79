import { call, part } from '../../api.js';
import { moment, t } from '../../i18n.js';
import { Part, html, nothing } from '../../part.js';
import { store } from '../../store.js';
import { sure } from '../sure.js';

/** Where somebody is signed in, to be ended by whoever looks after people. */
class Sessions extends Part {
  static follows = /** @type {EventTarget[]} */ ([]);
  static properties = { agent: {}, items: { state: true } };

  constructor() {
    super();
    this.agent = '';
    /** @type {any[] | undefined} */
    this.items = undefined;
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (!changed.has('agent')) return;
    this.items = undefined;
    void this.read();
  }

  async read() {
    const { agent } = this;
    const items = await store.attempt(() => call('GET', `agents/${part(agent)}/sessions`));
    if (agent === this.agent) this.items = items;
  }

  async end() {
    if (!await sure(t('admin.sessions-sure', { name: this.agent }), t('admin.sessions-end'))) return;
    await store.attempt(() => call('DELETE', `agents/${part(this.agent)}/sessions`));
    await this.read();
  }

  render() {
    if (!this.items) return nothing;
    return html`<h3>${t('admin.sessions')}</h3>
      <p>${this.items.length ? t('admin.sessions-of', { count: this.items.length, at: moment(this.items.map((one) => one.created_at).sort().at(-1)) }) : t('admin.no-sessions')}</p>
      ${this.items.length ? html`<p><button type="button" class="danger" @click=${this.end}>${t('admin.sessions-end')}</button></p>` : nothing}`;
  }
}
customElements.define('lc-sessions', Sessions);
