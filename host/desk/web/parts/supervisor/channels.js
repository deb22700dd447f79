import { call, part } from '../../api.js';
import { lasting, t, time, word } from '../../i18n.js';
import { html, nothing } from '../../part.js';
import { store } from '../../store.js';
import { floor } from './floor.js';

const BAD = ['credentials-refused', 'restricted', 'stopped', 'budget-spent'];

/** How much a channel's state matters. @param {any} channel */
export function severity(channel) {
  const { health } = channel;
  if (BAD.includes(health.state) || health.findings.some((/** @type {any} */ one) => one.severity === 'error') || (!channel.at_work && !channel.paused)) return 'bad';
  if (!['connected', 'unknown'].includes(health.state) || health.dead_letters || health.findings.some((/** @type {any} */ one) => one.severity === 'warning')) return 'warn';
  return health.state === 'connected' ? 'ok' : '';
}

/** @param {any} channel */
async function toggle(channel) {
  await store.attempt(() => call('POST', `channels/${part(channel.id)}/${channel.paused ? 'resume' : 'pause'}`, {}));
  floor.slow = 0;
  await floor.figures();
}

const ago = (/** @type {string | undefined} */ at) => (at ? t('supervisor.ago', { time: lasting(Date.now() - Date.parse(at)) }) : '–');

/** What is wrong with a channel, and what a person can do. @param {any} channel */
export function remedies(channel) {
  const { health } = channel;
  return html`
    ${health.detail && health.state !== 'connected' ? html`<p>${health.detail}</p>` : nothing}
    ${health.remedy ? html`<p><strong>${t('supervisor.remedy')}</strong> ${health.remedy}</p>` : nothing}
    ${health.until ? html`<p class="quiet">${t('supervisor.until', { at: time(health.until) })}</p>` : nothing}
    ${health.findings.map((/** @type {any} */ one) => html`<p class=${one.severity === 'error' ? 'bad-text' : ''}>${one.text}${one.remedy ? html` <strong>${t('supervisor.remedy')}</strong> ${one.remedy}` : nothing}</p>`)}
    ${health.last_refused && !health.last_refused.over ? html`<p>${t('supervisor.refused', { count: health.last_refused.count })} ${health.last_refused.detail} <strong>${t('supervisor.remedy')}</strong> ${health.last_refused.remedy}</p>` : nothing}
    ${health.dead_letters ? html`<p><a href="#/admin/dead-letters/${part(channel.id)}">${t('supervisor.dead-letters', { count: health.dead_letters })}</a></p>` : nothing}`;
}

/** The channels and how they fare, the worst first. */
export function channels() {
  const order = ['bad', 'warn', '', 'ok'];
  const sorted = floor.channels.toSorted((one, other) => order.indexOf(severity(one)) - order.indexOf(severity(other)) || one.name.localeCompare(other.name));
  return html`<section class="sheet" aria-labelledby="channels-title">
    <header><h2 id="channels-title">${t('supervisor.channels')}</h2></header>
    <ul class="cards">${sorted.map((channel) => html`<li class="health ${severity(channel)}">
      <div class="topline"><strong>${channel.name || channel.id}</strong><span class="quiet">${channel.network || channel.plugin}</span><span class="grow"></span>
        <span class="chip ${severity(channel)}">${word('health', channel.paused ? 'paused' : channel.health.state)}</span>
        ${store.may('channels') ? html`<button class="plain" @click=${() => toggle(channel)}>${t(channel.paused ? 'supervisor.resume' : 'supervisor.pause')}<span class="hidden"> ${channel.name}</span></button>` : nothing}</div>
      <p class="quiet">${t('supervisor.in-out', { in: ago(channel.health.last_inbound_at), out: ago(channel.health.last_outbound_at) })}${channel.health.outbox_depth ? ` · ${t('supervisor.outbox', { count: channel.health.outbox_depth })}` : ''}</p>
      ${remedies(channel)}</li>`)}</ul>
    ${floor.loaded && !sorted.length ? html`<p class="empty">${t('supervisor.no-channels')}</p>` : nothing}
  </section>`;
}
