// Cards and lists as they look in a conversation. Pictures of other places are named and not fetched.

import { t, word } from '../../i18n.js';
import { html, nothing } from '../../part.js';

/** @param {any} action */
const button = (action) => html`<li class=${action.type === 'link' ? 'leads' : ''}><span dir="auto">${action.text || '…'}</span>${action.url ? html` <bdi class="address">${action.url}</bdi>` : nothing}</li>`;

/** @param {any} card */
const cardOf = (card) => html`<div class="shown-card">
  ${card.image_url ? html`<p class="picture"><span aria-hidden="true">▧</span> <span class="hidden">${word('attachment', 'image')}</span> <bdi class="address">${card.image_url}</bdi></p>` : nothing}
  <p><strong dir="auto">${card.title || '…'}</strong></p>
  ${card.description ? html`<p class="text" dir="auto">${card.description}</p>` : nothing}
  ${card.actions?.length ? html`<ul class="shown-buttons">${card.actions.map(button)}</ul>` : nothing}</div>`;

/** @param {any} list */
const listOf = (list) => html`<div class="shown-card">${(list.sections || []).map((/** @type {any} */ one) => html`${one.title ? html`<p class="quiet" dir="auto">${one.title}</p>` : nothing}
  <ul class="shown-rows">${(one.rows || []).map((/** @type {any} */ row) => html`<li><span dir="auto">${row.title || '…'}</span>${row.description ? html` <span class="quiet" dir="auto">${row.description}</span>` : nothing}</li>`)}</ul>`)}
  <ul class="shown-buttons"><li><span dir="auto">${list.button || '…'}</span></li></ul></div>`;

/** Structured content, if it is of a kind that can be drawn. @param {any} structured */
export function shown(structured) {
  const { kind, content } = structured;
  if (kind === 'card') return cardOf(content);
  if (kind === 'carousel' && Array.isArray(content.cards)) return html`<div class="shown-cards" tabindex="0" role="group" aria-label=${word('structured', kind)}>${content.cards.map(cardOf)}</div>`;
  if (kind === 'list' && Array.isArray(content.sections)) return listOf(content);
  if (kind === 'location-request') return html`<div class="shown-card"><ul class="shown-buttons"><li>${t('structured.location-request')}</li></ul></div>`;
  return undefined;
}
