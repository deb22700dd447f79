import { call, part } from '../api.js';
import { lasting, moment, percent, t } from '../i18n.js';
import { Ticking, html, nothing } from '../part.js';
import { store } from '../store.js';
import { sure } from '../parts/sure.js';
import { floor } from '../parts/supervisor/floor.js';
import { agents } from '../parts/supervisor/agents.js';
import { channels } from '../parts/supervisor/channels.js';
import { queues } from '../parts/supervisor/queues.js';
import { Watch, grade, keep, thresholds } from '../parts/supervisor/thresholds.js';
import { MOST, work } from '../parts/supervisor/work.js';
import '../parts/supervisor/case.js';
import '../parts/supervisor/day.js';
import '../parts/supervisor/why.js';

/** A figure in large. @param {string} label @param {unknown} value @param {string} [how] @param {unknown} [more] */
export const tile = (label, value, how = '', more = nothing) => html`<div class="tile ${how}"><span class="label">${label}</span>
  <strong>${value}</strong><span class="quiet more">${more}</span></div>`;

const since = (/** @type {string | undefined} */ at) => (at ? lasting(Date.now() - Date.parse(at)) : '–');

/** What the whole floor looks like at a moment. */
export function totals() {
  const all = floor.queues.map((queue) => ({ queue, now: floor.figuresOf(queue) }));
  const waits = floor.waiting.map((item) => item.waiting_since || item.created_at).sort();
  const stats = floor.queues.flatMap((queue) => queue.stats);
  const due = stats.reduce((sum, one) => sum + one.answered + one.abandoned - one.short_abandoned, 0);
  return {
    all,
    waiting: floor.waiting.length,
    longest: waits[0] ? (Date.now() - Date.parse(waits[0])) / 1000 : undefined,
    service: due ? stats.reduce((sum, one) => sum + one.answered_in_target, 0) / due : undefined,
    ready: floor.agents.filter((agent) => agent.presence.state === 'ready').length,
    handled: all.reduce((sum, { now }) => sum + now.handled, 0),
    social: floor.active('social-conversation'),
    direct: floor.active('social-direct-message'),
  };
}

/** What a supervisor sees and does. */
class Supervisor extends Ticking {
  static follows = [store, floor];
  static properties = { path: {}, queue: { state: true }, state: { state: true }, most: { state: true } };

  constructor() {
    super();
    this.path = '';
    this.queue = '';
    this.state = '';
    /** How much of the work is listed. */
    this.most = MOST;
    this.watch = new Watch();
    this.said = '';
    this.shut = (/** @type {KeyboardEvent} */ event) => {
      if (event.key === 'Escape' && this.path && !document.querySelector('dialog[open]')) this.show('');
    };
  }

  connectedCallback() {
    super.connectedCallback();
    addEventListener('keydown', this.shut);
    floor.watch();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    removeEventListener('keydown', this.shut);
    floor.leave();
  }

  /** Much may happen at once: it is drawn ten times a second at most. */
  async scheduleUpdate() {
    await new Promise((done) => setTimeout(done, this.hasUpdated ? 90 : 0));
    await super.scheduleUpdate();
  }

  /** Shows something beside the tables: its place stands in the address. @param {string} what */
  async show(what) {
    location.hash = what ? `#/supervisor/${what}` : '#/supervisor';
    await new Promise((done) => setTimeout(done));
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector('.drawer'))?.focus();
  }

  willUpdate() {
    if (!floor.loaded) return;
    /** @type {Map<string, string>} */
    const bad = new Map();
    for (const { queue, now } of totals().all) {
      const name = queue.name || queue.id;
      if (grade('waiting', now.waiting) === 'bad') bad.set(`${queue.id} waiting`, t('supervisor.bad-waiting', { queue: name, count: now.waiting }));
      if (grade('longest', now.longest) === 'bad') bad.set(`${queue.id} longest`, t('supervisor.bad-longest', { queue: name, time: lasting((now.longest || 0) * 1000) }));
      if (grade('service', now.service) === 'bad') bad.set(`${queue.id} service`, t('supervisor.bad-service', { queue: name, percent: Math.round((now.service || 0) * 100) }));
    }
    const fresh = this.watch.look(bad);
    if (fresh.length) this.said = fresh.join(' ');
  }

  tiles() {
    const now = totals();
    return html`<div class="tiles">
      ${tile(t('supervisor.waiting'), now.waiting, grade('waiting', now.waiting))}
      ${tile(t('supervisor.longest'), now.longest === undefined ? '–' : lasting(now.longest * 1000), grade('longest', now.longest))}
      ${tile(t('supervisor.service'), percent(now.service), grade('service', now.service))}
      ${tile(t('supervisor.agents-ready'), `${now.ready}/${floor.agents.length}`, now.ready || !floor.agents.length ? '' : 'warn')}
      ${tile(t('supervisor.active-social'), now.social.count)}
      ${tile(t('supervisor.longest-social'), since(now.social.since))}
      ${tile(t('supervisor.active-direct'), now.direct.count)}
      ${tile(t('supervisor.longest-direct'), since(now.direct.since))}
    </div>`;
  }

  /** @param {any} hours */
  async emergency(hours) {
    const on = hours.reason === 'emergency';
    const name = hours.name || hours.id;
    if (!await sure(t(on ? 'supervisor.emergency-end-sure' : 'supervisor.emergency-sure', { name }), t(on ? 'supervisor.emergency-end' : 'supervisor.emergency-begin'))) return;
    await store.attempt(() => call(on ? 'DELETE' : 'PUT', `hours/${part(hours.id)}/emergency`, on ? undefined : {}));
    floor.slow = 0;
    await floor.figures();
  }

  hours() {
    if (!floor.hours.length && !store.may('configure')) return nothing;
    return html`<section class="sheet" aria-labelledby="hours-title"><header><h2 id="hours-title">${t('supervisor.hours')}</h2></header>
      <ul class="cards">${floor.hours.map((one) => html`<li class="health ${one.reason === 'emergency' ? 'bad' : ''}"><div class="topline"><strong>${one.name || one.id}</strong>
        <span class="chip ${one.open ? 'ok' : one.reason === 'emergency' ? 'bad' : ''}">${one.reason === 'emergency' ? t('supervisor.emergency') : t(one.open ? 'supervisor.is-open' : 'supervisor.is-closed')}</span>
        <span class="quiet">${one.special_day || ''} ${one.until ? t('supervisor.until', { at: moment(one.until) }) : ''}</span><span class="grow"></span>
        ${store.may('emergency') ? html`<button class=${one.reason === 'emergency' ? '' : 'danger'} @click=${() => this.emergency(one)}>${t(one.reason === 'emergency' ? 'supervisor.emergency-end' : 'supervisor.emergency-begin')}<span class="hidden"> ${one.name}</span></button>` : nothing}</div></li>`)}</ul>
      ${floor.loaded && !floor.hours.length ? html`<p class="empty">${t('supervisor.no-hours')} <a href="#/admin/hours">${t('supervisor.set-up-hours')}</a></p>` : nothing}
    </section>`;
  }

  /** @param {SubmitEvent} event */
  async keep(event) {
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const bound = (/** @type {string} */ name) => ({ warn: Number(form.get(`${name}-warn`)), bad: Number(form.get(`${name}-bad`)) });
    const notify = form.get('notify') === 'on';
    keep({ waiting: bound('waiting'), longest: bound('longest'), service: bound('service'), notify, sound: form.get('sound') === 'on' });
    if (notify && 'Notification' in window && Notification.permission === 'default') await Notification.requestPermission();
    this.requestUpdate();
  }

  bounds() {
    const kept = thresholds();
    const row = (/** @type {'waiting' | 'longest' | 'service'} */ name, /** @type {string} */ label) => html`<tr><th scope="row">${label}</th>
      ${['warn', 'bad'].map((how) => html`<td><input type="number" min="0" required name="${name}-${how}" aria-label="${label}: ${t(`supervisor.${how}`)}"
        .value=${String(/** @type {any} */ (kept[name])[how])}></td>`)}</tr>`;
    return html`<dialog class="wide-card" aria-labelledby="bounds-title"><form method="dialog" @submit=${this.keep}>
      <h2 id="bounds-title">${t('supervisor.thresholds')}</h2><p class="quiet">${t('supervisor.thresholds-hint')}</p>
      <table><thead><tr><td></td><th scope="col">${t('supervisor.warn')}</th><th scope="col">${t('supervisor.bad')}</th></tr></thead><tbody>
        ${row('waiting', t('supervisor.bound-waiting'))}${row('longest', t('supervisor.bound-longest'))}${row('service', t('supervisor.bound-service'))}</tbody></table>
      <label class="check"><input type="checkbox" name="notify" .checked=${kept.notify}> ${t('supervisor.notify')}</label>
      <label class="check"><input type="checkbox" name="sound" .checked=${kept.sound}> ${t('supervisor.sound')}</label>
      <div class="buttons"><button class="main">${t('supervisor.keep')}</button>
        <button type="button" @click=${() => this.querySelector('dialog')?.close()}>${t('supervisor.cancel')}</button></div></form></dialog>`;
  }

  drawer() {
    const [kind, id] = this.path.split('/');
    if (kind === 'case') {
      const item = floor.items.get(id);
      if (item) return html`<aside class="drawer" tabindex="-1" aria-label=${t('supervisor.case')} @close=${() => this.show('')}><lc-case .item=${item}></lc-case></aside>`;
      return floor.loaded ? html`<aside class="drawer" tabindex="-1" aria-label=${t('supervisor.case')}><p class="quiet">${t('supervisor.gone')}</p><button @click=${() => this.show('')}>${t('supervisor.close')}</button></aside>` : nothing;
    }
    const agent = kind === 'agent' && floor.agents.find((one) => one.id === id);
    if (!agent) return nothing;
    return html`<aside class="drawer" tabindex="-1" aria-label=${t('supervisor.why-nothing', { name: agent.name })}>
      <header><h2>${t('supervisor.why-nothing', { name: agent.name || agent.id })}</h2><button class="plain close" @click=${() => this.show('')}>${t('supervisor.close')}</button></header>
      <lc-why-agent .of=${id}></lc-why-agent></aside>`;
  }

  render() {
    const [kind, id] = this.path.split('/');
    const drawer = this.drawer();
    return html`<main class="floor" data-drawer=${drawer === nothing ? 'no' : 'yes'}>
      <div class="head-line"><h2>${t('areas.supervisor')}</h2><span class="grow"></span>
        ${floor.problem ? html`<span class="problem" role="alert">${floor.problem}</span>` : nothing}
        <button @click=${() => this.querySelector('dialog')?.showModal()}>${t('supervisor.thresholds')}</button></div>
      <div role="status" class="hidden">${this.said}</div>
      ${this.tiles()}
      <div class="columns">
        <div class="column">${queues(this.queue, (queue) => { this.queue = queue; })}
          ${work({ queue: this.queue, state: this.state, chosen: kind === 'case' ? id : '', most: this.most }, (change) => {
    if (change.more) this.most += MOST;
    if (change.state !== undefined) this.state = change.state;
    if (change.chosen !== undefined) void this.show(change.chosen ? `case/${change.chosen}` : '');
  })}</div>
        <div class="column">${agents(kind === 'agent' ? id : '', (agent) => this.show(agent === id ? '' : `agent/${agent}`))}
          ${channels()}${this.hours()}</div>
        ${drawer}
      </div>
      ${this.bounds()}
    </main>`;
  }
}
customElements.define('lc-supervisor', Supervisor);
