import { base, call } from '../api.js';
import { moment, t, time, word } from '../i18n.js';
import { Part, html, nothing } from '../part.js';
import { store } from '../store.js';

/** One thing that was said. Customers' words are shown as text, never as markup. */
class Message extends Part {
  static properties = { message: {}, customer: {}, mine: {} };

  constructor() {
    super();
    /** @type {any} */
    this.message = undefined;
    this.customer = '';
    this.mine = false;
  }

  /** @param {any} message */
  who(message) {
    const { author, posted_by: by } = message;
    if (author.kind === 'contact') return by?.profile?.display_name || by?.profile?.handle || this.customer;
    if (author.kind === 'agent') return author.agent;
    return author.kind === 'rule' ? t('message.rule', { rule: author.rule }) : t('message.native');
  }

  /** @param {any} file @param {number} index */
  file(file, index) {
    const name = file.name || word('attachment', file.kind);
    if (file.file?.state !== 'stored') {
      return html`<span class="file">${name} <span class="quiet">${word('file', file.file?.state || 'none')}</span></span>`;
    }
    const at = `${base}interactions/${this.message.interaction}/messages/${this.message.id}/files/${index}`;
    return html`<a class="file" href=${at} download>${name}</a>`;
  }

  resend() {
    const { id, interaction } = this.message;
    return store.attempt(() => call('POST', `interactions/${interaction}/messages/${id}/resend`, {}));
  }

  /** What became of what the company said. @param {any} message */
  progress(message) {
    if (message.author.kind === 'contact') return nothing;
    const again = this.mine && (message.state === 'uncertain' || (message.state === 'failed' && message.retryable));
    return html`<span class="state ${message.state}">${word('progress', message.state)}</span>
      ${message.reason ? html`<p class="problem">${message.state === 'uncertain' ? t('message.uncertain') : nothing}
        <span dir="auto">${message.reason.text}</span></p>` : nothing}
      ${again ? html`<button @click=${this.resend}>${t('message.resend')}</button>` : nothing}`;
  }

  render() {
    const message = this.message;
    if (!message) return nothing;
    const revisions = message.revisions || [];
    const content = message.content;
    const text = content.text || content.structured?.content?.text;
    return html`<article>
      <header><strong dir="auto">${this.who(message)}</strong> <time title=${moment(message.at)}>${time(message.at)}</time>
        ${message.visibility === 'private' ? html`<span class="quiet">${t('visibility.private')}</span>` : nothing}
        ${message.hidden_at ? html`<span class="quiet">${t('message.hidden')}</span>` : nothing}</header>
      ${message.deleted_at ? html`<p class="quiet">${t('message.deleted')}</p>` : nothing}
      ${text ? html`<p class=${message.deleted_at ? 'text gone' : 'text'} dir="auto">${text}</p>` : nothing}
      ${(content.attachments || []).map((/** @type {any} */ file, /** @type {number} */ index) => this.file(file, index))}
      ${revisions.length ? html`<details><summary>${t('message.edited')}</summary>${revisions.map((/** @type {any} */ one) =>
    html`<p class="text gone" dir="auto">${one.text}</p>`)}</details>` : nothing}
      ${(message.reactions || []).length ? html`<p class="quiet">${t('message.reactions', { count: message.reaction_count })}</p>` : nothing}
      <footer>${this.progress(message)}
        ${this.mine && message.author.kind === 'contact' && !message.deleted_at
    ? html`<button @click=${() => this.dispatchEvent(new Event('reply'))}>${t('message.reply')}</button>` : nothing}</footer>
    </article>`;
  }
}
customElements.define('lc-message', Message);
