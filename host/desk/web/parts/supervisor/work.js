import { lasting, t, word } from '../../i18n.js';
import { html, nothing, repeat } from '../../part.js';
import { floor } from './floor.js';
import { grade } from './thresholds.js';
import { nameOf } from './why.js';

/** Rows that are drawn at first, and how many more at a time. */
export const MOST = 100;

/** What is shown first: whoever waits longest. */
const ORDER = ['queued', 'offered', 'connected', 'held', 'parked', 'wrap-up'];

/** @param {any} item */
const name = (item) => item.customer?.display_name || item.customer?.handle || t('contact.unknown');

/**
 * All open work, what waits first.
 * @param {{queue: string, state: string, chosen: string, most: number}} filter
 * @param {(change: Record<string, string>) => void} set `more`: more rows are wanted
 */
export function work(filter, set) {
  const all = [...floor.items.values()].filter((item) => !filter.queue || item.queue === filter.queue);
  const rows = all.filter((item) => !filter.state || item.state === filter.state)
    .sort((one, other) => ORDER.indexOf(one.state) - ORDER.indexOf(other.state)
      || (one.waiting_since || one.created_at).localeCompare(other.waiting_since || other.created_at));
  const count = (/** @type {string} */ state) => all.filter((item) => item.state === state).length;
  return html`<section class="sheet" aria-labelledby="work-title">
    <header><h2 id="work-title">${t('supervisor.work')}</h2><span class="quiet">${filter.queue ? floor.queues.find((queue) => queue.id === filter.queue)?.name || filter.queue : ''}</span>
      <span class="grow"></span>
      <label class="inline"><span class="hidden">${t('supervisor.state')}</span><select @change=${(/** @type {any} */ event) => set({ state: event.target.value })}>
        <option value="" ?selected=${!filter.state}>${t('supervisor.all-states', { count: all.length })}</option>
        ${ORDER.map((state) => html`<option value=${state} ?selected=${filter.state === state}>${word('state', state)} (${count(state)})</option>`)}</select></label></header>
    <div class="scroll" tabindex="0" role="group" aria-labelledby="work-title"><table>
      <thead><tr><th scope="col">${t('supervisor.customer')}</th><th scope="col" class="n">${t('supervisor.waits')}</th><th scope="col">${t('supervisor.state')}</th>
        <th scope="col" class="wide">${t('supervisor.agent')}</th><th scope="col" class="wide">${t('supervisor.queue')}</th><th scope="col" class="wide last">${t('supervisor.last')}</th></tr></thead>
      <tbody>${repeat(rows.slice(0, filter.most), (item) => item.id, (item) => {
    const waited = item.waiting_since && Date.now() - Date.parse(item.waiting_since);
    return html`<tr class=${item.id === filter.chosen ? 'here' : ''}>
        <th scope="row"><button class="link" aria-pressed=${item.id === filter.chosen} @click=${() => set({ chosen: item.id === filter.chosen ? '' : item.id })}><bdi>${name(item)}</bdi></button>
          <span class="quiet">${word('network', item.network || item.channel)}</span></th>
        <td class="n ${item.state === 'queued' ? grade('longest', waited && waited / 1000) : ''}">${waited ? lasting(waited) : '–'}</td>
        <td>${item.state === 'queued' ? html`<button class="plain" @click=${() => set({ chosen: item.id })}>${t('supervisor.why')}<span class="hidden"> ${name(item)}</span></button>` : word('state', item.state)}</td>
        <td class="wide">${item.agent ? nameOf(item.agent) : nothing}</td><td class="wide">${floor.queues.find((queue) => queue.id === item.queue)?.name || item.queue}</td>
        <td class="wide last"><span class="line" dir="auto">${item.last_message?.deleted ? t('message.deleted') : item.last_message?.text || nothing}</span></td></tr>`;
  })}</tbody></table></div>
    ${rows.length > filter.most ? html`<p class="pad"><button @click=${() => set({ more: 'yes' })}>${t('inbox.more', { count: rows.length - filter.most })}</button></p>` : nothing}
    ${rows.length ? nothing : html`<p class="empty">${floor.loaded ? t('supervisor.no-work') : t('app.loading')}</p>`}
  </section>`;
}
