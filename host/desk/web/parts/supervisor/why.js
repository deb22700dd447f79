import { call, part } from '../../api.js';
import { lasting, moment, t, time, word } from '../../i18n.js';
import { Part, html, nothing } from '../../part.js';
import { floor } from './floor.js';

/** How often the answer is asked for again while it is shown, in milliseconds. */
const EVERY = 4_000;

/** An agent's name. @param {string} id */
export const nameOf = (id) => floor.agents.find((agent) => agent.id === id)?.name || id;

/** @param {any} one */
const skill = (one) => (one.min_proficiency ? `${one.skill} ≥ ${one.min_proficiency}` : one.skill);

/** What keeps an agent from something, in words. @param {any} obstacle */
function words(obstacle) {
  const { type } = obstacle;
  const values = {
    state: obstacle.presence ? (obstacle.presence.reason || t(`presence.${obstacle.presence.state}`)) : '',
    since: obstacle.since ? time(obstacle.since) : '', until: obstacle.until ? time(obstacle.until) : '',
    skill: obstacle.skill || '', actual: obstacle.actual ?? '–', required: obstacle.required ?? '–',
    media: obstacle.media_type ? word('media', obstacle.media_type) : '', used: obstacle.used ?? '', limit: obstacle.limit ?? '',
    needed: obstacle.needed ?? '', cause: obstacle.cause ? word('cause', obstacle.cause) : '', place: obstacle.place ?? '',
  };
  return t(`obstacle.${type}`, values);
}

/** Something that explains itself, read again while it is looked at. */
class Explaining extends Part {
  static properties = { of: {}, told: { state: true }, problem: { state: true } };

  constructor() {
    super();
    this.of = '';
    /** @type {any} */
    this.told = undefined;
    this.problem = '';
  }

  connectedCallback() {
    super.connectedCallback();
    this.clock = setInterval(() => { if (!document.hidden) void this.ask(); }, EVERY);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.clock);
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (!changed.has('of')) return;
    this.told = undefined;
    void this.ask();
  }

  /** @returns {string} */
  path() { return ''; }

  async ask() {
    const { of } = this;
    try {
      const told = await call('GET', this.path());
      if (of !== this.of) return;
      this.told = told;
      this.problem = '';
    } catch (error) {
      if (of === this.of) this.problem = error instanceof Error ? error.message : String(error);
    }
  }

  /** @returns {any} */
  shown() {}

  render() {
    if (this.told) return this.shown();
    return this.problem ? html`<p class="problem" role="alert">${this.problem}</p>` : html`<p class="quiet" role="status">${t('app.loading')}</p>`;
  }
}

/** Why an interaction waits. */
class Why extends Explaining {
  path() { return `interactions/${part(this.of)}/explain`; }

  shown() {
    const { told } = this;
    const free = told.members.filter((/** @type {any} */ one) => !one.obstacles.length);
    const reason = told.queue_paused ? t('supervisor.why-paused')
      : !told.members.length ? t('supervisor.why-nobody')
        : !told.members_ready ? t('supervisor.why-none-ready')
          : free.length ? t('supervisor.why-next') : t('supervisor.why-all-busy');
    return html`<p class="lead">${reason}</p>
      <dl class="facts">
        ${told.position ? html`<dt>${t('supervisor.place')}</dt><dd>${t('supervisor.place-of', { place: told.position, all: told.waiting })}</dd>` : nothing}
        <dt>${t('supervisor.waited')}</dt><dd>${lasting(told.waited_seconds * 1000)}</dd>
        ${told.estimated_wait_seconds === undefined ? nothing : html`<dt>${t('supervisor.estimate')}</dt><dd>${lasting(told.estimated_wait_seconds * 1000)}</dd>`}
        <dt>${t('supervisor.priority')}</dt><dd>${told.priority}</dd>
        ${told.required_skills.length ? html`<dt>${t('supervisor.skills')}</dt><dd>${told.required_skills.map(skill).join(', ')}</dd>` : nothing}
        ${told.step && told.step.of > 1 ? html`<dt>${t('supervisor.step')}</dt><dd>${t('supervisor.step-of', { number: told.step.number, of: told.step.of })}${told.step.until ? ` · ${t('supervisor.until', { at: time(told.step.until) })}` : ''}</dd>` : nothing}
      </dl>
      <h3>${t('supervisor.members', { count: told.members.length })}</h3>
      <ul class="plain-list">${told.members.map((/** @type {any} */ one) => html`<li><strong>${nameOf(one.agent)}</strong>
        ${one.obstacles.length ? one.obstacles.map((/** @type {any} */ obstacle) => html`<span class="because">${words(obstacle)}</span>`)
    : html`<span class="because ok">${t('supervisor.could')}</span>`}</li>`)}</ul>`;
  }
}
customElements.define('lc-why', Why);

/** Why an agent got what they got, and nothing else. */
class WhyAgent extends Explaining {
  path() { return `agents/${part(this.of)}/explain`; }

  shown() {
    const { told } = this;
    const passed = told.passed_over.slice(-12).toReversed();
    const offers = told.offers.slice(-8).toReversed();
    return html`
      <h3>${t('supervisor.now')}</h3>
      <ul class="plain-list">${told.queues.map((/** @type {any} */ queue) => html`<li><strong>${floor.queues.find((one) => one.id === queue.queue)?.name || queue.queue}</strong>
        <span class="quiet">${t('supervisor.waiting-count', { count: queue.waiting })}</span>
        ${queue.paused ? html`<span class="because">${t('supervisor.why-paused')}</span>` : nothing}
        ${queue.obstacles.map((/** @type {any} */ obstacle) => html`<span class="because">${words(obstacle)}</span>`)}
        ${!queue.obstacles.length && !queue.paused ? html`<span class="because ok">${t(queue.waiting ? 'supervisor.could' : 'supervisor.nothing-waits')}</span>` : nothing}</li>`)}</ul>
      ${told.queues.length ? nothing : html`<p class="quiet">${t('supervisor.no-member')}</p>`}
      <h3>${t('supervisor.passed-over', { at: time(told.since) })}</h3>
      ${passed.length ? html`<ul class="plain-list">${passed.map((/** @type {any} */ one) => html`<li><time>${time(one.at)}</time> <strong>${nameOf(one.agent)}</strong>
        <span class="because">${words(one.reason)}</span></li>`)}</ul>` : html`<p class="quiet">${t('supervisor.none-passed')}</p>`}
      <h3>${t('supervisor.offers')}</h3>
      ${offers.length ? html`<ul class="plain-list">${offers.map((/** @type {any} */ one) => html`<li><time>${time(one.at)}</time> ${word('media', one.media_type)}
        <span class="because ${one.answer && !one.answer.outcome ? 'ok' : ''}">${!one.answer ? t('outcome.rings') : one.answer.outcome ? word('outcome', one.answer.outcome) : t('outcome.accepted')}</span></li>`)}</ul>` : html`<p class="quiet">${t('supervisor.no-offers')}</p>`}
      <h3>${t('supervisor.presence')}</h3>
      <ul class="plain-list">${told.presence.slice(-8).toReversed().map((/** @type {any} */ one) => html`<li><time title=${moment(one.at)}>${time(one.at)}</time>
        ${one.presence.reason || t(`presence.${one.presence.state}`)}${one.desktop_lost ? ` · ${t('supervisor.desktop-lost')}` : ''}</li>`)}</ul>`;
  }
}
customElements.define('lc-why-agent', WhyAgent);
