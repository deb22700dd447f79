import { t } from '../i18n.js';
import { html } from '../part.js';

/** What the keys do, each beside its key. */
export const keys = () => html`<dl class="keys">${t('app.keys').replace(/\.$/, '').split(', ').map((one) => {
  const at = one.indexOf(' ');
  return html`<dt><kbd>${one.slice(0, at)}</kbd></dt><dd>${one.slice(at + 1)}</dd>`;
})}</dl>`;
