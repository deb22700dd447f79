import { t } from '../i18n.js';
import { html } from '../part.js';
import { render } from '../vendor/lit/lit-html.js';

/**
 * Asks before something that is not undone by itself.
 * @param {string} text what would happen
 * @param {string} yes what the button says that does it
 * @returns {Promise<boolean>}
 */
export function sure(text, yes) {
  const dialog = document.createElement('dialog');
  dialog.setAttribute('aria-label', yes);
  render(html`<form method="dialog"><p>${text}</p><div class="buttons">
    <button class="danger" value="yes">${yes}</button><button value="no" autofocus>${t('supervisor.cancel')}</button></div></form>`, dialog);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((answer) => {
    // What it asks about is not there any more.
    const away = () => dialog.close('no');
    addEventListener('hashchange', away, { once: true });
    dialog.addEventListener('close', () => {
      removeEventListener('hashchange', away);
      answer(dialog.returnValue === 'yes');
      dialog.remove();
    });
  });
}
