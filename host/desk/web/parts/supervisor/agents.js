import { call, part } from '../../api.js';
import { lasting, percent, t, word } from '../../i18n.js';
import { html, nothing } from '../../part.js';
import { store } from '../../store.js';
import { floor } from './floor.js';

/** Ready ones first, then those who work at something else, then who is away. */
const ORDER = ['ready', 'not-ready', 'offline'];

/** @param {any} agent @param {Event} event */
async function force(agent, event) {
  const select = /** @type {HTMLSelectElement} */ (event.target);
  const [state, reason] = select.value.split(/:(.*)/s);
  const body = reason ? { state, reason } : { state };
  await store.attempt(() => call('PUT', `agents/${part(agent.id)}/presence`, body));
  await floor.figures();
}

/** What a presence is called. @param {any} presence */
const called = (presence) => (presence.state === 'not-ready' ? presence.reason : t(`presence.${presence.state}`));

/** Slots in use, for the kinds of work that there are. @param {any} stats */
function slots(stats) {
  const shown = Object.entries(stats?.slots || {}).filter(([media, use]) => use.entitled && (use.used || media.startsWith('social')));
  return shown.map(([media, use]) => html`<span class="slots" title="${word('media', media)}: ${use.used}/${use.limit ?? '∞'}">
    <span class="hidden">${word('media', media)}</span><meter min="0" max=${use.limit || Math.max(use.used, 1)} value=${use.used}
      aria-label="${word('media', media)}"></meter>${use.used}/${use.limit ?? '∞'}</span>`);
}

/** @param {any} agent */
function presence(agent) {
  const now = agent.presence;
  const value = now.state === 'not-ready' ? `not-ready:${now.reason}` : now.state;
  const reasons = new Set([...(agent.not_ready_reasons || []), ...(now.reason ? [now.reason] : [])]);
  const all = ['ready', ...[...reasons].map((reason) => `not-ready:${reason}`), 'offline'];
  if (!store.may('lead')) return html`<span class="state"><span class="dot"></span>${called(now)}</span>`;
  return html`<label class="state"><span class="dot"></span><span class="hidden">${t('supervisor.state-of', { name: agent.name })}</span>
    <select class="bare" @change=${(/** @type {Event} */ event) => force(agent, event)} .value=${value}>${all.map((one) => html`
      <option value=${one} ?selected=${one === value}>${one.startsWith('not-ready:') ? one.slice(10) : t(`presence.${one}`)}</option>`)}</select></label>`;
}

/** The agents, each with what they do. @param {string} chosen @param {(id: string) => void} choose */
export function agents(chosen, choose) {
  const sorted = floor.agents.toSorted((one, other) => ORDER.indexOf(one.presence.state) - ORDER.indexOf(other.presence.state)
    || one.name.localeCompare(other.name));
  const ready = sorted.filter((agent) => agent.presence.state === 'ready').length;
  return html`<section class="sheet" aria-labelledby="agents-title">
    <header><h2 id="agents-title">${t('supervisor.agents')}</h2><span class="quiet">${t('supervisor.ready-of', { ready, all: sorted.length })}</span></header>
    <div class="scroll" tabindex="0" role="group" aria-labelledby="agents-title"><table>
      <thead><tr><th scope="col">${t('supervisor.agent')}</th><th scope="col">${t('supervisor.state')}</th><th scope="col" class="n mid">${t('supervisor.since')}</th>
        <th scope="col">${t('supervisor.slots')}</th><th scope="col" class="n mid">${t('supervisor.occupancy')}</th><th scope="col" class="n wide">${t('supervisor.handled')}</th>
        <th scope="col" class="n wide">${t('supervisor.handle-time')}</th><th scope="col"><span class="hidden">${t('supervisor.actions')}</span></th></tr></thead>
      <tbody>${sorted.map((agent) => {
    const stats = agent.stats || {};
    return html`<tr class="${agent.presence.state} ${agent.id === chosen ? 'here' : ''}">
          <th scope="row">${agent.name || agent.id}${stats.desktop_lost_since ? html` <span class="chip warn">${t('supervisor.desktop-lost')}</span>` : nothing}</th>
          <td>${presence(agent)}</td>
          <td class="n mid">${stats.since ? lasting(Date.now() - Date.parse(stats.since)) : '–'}</td>
          <td>${slots(stats)}</td>
          <td class="n mid">${percent(stats.occupancy)}</td>
          <td class="n wide">${stats.handled ?? '–'}</td>
          <td class="n wide">${stats.average_handle_seconds === undefined ? '–' : lasting(stats.average_handle_seconds * 1000)}</td>
          <td class="acts"><button class="plain" aria-pressed=${agent.id === chosen} @click=${() => choose(agent.id)}>${t('supervisor.why-nothing-short')}<span class="hidden">: ${agent.name}</span></button></td></tr>`;
  })}</tbody></table></div></section>`;
}
