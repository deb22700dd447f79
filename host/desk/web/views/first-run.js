import { Problem, call, part } from '../api.js';
import { t, time } from '../i18n.js';
import { Part, html, nothing } from '../part.js';
import { store } from '../store.js';

/** How often the answer is looked for, in milliseconds. */
const EVERY = 1_500;

/**
 * From an empty hub to the first answered message: a queue, the person who answers, a network to practise on, a
 * customer who writes, and the answer as that customer sees it.
 */
class FirstRun extends Part {
  static properties = { queues: { state: true }, channels: { state: true }, said: { state: true }, busy: { state: true }, problem: { state: true }, site: { state: true } };

  constructor() {
    super();
    /** @type {any[]} */
    this.queues = [];
    /** @type {any[]} */
    this.channels = [];
    /** What the customer sees. @type {any[]} */
    this.said = [];
    this.busy = false;
    this.problem = '';
    /** @type {any} */
    this.site = undefined;
    this.heard = () => void this.listen();
  }

  connectedCallback() {
    super.connectedCallback();
    store.addEventListener('event', this.heard);
    this.clock = setInterval(() => { if (this.practice && !document.hidden) void this.listen(); }, EVERY);
    void this.read();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    store.removeEventListener('event', this.heard);
    clearInterval(this.clock);
  }

  get practice() { return this.channels.find((one) => one.id === 'practice'); }

  async read() {
    try {
      [this.queues, this.channels, this.site] = await Promise.all([call('GET', 'queues'), call('GET', 'channels'), call('GET', 'site')]);
      if (this.practice) await this.listen();
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
    }
  }

  async listen() {
    if (!this.practice) return;
    this.said = await call('GET', 'practice/messages').catch(() => this.said);
  }

  /** @param {() => Promise<void>} what */
  async doing(what) {
    this.busy = true;
    this.problem = '';
    try {
      await what();
      await this.read();
    } catch (error) {
      this.problem = error instanceof Problem && error.faults.length ? error.faults.map((one) => one.detail).join(' ') : error instanceof Error ? error.message : String(error);
    } finally {
      this.busy = false;
    }
  }

  /** @param {SubmitEvent} event */
  makeQueue(event) {
    event.preventDefault();
    const name = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get('name')).trim();
    const id = name.toLowerCase().normalize('NFKD').replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '') || 'support';
    return this.doing(() => call('PUT', `queues/${part(id)}`, { config: { name, members: store.me ? [store.me] : [], service_level_seconds: 3600 } }));
  }

  /** The queue in which the practice channel's work comes. @returns {any} */
  get queue() { return this.queues.find((one) => one.id === this.practice?.queue) || this.queues[0]; }

  get isMember() {
    return Boolean(store.me && this.site?.config.queues?.[this.queue?.id]?.members?.includes(store.me));
  }

  join() {
    const config = this.site.config.queues[this.queue.id];
    return this.doing(async () => {
      await call('PUT', `queues/${part(this.queue.id)}`, { config: { ...config, members: [...config.members || [], store.me] } });
      // Whose queue it is now is told at the next reading.
      await store.reload();
    });
  }

  practise() {
    return this.doing(async () => {
      const { id, config, secrets } = await call('POST', 'practice', undefined);
      await call('PUT', `channels/${part(id)}`, { config: { ...config, queue: this.queue.id }, secrets });
    });
  }

  ready() {
    return this.doing(async () => {
      await call('PUT', 'agents/me/presence', { state: 'ready' });
    });
  }

  /** @param {SubmitEvent} event */
  write(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const text = String(new FormData(form).get('text'));
    return this.doing(async () => {
      this.said = await call('POST', 'practice/messages', { text });
      form.reset();
    });
  }

  leave() {
    return this.doing(async () => {
      await call('DELETE', `channels/${part('practice')}`);
      this.said = [];
    });
  }

  /** @param {number} number @param {string} title @param {boolean} done @param {boolean} open @param {any} body */
  step(number, title, done, open, body) {
    return html`<li class="step ${done ? 'done' : open ? 'now' : ''}" aria-current=${open && !done ? 'step' : nothing}><span class="number" aria-hidden="true">${done ? '✓' : number}</span>
      <div class="grow"><h3>${title}${done ? html`<span class="hidden"> – ${t('first-run.done')}</span>` : nothing}</h3>${open || done ? body : nothing}</div></li>`;
  }

  render() {
    const has = this.queues.length > 0;
    const { practice } = this;
    const wrote = this.said.some((one) => one.by_customer);
    const answered = this.said.some((one) => !one.by_customer);
    const isReady = store.agent?.presence.state === 'ready';
    const prepared = has && this.isMember;
    return html`<main class="page"><div class="narrow"><h2>${t('first-run.title')}</h2><p class="quiet">${t('first-run.lead')}</p>
      ${this.problem ? html`<p class="problem" role="alert">${this.problem}</p>` : nothing}
      <ol class="steps">
        ${this.step(1, t('first-run.queue'), prepared, true, has
    ? html`<p>${t('first-run.queue-is', { name: this.queue?.name || this.queue?.id })} ${this.isMember ? t('first-run.you-are-in') : nothing}</p>
            ${!this.isMember && store.me && this.site ? html`<button class="main" ?disabled=${this.busy} @click=${this.join}>${t('first-run.join')}</button>` : nothing}`
    : html`<form class="line-form" @submit=${this.makeQueue}><label>${t('first-run.queue-name')}<input name="name" required value="Support"></label><button class="main" ?disabled=${this.busy}>${t('first-run.make')}</button></form>`)}
        ${this.step(2, t('first-run.network'), Boolean(practice), prepared, practice
    ? html`<p>${t('first-run.network-is')}</p>`
    : html`<p>${t('first-run.network-hint')}</p><div class="buttons"><button class="main" ?disabled=${this.busy} @click=${this.practise}>${t('first-run.practise')}</button>
            <a href="#/admin/channels/+">${t('first-run.real')}</a></div>`)}
        ${this.step(3, t('first-run.ready'), Boolean(practice) && isReady, prepared && Boolean(practice), isReady ? html`<p>${t('first-run.ready-is')}</p>`
    : html`<p>${t('first-run.ready-hint')}</p><button class="main" ?disabled=${this.busy} @click=${this.ready}>${t('first-run.go-ready')}</button>`)}
        ${this.step(4, t('first-run.write'), wrote, prepared && Boolean(practice) && isReady, html`
          <div class="phone" role="log" aria-label=${t('first-run.phone')}>${this.said.map((one) => html`<p class=${one.by_customer ? 'mine' : 'theirs'}><span class="text" dir="auto">${one.text}</span> <time class="quiet">${time(one.at)}</time></p>`)}
            ${this.said.length ? nothing : html`<p class="quiet">${t('first-run.silence')}</p>`}</div>
          <form class="line-form" @submit=${this.write}><label class="grow">${t('first-run.as-customer')}<input name="text" required maxlength="2000" value=${wrote ? '' : t('first-run.example')} autocomplete="off"></label><button class="main" ?disabled=${this.busy}>${t('first-run.send')}</button></form>`)}
        ${this.step(5, t('first-run.answer'), answered, wrote, answered ? html`<p>${t('first-run.answer-is')}</p>`
    : html`<p>${t('first-run.answer-hint')}</p><a class="button main" href=${store.mine[0] ? `#/interactions/${store.mine[0].id}` : '#/'}>${t('first-run.to-work')}</a>`)}
        ${this.step(6, t('first-run.next'), false, answered, html`<ul class="next"><li><a href="#/admin/channels/+">${t('first-run.real')}</a></li><li><a href="#/admin/agents/+">${t('first-run.colleagues')}</a></li>
          <li><a href="#/admin/hours">${t('first-run.hours')}</a></li><li><button class="link" ?disabled=${this.busy} @click=${this.leave}>${t('first-run.remove')}</button></li></ul>`)}
      </ol></div></main>`;
  }
}
customElements.define('lc-first-run', FirstRun);
