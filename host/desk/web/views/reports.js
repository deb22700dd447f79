import { Problem, call, part } from '../api.js';
import { language, lasting, number, percent, t, time, word } from '../i18n.js';
import { Part, html, nothing } from '../part.js';
import { store } from '../store.js';
import { bars, clock, lines } from '../parts/reports/chart.js';
import { grouped, pieces, together } from '../parts/reports/figures.js';
import '../parts/reports/table.js';

const HOUR = 3_600_000;
const QUARTER = 900_000;
/** For how long the hub keeps what it counted by quarters of an hour. */
const KEPT = 24 * HOUR;
/** How often figures are read again, where there are not too many queues for that. */
const EVERY = 60_000;
const FEW = 20;
/** How many queues are asked for at a time. */
const AT_ONCE = 6;

const VIEWS = ['time', 'queues', 'kinds', 'agents'];
/** What can be looked at: hours until now, since midnight, or all that was ever counted. */
const PERIODS = ['1', '4', '8', 'today', '24', 'all'];

/** @param {string} period @param {number} now */
function begin(period, now) {
  if (period === 'today') return Math.max(new Date(now).setHours(0, 0, 0, 0), now - KEPT);
  return Math.max(now - KEPT, now - Number(period) * HOUR);
}

/** The day beside the time: the last day began yesterday. @param {string} at */
const hour = (at) => new Intl.DateTimeFormat(language, { weekday: 'short', hour: '2-digit', minute: '2-digit' }).format(new Date(at));
const seconds = (/** @type {number} */ value) => lasting(value * 1000);

/** What is known of work, one column each. @returns {any[]} */
function columns() {
  const count = (/** @type {string} */ id, /** @type {boolean} */ more = false) => ({ id, label: t(`reports.${id}`), of: (/** @type {any} */ row) => row[id], show: number, more });
  const mean = (/** @type {string} */ id, /** @type {boolean} */ more = false) => ({ id, label: t(`reports.${id}`), of: (/** @type {any} */ row) => row[id], show: seconds, more });
  return [
    count('offered'), count('answered'), count('answered_in_target', true),
    { id: 'service_level', label: t('supervisor.service'), of: (/** @type {any} */ row) => row.service_level, show: percent },
    mean('average_speed_of_answer_seconds'), count('abandoned'), count('short_abandoned', true), count('handled'), mean('average_handle_seconds'),
    mean('average_interact_seconds', true), mean('average_hold_seconds', true), mean('average_wrap_up_seconds', true),
    count('transferred_in', true), count('transferred_out', true), count('flowed_in', true), count('flowed_out', true), count('taken_over', true), count('consults', true), count('requeued', true), count('declined', true), count('rona', true),
    count('parked', true), count('withdrawn', true), count('begun', true),
  ];
}

/** The times of service policies, where there are some. @param {any} total */
const clocks = (total) => Object.keys(total.kept).map((one) => ({
  id: `kept-${one}`, label: t(`reports.${one}`), show: percent,
  of: (/** @type {any} */ row) => { const { kept = 0, broken = 0 } = row.kept?.[one] || {}; return kept + broken ? kept / (kept + broken) : undefined; },
}));

/** What agents did. @returns {any[]} */
function ofAgents() {
  const count = (/** @type {string} */ id) => ({ id, label: t(`reports.${id}`), of: (/** @type {any} */ row) => row.stats?.[id], show: number });
  return [
    { id: 'name', label: t('supervisor.agent'), of: (/** @type {any} */ row) => row.name || row.id, text: true },
    count('handled'), { id: 'average_handle_seconds', label: t('reports.average_handle_seconds'), of: (/** @type {any} */ row) => row.stats?.average_handle_seconds, show: seconds },
    { id: 'occupancy', label: t('supervisor.occupancy'), of: (/** @type {any} */ row) => row.stats?.occupancy, show: percent },
    count('offers'), count('answered'), count('declined'), count('rona'), { ...count('transferred'), label: t('reports.transferred_out') }, count('consulted'), count('begun'),
  ];
}

/** What was counted, over a time that is chosen: in charts, in tables, and to be taken along. */
class Reports extends Part {
  static follows = /** @type {EventTarget[]} */ ([]);

  static properties = { path: {}, queues: { state: true }, intervals: { state: true }, agents: { state: true }, at: { state: true }, problem: { state: true } };

  constructor() {
    super();
    /** What is looked at, as the address has it: view, period, queue, kind of work. */
    this.path = '';
    /** @type {any[] | undefined} */
    this.queues = undefined;
    /** @type {any[]} */
    this.intervals = [];
    /** @type {any[]} */
    this.agents = [];
    /** When it was read. */
    this.at = 0;
    this.problem = '';
    this.anew = () => void this.read();
  }

  connectedCallback() {
    super.connectedCallback();
    store.addEventListener('back', this.anew);
    this.clock = setInterval(() => { if (!document.hidden && (this.queues?.length || 0) <= FEW) void this.read(); }, EVERY);
    void this.read();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    store.removeEventListener('back', this.anew);
    clearInterval(this.clock);
  }

  get chosen() {
    const [view, period, queue, media] = this.path.split('/');
    return { view: VIEWS.includes(view) ? view : 'time', period: PERIODS.includes(period) ? period : '24', queue: queue || '', media: media || '' };
  }

  /** @param {Record<string, string>} change */
  go(change) {
    const { view, period, queue, media } = { ...this.chosen, ...change };
    location.hash = `#/reports/${[view, period, queue, media].join('/').replace(/\/+$/, '')}`;
  }

  /** Reads everything: what is kept is a day, and what is chosen of it is chosen here. */
  async read() {
    try {
      const [queues, agents] = await Promise.all([call('GET', 'queues'), call('GET', 'agents')]);
      /** @type {any[]} */
      const intervals = [];
      const left = [...queues];
      await Promise.all(Array.from({ length: AT_ONCE }, async () => {
        for (let one = left.pop(); one; one = left.pop()) intervals.push(...await call('GET', `queues/${part(one.id)}/intervals`));
      }));
      [this.queues, this.agents, this.intervals, this.at, this.problem] = [queues, agents, intervals, Date.now(), ''];
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.problem = error.message;
    }
  }

  /** What of it is looked at. */
  get wanted() {
    const { period, queue, media } = this.chosen;
    const from = begin(period, this.at);
    const all = period === 'all' ? (this.queues || []).flatMap((one) => one.stats) : this.intervals.filter((one) => Date.parse(one.start) > from - QUARTER);
    return all.filter((one) => (!queue || one.queue === queue) && (!media || one.media_type === media));
  }

  /** @param {string} id */
  called(id) {
    const queue = this.queues?.find((one) => one.id === id);
    return queue?.name || id;
  }

  /** @param {string} name @param {string} label @param {[string, string][]} choices @param {boolean} [off] */
  choice(name, label, choices, off = false) {
    const now = /** @type {any} */ (this.chosen)[name];
    return html`<label>${label}<select name=${name} ?disabled=${off} @change=${(/** @type {any} */ event) => this.go({ [name]: event.target.value })}>
      ${choices.map(([value, text]) => html`<option value=${value} ?selected=${value === now}>${text}</option>`)}</select></label>`;
  }

  bar() {
    const { view } = this.chosen;
    const agents = view === 'agents';
    const kinds = [...new Set([...this.intervals, ...(this.queues || []).flatMap((one) => one.stats)].map((one) => one.media_type))].sort();
    return html`<div class="head-line"><h2>${t('areas.reports')}</h2><span class="grow"></span>
        <span class="quiet" role="status">${this.at ? t('reports.as-of', { at: time(new Date(this.at).toISOString()) }) : nothing}</span>
        <button @click=${() => this.read()}>${t('reports.again')}</button></div>
      <div class="line-form choosing">
        ${this.choice('view', t('reports.view'), VIEWS.map((one) => [one, t(`reports.by-${one}`)]))}
        ${this.choice('period', t('reports.period'), PERIODS.map((one) => [one, t(`reports.period-${one}`)]), agents)}
        ${this.choice('queue', t('supervisor.queue'), [['', t('reports.all-queues')], ...(this.queues || []).map((one) => /** @type {[string, string]} */ ([one.id, one.name || one.id]))])}
        ${this.choice('media', t('search.media'), [['', t('search.any')], ...kinds.map((one) => /** @type {[string, string]} */ ([one, word('media', one)]))], agents)}</div>`;
  }

  /** @param {any} total */
  tiles(total) {
    const tile = (/** @type {string} */ label, /** @type {unknown} */ value) => html`<div class="tile"><span class="label">${label}</span><strong>${value}</strong></div>`;
    const mean = (/** @type {number | undefined} */ value) => (value === undefined ? '–' : seconds(value));
    return html`<div class="tiles">${tile(t('reports.offered'), number(total.offered))}${tile(t('reports.answered'), number(total.answered))}
      ${tile(t('supervisor.service'), percent(total.service_level))}${tile(t('reports.average_speed_of_answer_seconds'), mean(total.average_speed_of_answer_seconds))}
      ${tile(t('reports.abandoned'), number(total.abandoned))}${tile(t('reports.handled'), number(total.handled))}${tile(t('reports.average_handle_seconds'), mean(total.average_handle_seconds))}</div>`;
  }

  /** @param {any[]} rows pieces of time @param {any} total */
  charts(rows, total) {
    const words = (/** @type {any} */ one) => t('supervisor.day-in-words', { offered: one.offered, answered: one.answered, percent: one.service_level === undefined ? '–' : Math.round(one.service_level * 100) });
    const points = rows.map((one) => ({ ...one, came: one.offered, target: one.answered_in_target }));
    const of = (/** @type {string} */ name) => (/** @type {any} */ one) => one[name];
    const [answer, handle] = ['average_speed_of_answer_seconds', 'average_handle_seconds'];
    const said = [answer, handle].filter((name) => total[name] !== undefined).map((name) => `${t(`reports.${name}`)} ${seconds(total[name])}`).join(', ');
    return html`<section class="sheet" aria-labelledby="charts-title"><header><h2 id="charts-title">${t('reports.course')}</h2></header>
      <div class="charts"><lc-chart .draw=${(/** @type {number} */ width) => bars(width, points, { title: t('reports.work'), text: words(total), tell: (one) => `${clock(one.at)}: ${words(one)}`, keys: [{ how: 'came', name: t('supervisor.came') }, { how: 'answered', name: t('supervisor.answered') }, { how: 'late', name: t('supervisor.late') }] })}></lc-chart>
      <lc-chart .draw=${(/** @type {number} */ width) => lines(width, points, [{ how: 'handle', name: t(`reports.${handle}`), of: of(handle) }, { how: 'answer', name: t(`reports.${answer}`), of: of(answer) }], { title: t('reports.times'), text: said, show: seconds })}></lc-chart></div></section>`;
  }

  /** @param {any} total */
  table(total) {
    const { view, period, queue } = this.chosen;
    const wanted = this.wanted;
    const file = `linecard-${view}-${new Date(this.at).toISOString().slice(0, 16).replaceAll(':', '')}`;
    const shown = (/** @type {any[]} */ head, /** @type {any[]} */ rows) => html`<section class="sheet"><lc-figures .name=${file} .caption=${t(`reports.by-${view}`)} .columns=${head} .rows=${rows} .total=${view === 'agents' ? undefined : total}></lc-figures></section>`;
    const all = [...columns(), ...clocks(total)];
    switch (view) {
      case 'queues': return shown([{ id: 'queue', label: t('supervisor.queue'), of: (/** @type {any} */ row) => this.called(row.key), text: true }, ...all], (this.queues || []).filter((one) => !queue || one.id === queue).map((one) => ({ key: one.id, ...together(wanted.filter((some) => some.queue === one.id)) })));
      case 'kinds': return shown([{ id: 'media', label: t('search.media'), of: (/** @type {any} */ row) => word('media', row.key), text: true }, ...all], grouped(wanted, (one) => one.media_type));
      case 'agents': return html`<p class="quiet">${t('reports.agents-since')}</p>${shown(ofAgents(), this.agents.filter((one) => !queue || one.queues.includes(queue)))}`;
      default: {
        if (period === 'all') return html`<p class="empty">${t('reports.no-time')}</p>`;
        const from = begin(period, this.at);
        const rows = pieces(wanted, from, this.at, this.at - from > 8 * HOUR ? HOUR : QUARTER);
        const when = { id: 'at', label: t('reports.from'), text: true, of: (/** @type {any} */ row) => new Date(row.at).toISOString(), show: (/** @type {string} */ at) => hour(at) };
        const full = rows.filter((one) => all.some((column) => column.of(one)));
        return html`${full.length ? this.charts(pieces(wanted, from, this.at, QUARTER), total) : nothing}${shown([when, ...all], full)}`;
      }
    }
  }

  render() {
    const total = together(this.wanted);
    return html`<main class="page reports">${this.bar()}
      ${this.problem ? html`<p class="problem" role="alert">${this.problem}</p>` : nothing}
      ${!this.at ? html`<p class="quiet pad" role="status">${this.problem ? nothing : t('app.loading')}</p>` : html`<div class="column">
        ${this.chosen.view === 'agents' ? nothing : this.tiles(total)}${this.table(total)}</div>`}</main>`;
  }
}
customElements.define('lc-reports', Reports);
