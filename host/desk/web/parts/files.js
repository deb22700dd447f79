// Files that were exchanged. Pictures and sounds are shown where the hub serves them as such; everything else
// is a download.

import { base } from '../api.js';
import { bytes, t, word } from '../i18n.js';
import { html, nothing } from '../part.js';

const PICTURES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif'];

/** @param {any} message @param {any} file @param {number} index */
export function fileOf(message, file, index) {
  const name = file.name || word('attachment', file.kind);
  const state = file.file?.state || 'none';
  const here = state === 'stored' || file.media;
  if (!here) {
    // A link that a customer sent is shown, and opened only by copying it: it may lead anywhere.
    return html`<span class="file"><span dir="auto">${name}</span> <span class="quiet">${word('file', state)}</span>
      ${file.url && file.kind === 'link' ? html`<bdi class="address">${file.url}</bdi>` : nothing}
      ${file.file?.reason ? html`<span class="problem">${file.file.reason.text}</span>` : nothing}</span>`;
  }
  const at = `${base}interactions/${message.interaction}/messages/${message.id}/files/${index}`;
  const mime = file.file?.mime || file.mime || '';
  const size = file.file?.size ?? file.size;
  const about = html`<a class="file" href=${at} download=${file.name || ''}><span aria-hidden="true">⤓</span> <span dir="auto">${name}</span>
    ${size ? html`<span class="quiet">${bytes(size)}</span>` : nothing}</a>`;
  if (PICTURES.includes(mime)) {
    return html`<figure><a href=${at} target="_blank" rel="noopener"><img src=${at} alt=${t('file.picture', { name })} loading="lazy"></a><figcaption>${about}</figcaption></figure>`;
  }
  if (mime.startsWith('audio/')) return html`<figure><audio controls preload="none" src=${at}></audio><figcaption>${about}</figcaption></figure>`;
  if (mime.startsWith('video/')) return html`<figure><video controls preload="none" src=${at}></video><figcaption>${about}</figcaption></figure>`;
  return about;
}
