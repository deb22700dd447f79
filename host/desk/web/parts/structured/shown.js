// Cards and lists as they look in a conversation. Pictures of other places are named and not fetched. What comes from
// elsewhere may have any form: what is no text or no list is left out.

import { t, word } from '../../i18n.js';
import { html, nothing } from '../../part.js';

/** @param {unknown} value @returns {any[]} */
const all = (value) => (Array.isArray(value) ? value.filter((one) => one && typeof one === 'object') : []);
/** @param {unknown} value */
const text = (value) => (typeof value === 'string' ? value : '');

/** @param {any} action */
const button = (action) => html`<li class=${action.type === 'link' ? 'leads' : ''}><span dir="auto">${text(action.text) || '…'}</span>${text(action.url) ? html` <bdi class="address">${action.url}</bdi>` : nothing}</li>`;

/** @param {any} card */
const cardOf = (card) => html`<div class="shown-card">
  ${text(card.image_url) ? html`<p class="picture"><span aria-hidden="true">▧</span> <span class="hidden">${word('attachment', 'image')}</span> <bdi class="address">${card.image_url}</bdi></p>` : nothing}
  <p><strong dir="auto">${text(card.title) || '…'}</strong></p>
  ${text(card.description) ? html`<p class="text" dir="auto">${card.description}</p>` : nothing}
  ${all(card.actions).length ? html`<ul class="shown-buttons">${all(card.actions).map(button)}</ul>` : nothing}</div>`;

/** @param {any} list */
const listOf = (list) => html`<div class="shown-card">${all(list.sections).map((one) => html`${text(one.title) ? html`<p class="quiet" dir="auto">${one.title}</p>` : nothing}
  <ul class="shown-rows">${all(one.rows).map((row) => html`<li><span dir="auto">${text(row.title) || '…'}</span>${text(row.description) ? html` <span class="quiet" dir="auto">${row.description}</span>` : nothing}</li>`)}</ul>`)}
  <ul class="shown-buttons"><li><span dir="auto">${text(list.button) || '…'}</span></li></ul></div>`;

/** Structured content, if it is of a kind that can be drawn. @param {any} structured */
export function shown({ kind, content }) {
  switch (kind) {
    case 'card': return cardOf(content);
    case 'carousel': return html`<div class="shown-cards" tabindex="0" role="group" aria-label=${word('structured', kind)}>${all(content.cards).map(cardOf)}</div>`;
    case 'list': return listOf(content);
    case 'location-request': return html`<div class="shown-card"><ul class="shown-buttons"><li>${t('structured.location-request')}</li></ul></div>`;
    default: return undefined;
  }
}
