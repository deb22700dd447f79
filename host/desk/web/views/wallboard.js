import { lasting, percent, t, time } from '../i18n.js';
import { Ticking, html, nothing } from '../part.js';
import { store } from '../store.js';
import { floor } from '../parts/supervisor/floor.js';
import { grade } from '../parts/supervisor/thresholds.js';
import { severity } from '../parts/supervisor/channels.js';
import { tile, totals } from './supervisor.js';

/** How many queues are told one by one; more could not be read from afar. */
const MOST = 8;

/** What matters on the floor, to be read from ten metres. */
class Wallboard extends Ticking {
  static follows = [store, floor];
  /** Much may happen at once: it is drawn ten times a second at most. */
  async scheduleUpdate() {
    await new Promise((done) => setTimeout(done, this.hasUpdated ? 90 : 0));
    await super.scheduleUpdate();
  }

  connectedCallback() {
    super.connectedCallback();
    floor.watch();
    // A wall has nobody who keeps it awake.
    navigator.wakeLock?.request('screen').then((lock) => { this.lock = lock; }, () => {});
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    floor.leave();
    this.lock?.release();
  }

  render() {
    const now = totals();
    const worst = now.all.toSorted((one, other) => (other.now.longest || 0) - (one.now.longest || 0) || other.now.waiting - one.now.waiting);
    const ill = floor.channels.filter((channel) => severity(channel) === 'bad');
    const closed = floor.hours.filter((one) => one.reason === 'emergency');
    return html`<main class="wall">
      <header><h1>${t('areas.wallboard')}</h1>
        ${store.online ? nothing : html`<p class="bad-text" role="alert">${t('wallboard.offline')}</p>`}
        <span class="grow"></span><time>${time(new Date().toISOString())}</time>
        <a href="#/supervisor">${t('wallboard.leave')}</a>
        <button class="plain" @click=${() => (document.fullscreenElement ? document.exitFullscreen() : this.requestFullscreen())}>${t('wallboard.full')}</button></header>
      <div class="tiles">
        ${tile(t('supervisor.waiting'), now.waiting, grade('waiting', now.waiting))}
        ${tile(t('supervisor.longest'), now.longest === undefined ? '–' : lasting(now.longest * 1000), grade('longest', now.longest))}
        ${tile(t('supervisor.service'), percent(now.service), grade('service', now.service))}
        ${tile(t('supervisor.agents-ready'), now.ready, now.ready || !floor.agents.length ? '' : 'bad')}
        ${tile(t('supervisor.active'), now.social.count + now.direct.count)}
        ${tile(t('supervisor.handled'), now.handled)}
      </div>
      <table class=${now.all.length < 5 ? 'few' : ''}><caption class="hidden">${t('supervisor.queues')}</caption>
        <thead><tr><th scope="col">${t('supervisor.queue')}</th><th scope="col" class="n">${t('supervisor.waiting')}</th><th scope="col" class="n">${t('supervisor.longest')}</th><th scope="col" class="n">${t('supervisor.service')}</th><th scope="col" class="n">${t('supervisor.ready')}</th></tr></thead>
        <tbody>${worst.slice(0, MOST).map(({ queue, now: one }) => html`<tr><th scope="row">${queue.name || queue.id}${queue.paused ? html` <span class="chip warn">${t('supervisor.paused')}</span>` : nothing}${queue.open ? nothing : html` <span class="chip">${t('supervisor.closed')}</span>`}</th>
          <td class="n ${grade('waiting', one.waiting)}">${one.waiting}</td><td class="n ${grade('longest', one.longest)}">${one.longest === undefined ? '–' : lasting(one.longest * 1000)}</td>
          <td class="n ${grade('service', one.service)}">${percent(one.service)}</td><td class="n ${queue.members_ready ? '' : 'bad'}">${queue.members_ready}</td></tr>`)}</tbody></table>
      ${worst.length > MOST ? html`<p class="quiet">${t('inbox.more', { count: worst.length - MOST })}</p>` : nothing}
      ${ill.length || closed.length ? html`<ul class="alarms" role="status">
        ${closed.map((one) => html`<li>${t('supervisor.emergency')}: ${one.name || one.id}</li>`)}
        ${ill.map((channel) => html`<li>${channel.name || channel.id}: ${channel.health.detail || channel.health.state}</li>`)}</ul>` : nothing}
    </main>`;
  }
}
customElements.define('lc-wallboard', Wallboard);
