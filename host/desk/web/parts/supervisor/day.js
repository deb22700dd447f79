import { call, part } from '../../api.js';
import { language, lasting, t, word } from '../../i18n.js';
import { Part, html, nothing, svg } from '../../part.js';

/** Intervals change by the minute. */
const EVERY = 30_000;
const HEIGHT = 96;
const WIDTH = 768;
/** A day in quarters of an hour. */
const QUARTERS = 96;

const clock = (/** @type {number} */ at) => new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit' }).format(at);

/** A queue's last day by quarters of an hour: what came, what was answered, and how much of it in time. */
class Day extends Part {
  static follows = /** @type {EventTarget[]} */ ([]);
  static properties = { queue: {}, intervals: { state: true }, problem: { state: true } };

  constructor() {
    super();
    this.queue = '';
    /** @type {any[] | undefined} */
    this.intervals = undefined;
    this.problem = '';
  }

  connectedCallback() {
    super.connectedCallback();
    this.clock = setInterval(() => { if (!document.hidden) void this.read(); }, EVERY);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.clock);
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (!changed.has('queue')) return;
    this.intervals = undefined;
    void this.read();
  }

  async read() {
    const { queue } = this;
    try {
      const intervals = await call('GET', `queues/${part(queue)}/intervals`);
      if (queue === this.queue) this.intervals = intervals;
    } catch (error) {
      if (queue === this.queue) this.problem = error instanceof Error ? error.message : String(error);
    }
  }

  render() {
    if (!this.intervals) return html`<p class="quiet pad" role="status">${this.problem || t('app.loading')}</p>`;
    const now = Date.now();
    const begin = Math.floor(now / 900_000) * 900_000 - (QUARTERS - 1) * 900_000;
    const quarters = Array.from({ length: QUARTERS }, (_, at) => ({ at: begin + at * 900_000, offered: 0, answered: 0, target: 0, due: 0 }));
    for (const one of this.intervals) {
      const quarter = quarters[Math.round((Date.parse(one.start) - begin) / 900_000)];
      if (!quarter) continue;
      quarter.offered += one.offered;
      quarter.answered += one.answered;
      quarter.target += one.answered_in_target;
      quarter.due += one.answered + one.abandoned - one.short_abandoned;
    }
    const most = Math.max(4, ...quarters.map((one) => Math.max(one.offered, one.answered)));
    const high = (/** @type {number} */ count) => (count / most) * HEIGHT;
    const step = WIDTH / QUARTERS;
    const hours = quarters.map((one, at) => ({ ...one, left: at * step })).filter((one) => new Date(one.at).getMinutes() === 0 && new Date(one.at).getHours() % 3 === 0);
    const sum = (/** @type {'offered' | 'answered' | 'target' | 'due'} */ what) => quarters.reduce((all, one) => all + one[what], 0);
    const due = sum('due');
    const text = t('supervisor.day-in-words', { offered: sum('offered'), answered: sum('answered'), percent: due ? Math.round((sum('target') / due) * 100) : '–' });
    return html`<figure class="day-chart"><figcaption>${t('supervisor.day')} <span class="quiet">${text}</span>
        <span class="key came">${t('supervisor.came')}</span><span class="key answered">${t('supervisor.answered')}</span><span class="key late">${t('supervisor.late')}</span></figcaption>
      <svg viewBox="0 0 ${WIDTH} ${HEIGHT + 16}" role="img" aria-label="${t('supervisor.day')}: ${text}">${svg`
        ${hours.map((one) => svg`<line x1=${one.left} x2=${one.left} y1="0" y2=${HEIGHT}></line><text x=${one.left} y=${HEIGHT + 12}>${clock(one.at)}</text>`)}
        ${quarters.map((one, at) => (one.offered || one.answered ? svg`<g><title>${clock(one.at)}: ${t('supervisor.day-in-words', { offered: one.offered, answered: one.answered, percent: one.due ? Math.round((one.target / one.due) * 100) : '–' })}</title>
          <rect class="came" x=${at * step + 1} y=${HEIGHT - high(one.offered)} width=${step - 2} height=${high(one.offered)}></rect>
          <rect class="late" x=${at * step + 2.5} y=${HEIGHT - high(one.answered)} width=${step - 5} height=${high(one.answered)}></rect>
          <rect class="answered" x=${at * step + 2.5} y=${HEIGHT - high(one.target)} width=${step - 5} height=${high(one.target)}></rect></g>` : nothing))}
        <line x1="0" x2=${WIDTH} y1=${HEIGHT} y2=${HEIGHT}></line><text class="top" x="2" y="10">${most}</text>`}</svg>
      ${this.kinds()}</figure>`;
  }

  /** The same of the day by kind of work, in figures. */
  kinds() {
    const byMedia = Map.groupBy(this.intervals || [], (one) => one.media_type);
    if (!byMedia.size) return nothing;
    return html`<p class="quiet">${[...byMedia].map(([media, all]) => {
      const handled = all.filter((one) => one.average_handle_seconds !== undefined);
      const mean = handled.length ? handled.reduce((sum, one) => sum + one.average_handle_seconds, 0) / handled.length : undefined;
      const count = all.reduce((sum, one) => sum + one.answered, 0);
      return `${word('media', media)}: ${t('supervisor.day-kind', { count })}${mean === undefined ? '' : `, ≈ ${lasting(mean * 1000)}`}`;
    }).join(' · ')}</p>`;
  }
}
customElements.define('lc-day', Day);
