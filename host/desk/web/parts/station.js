import { call, Problem } from '../api.js';
import { t } from '../i18n.js';
import { Part, html, nothing } from '../part.js';
import { store } from '../store.js';

const PLACE = 'linecard-station';

/** Where this browser stands: a station is a place, and not a person's. */
export const station = () => localStorage.getItem(PLACE) || '';

/** Tells the hub at which station the person sits down, as this browser has it. */
export async function sit() {
  try {
    await call('PUT', 'agents/me/station', { station: station() });
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    // One that is there no more is not told again at each beginning.
    if (error.kind === 'unknown-station') localStorage.removeItem(PLACE);
    store.notice = error.message;
    store.changed();
  }
}

/** Whoever leaves sits there no more. */
export const standUp = () => call('DELETE', 'agents/me/station').catch(() => {});

/** At which of the site's stations this browser stands: what may be done there may be done by whoever sits there. */
class Station extends Part {
  static follows = /** @type {EventTarget[]} */ ([]);

  static properties = { known: { state: true }, now: { state: true }, problem: { state: true }, told: { state: true }, busy: { state: true } };

  constructor() {
    super();
    /** The stations, for those who may read them. @type {[string, any][] | undefined} */
    this.known = undefined;
    this.now = station();
    this.problem = '';
    this.told = '';
    this.busy = false;
  }

  connectedCallback() {
    super.connectedCallback();
    if (store.may('configure')) void call('GET', 'site').then(({ config }) => { this.known = Object.entries(config.stations || {}); }, () => {});
  }

  /** @param {SubmitEvent} event */
  async choose(event) {
    event.preventDefault();
    const chosen = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get('station')).trim();
    this.busy = true;
    this.problem = '';
    this.told = '';
    try {
      if (chosen) await call('PUT', 'agents/me/station', { station: chosen });
      else await call('DELETE', 'agents/me/station');
      if (chosen) localStorage.setItem(PLACE, chosen);
      else localStorage.removeItem(PLACE);
      this.now = chosen;
      this.told = t(chosen ? 'account.at-station' : 'account.at-none', { station: chosen });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problem = error.message;
    } finally {
      this.busy = false;
    }
  }

  render() {
    // Where there are none, nobody is asked.
    if (this.known && !this.known.length && !this.now) return nothing;
    return html`<form class="sheet" aria-labelledby="station-title" @submit=${this.choose}><header><h2 id="station-title">${t('account.station')}</h2></header><div class="editor-body">
      <div class="field ${this.problem ? 'wrong' : ''}"><label for="station">${t('account.station-of')}</label>
        ${this.known ? html`<select id="station" name="station"><option value="">${t('account.no-station')}</option>${this.known.map(([id, one]) => html`<option value=${id} ?selected=${id === this.now}>${one.name || id}</option>`)}</select>`
    : html`<input id="station" name="station" autocomplete="off" autocapitalize="none" maxlength="64" .value=${this.now} aria-invalid=${this.problem ? 'true' : nothing} aria-describedby="station-hint">`}
        ${this.problem ? html`<p class="fault" role="alert">${this.problem}</p>` : nothing}</div>
      <p class="hint" id="station-hint">${t('account.station-hint')}</p>
      <div class="buttons"><button ?disabled=${this.busy}>${t('account.sit')}</button><span role="status" class="quiet">${this.told}</span></div></div></form>`;
  }
}
customElements.define('lc-station', Station);
