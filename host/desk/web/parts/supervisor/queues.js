import { call, part } from '../../api.js';
import { lasting, percent, t, word } from '../../i18n.js';
import { html, nothing } from '../../part.js';
import { store } from '../../store.js';
import { floor } from './floor.js';
import { grade } from './thresholds.js';

const seconds = (/** @type {number | undefined} */ value) => (value === undefined ? '–' : lasting(value * 1000));

/** @param {any} queue */
async function pause(queue) {
  await store.attempt(() => call('POST', `queues/${part(queue.id)}/${queue.paused ? 'resume' : 'pause'}`, {}));
  await floor.figures();
}

/** The queues, each with what waits and how it is served. @param {string} chosen @param {(id: string) => void} choose */
export function queues(chosen, choose) {
  return html`<section class="sheet" aria-labelledby="queues-title">
    <header><h2 id="queues-title">${t('supervisor.queues')}</h2></header>
    <div class="scroll" tabindex="0" role="group" aria-labelledby="queues-title"><table>
      <thead><tr><th scope="col">${t('supervisor.queue')}</th><th scope="col" class="n">${t('supervisor.waiting')}</th>
        <th scope="col" class="n">${t('supervisor.longest')}</th><th scope="col" class="n mid">${t('supervisor.service')}</th>
        <th scope="col" class="n mid">${t('supervisor.estimate')}</th><th scope="col" class="n">${t('supervisor.ready')}</th>
        <th scope="col" class="n wide">${t('supervisor.handled')}</th><th scope="col" class="n wide">${t('supervisor.handle-time')}</th>
        ${store.may('lead') ? html`<th scope="col"><span class="hidden">${t('supervisor.actions')}</span></th>` : nothing}</tr></thead>
      <tbody>${floor.queues.map((queue) => {
    const now = floor.figuresOf(queue);
    const name = queue.name || queue.id;
    return html`<tr class=${queue.id === chosen ? 'here' : ''}>
          <th scope="row"><button class="link" aria-pressed=${queue.id === chosen} title=${t('supervisor.only-queue', { queue: name })}
            @click=${() => choose(queue.id === chosen ? '' : queue.id)}>${name}</button>
            ${queue.paused ? html`<span class="chip warn">${t('supervisor.paused')}</span>` : nothing}
            ${queue.open ? nothing : html`<span class="chip">${t('supervisor.closed')}</span>`}</th>
          <td class="n ${grade('waiting', now.waiting)}">${now.waiting}</td>
          <td class="n ${grade('longest', now.longest)}">${seconds(now.longest)}</td>
          <td class="n mid ${grade('service', now.service)}" title=${queue.stats.map((/** @type {any} */ one) => `${word('media', one.media_type)}: ${percent(one.service_level)} (${lasting(one.target_seconds * 1000)})`).join('\n')}>${percent(now.service)}</td>
          <td class="n mid">${seconds(now.estimate)}</td>
          <td class="n ${queue.members_ready ? '' : 'warn'}">${queue.members_ready}/${queue.members}</td>
          <td class="n wide">${now.handled}</td><td class="n wide">${seconds(now.handle)}</td>
          ${store.may('lead') ? html`<td class="acts"><button class="plain" @click=${() => pause(queue)}>${t(queue.paused ? 'supervisor.resume' : 'supervisor.pause')}<span class="hidden"> ${name}</span></button></td>` : nothing}</tr>`;
  })}</tbody></table></div>
    ${chosen ? html`<lc-day .queue=${chosen}></lc-day>` : nothing}
    ${floor.loaded && !floor.queues.length ? html`<p class="empty">${t('supervisor.no-queues')}</p>` : nothing}
  </section>`;
}
