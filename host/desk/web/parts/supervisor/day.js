import { call, part } from '../../api.js';
import { lasting, t, word } from '../../i18n.js';
import { Part, html, nothing } from '../../part.js';
import { bars, clock } from '../reports/chart.js';
import { together } from '../reports/figures.js';

/** Intervals change by the minute. */
const EVERY = 30_000;
/** A day in quarters of an hour. */
const QUARTERS = 96;

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
    const quarters = Array.from({ length: QUARTERS }, (_, at) => ({ at: begin + at * 900_000, came: 0, answered: 0, target: 0, due: 0 }));
    for (const one of this.intervals) {
      const quarter = quarters[Math.round((Date.parse(one.start) - begin) / 900_000)];
      if (!quarter) continue;
      quarter.came += one.offered;
      quarter.answered += one.answered;
      quarter.target += one.answered_in_target;
      quarter.due += one.answered + one.abandoned - one.short_abandoned;
    }
    const sum = (/** @type {'came' | 'answered' | 'target' | 'due'} */ what) => quarters.reduce((all, one) => all + one[what], 0);
    const words = (/** @type {number} */ came, /** @type {number} */ answered, /** @type {number} */ target, /** @type {number} */ due) => t('supervisor.day-in-words', { offered: came, answered, percent: due ? Math.round((target / due) * 100) : '–' });
    return html`<lc-chart .draw=${(/** @type {number} */ width) => bars(width, quarters, {
      title: t('supervisor.day'), text: words(sum('came'), sum('answered'), sum('target'), sum('due')), tell: (one) => `${clock(one.at)}: ${words(one.came, one.answered, one.target, one.due)}`,
      keys: [{ how: 'came', name: t('supervisor.came') }, { how: 'answered', name: t('supervisor.answered') }, { how: 'late', name: t('supervisor.late') }],
    })}></lc-chart>${this.kinds()}`;
  }

  /** The same of the day by kind of work, in figures. */
  kinds() {
    const byMedia = Map.groupBy(this.intervals || [], (one) => one.media_type);
    if (!byMedia.size) return nothing;
    return html`<p class="quiet day-kinds">${[...byMedia].map(([media, all]) => {
      const { answered: count, average_handle_seconds: mean } = together(all);
      return `${word('media', media)}: ${t('supervisor.day-kind', { count })}${mean === undefined ? '' : `, ≈ ${lasting(mean * 1000)}`}`;
    }).join(' · ')}</p>`;
  }
}
customElements.define('lc-day', Day);
