import { call } from '../api.js';
import { moment, number, t, time, word } from '../i18n.js';
import { Part, html, nothing } from '../part.js';
import { store } from '../store.js';
import { fileOf } from './files.js';
import { shown } from './structured/shown.js';
import './insight.js';

/** How the states of what the company said are drawn; the words stand beside it for everybody. */
const MARKS = { accepted: '◷', sent: '✓', delivered: '✓✓', read: '✓✓', failed: '!', uncertain: '?' };

/** Of a longer text only the beginning is drawn until somebody wants all: a word of a million characters takes long. */
const LONG = 8_000;

/** One thing that was said. Customers' words are shown as text, never as markup. */
class Message extends Part {
  static follows = /** @type {EventTarget[]} */ ([]);

  static properties = {
    message: {}, who: {}, mine: {}, actions: {}, tree: {}, changing: { state: true }, about: { state: true }, liked: { state: true }, sure: { state: true }, busy: { state: true }, whole: { state: true }, wording: { state: true },
  };

  constructor() {
    super();
    /** @type {any} */
    this.message = undefined;
    this.who = '';
    this.mine = false;
    this.tree = false;
    /** The kinds of action that the network takes now. @type {string} */
    this.actions = '';
    this.changing = false;
    this.about = false;
    this.liked = false;
    this.sure = false;
    this.busy = false;
    /** Whether all of a long text is shown. */
    this.whole = false;
    /** What is being written about it on the network, beside an answer. @type {'' | 'quote' | 'request_follow'} */
    this.wording = '';
  }

  /** @param {string} path @param {unknown} body */
  async step(path, body) {
    if (this.busy) return false;
    this.busy = true;
    const done = await store.attempt(async () => {
      await call('POST', `interactions/${this.message.interaction}/${path}`, body);
      return true;
    });
    this.busy = false;
    return done;
  }

  /** Something on the network that is no message. @param {string} action @param {any} [more] */
  act(action, more = {}) {
    return this.step('actions', { action, message: this.message.id, ...more });
  }

  async like() {
    if (await this.act(this.liked ? 'unreact' : 'react', { name: 'like' })) this.liked = !this.liked;
  }

  // Not `remove`: that is how a page takes an element away.
  async erase() {
    if (await this.act('delete')) this.sure = false;
  }

  /** @param {SubmitEvent} event */
  async change(event) {
    event.preventDefault();
    const text = new FormData(/** @type {HTMLFormElement} */ (event.target)).get('text');
    if (await this.act('edit', { text })) this.changing = false;
  }

  /** @param {SubmitEvent} event */
  async say(event) {
    event.preventDefault();
    const text = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get('text')).trim();
    if (await this.act(this.wording, text ? { text } : {})) this.wording = '';
  }

  /** @param {'quote' | 'request_follow'} what */
  async word(what) {
    this.wording = this.wording === what ? '' : what;
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector('textarea[name=text]'))?.focus();
  }

  /** @param {boolean} privately */
  reply(privately) {
    this.dispatchEvent(new CustomEvent('reply', { detail: { privately } }));
  }

  /** @param {string} kind */
  can(kind) {
    return this.mine && this.actions.split(' ').includes(kind);
  }

  /** What became of what the company said. @param {any} message */
  progress(message) {
    if (message.author.kind === 'contact' || message.state === 'received') return nothing;
    const at = message.state_at ? `, ${moment(message.state_at)}` : '';
    return html`<span class="state ${message.state}" title=${`${word('progress', message.state)}${at}`}><span aria-hidden="true">${/** @type {any} */ (MARKS)[message.state] || ''}</span> ${word('progress', message.state)}</span>`;
  }

  /** What is to be done about something that did not go as it should. @param {any} message */
  trouble(message) {
    if (message.state !== 'uncertain' && message.state !== 'failed') return nothing;
    const id = message.id;
    const uncertain = message.state === 'uncertain';
    return html`<div class="trouble ${message.state}" role="group" aria-label=${word('progress', message.state)}>
      <p>${uncertain ? t('message.uncertain') : t('message.failed')}</p>
      ${message.reason ? html`<p class="reason" dir="auto">${message.reason.text}</p>` : nothing}
      ${!this.mine ? nothing : html`<span class="buttons">
        ${uncertain ? html`<button ?disabled=${this.busy} @click=${() => this.step(`messages/${id}/settle`, { arrived: true })}>${t('message.arrived')}</button>
          <button ?disabled=${this.busy} @click=${() => this.step(`messages/${id}/settle`, { arrived: false })}>${t('message.not-arrived')}</button>` : nothing}
        ${uncertain || message.retryable ? html`<button ?disabled=${this.busy} @click=${() => this.step(`messages/${id}/resend`, {})}>${t('message.resend')}</button>` : nothing}</span>`}</div>`;
  }

  /** What the network lets an agent do with it. @param {any} message */
  tools(message) {
    const theirs = message.author.kind === 'contact';
    const gone = Boolean(message.deleted_at);
    const there = (message.platform_ids || []).length > 0;
    const tool = (/** @type {string} */ name, /** @type {() => unknown} */ what, /** @type {boolean | undefined} */ pressed = undefined) => html`<button class="tool"
      aria-pressed=${pressed === undefined ? nothing : pressed} ?disabled=${this.busy} @click=${what}>${t(`message.${name}`)}</button>`;
    return html`${this.mine && theirs && !gone ? tool('reply', () => this.reply(false)) : nothing}
      ${theirs && !gone && this.tree && this.can('private_reply') ? tool('reply-privately', () => this.reply(true)) : nothing}
      ${there && !gone ? html`
        ${theirs && this.can('react') ? tool(this.liked ? 'unlike' : 'like', () => this.like(), this.liked) : nothing}
        ${theirs && this.can('repost') ? tool('repost', () => this.act('repost')) : nothing}
        ${theirs && this.can('quote') ? tool('quote', () => this.word('quote'), this.wording === 'quote') : nothing}
        ${theirs && this.can('request_follow') ? tool('request_follow', () => this.word('request_follow'), this.wording === 'request_follow') : nothing}
        ${theirs && this.can('hide') && !message.hidden_at ? tool('hide', () => this.act('hide')) : nothing}
        ${this.can('unhide') && message.hidden_at ? tool('unhide', () => this.act('unhide')) : nothing}
        ${!theirs && this.can('edit') && message.content.text ? tool('edit', () => { this.changing = true; }) : nothing}
        ${(!theirs || this.tree) && this.can('delete') ? tool('delete', () => { this.sure = true; }) : nothing}` : nothing}
      ${theirs || message.note ? tool('about', () => { this.about = !this.about; }, this.about) : nothing}`;
  }

  /** @param {string} text @param {boolean} gone */
  said(text, gone) {
    const cut = !this.whole && text.length > LONG;
    return html`<p class=${gone ? 'text gone' : 'text'} dir="auto">${cut ? `${text.slice(0, LONG)} …` : text}</p>
      ${cut ? html`<button class="small" @click=${() => { this.whole = true; }}>${t('message.whole', { count: number(text.length) })}</button>` : nothing}`;
  }

  /** What is no text and no file. @param {any} content */
  rest(content) {
    const { structured, location, contacts = [], quick_replies: choices = [], payload } = content;
    const inner = structured?.content || {};
    const parts = (inner.components || []).flatMap((/** @type {any} */ one) => one.parameters || []);
    const drawn = structured && shown(structured);
    return html`
      ${drawn || nothing}
      ${structured && !drawn ? html`<p class="quiet">${word('structured', structured.kind)}${inner.name ? html` <bdi>${inner.name}</bdi>` : nothing}</p>` : nothing}
      ${structured?.kind === 'template' && parts.length ? html`<p class="quiet" dir="auto">${parts.map((/** @type {any} */ one) => one.text).filter(Boolean).join(' · ')}</p>` : nothing}
      ${location ? html`<p>${location.name ? html`<span dir="auto">${location.name} ${location.address || ''}</span> ` : nothing}<bdi>${location.latitude}, ${location.longitude}</bdi></p>` : nothing}
      ${contacts.map((/** @type {any} */ one) => html`<p dir="auto">${one.name} ${[...one.phones || [], ...one.emails || []].join(', ')}</p>`)}
      ${choices.length ? html`<p>${choices.map((/** @type {any} */ one) => html`<span class="chip">${one.text}</span> `)}</p>` : nothing}
      ${payload ? html`<p class="quiet" dir="auto">${payload}</p>` : nothing}`;
  }

  /** @param {any} message */
  reactions(message) {
    const all = message.reactions || [];
    if (!all.length) return nothing;
    /** @type {Map<string, number>} */
    const counts = new Map();
    for (const one of all) counts.set(one.emoji || word('reaction', one.name), (counts.get(one.emoji || word('reaction', one.name)) || 0) + 1);
    const more = message.reaction_count - all.length;
    return html`<p class="reactions" aria-label=${t('message.reactions', { count: message.reaction_count })}>${[...counts].map(([name, count]) => html`<span class="chip">${name} ${count > 1 ? count : nothing}</span> `)}
      ${more > 0 ? html`<span class="quiet">+${more}</span>` : nothing}</p>`;
  }

  render() {
    const message = this.message;
    if (!message) return nothing;
    const { content } = message;
    const revisions = message.revisions || [];
    const text = content.text || (content.structured?.content?.text);
    const other = this.tree !== (message.visibility === 'public');
    return html`<article>
      <header><strong dir="auto">${this.who}</strong> <time class="quiet" datetime=${message.at} title=${moment(message.at)}>${time(message.at)}</time>
        ${other ? html`<span class="chip">${t(`visibility.${message.visibility}`)}</span>` : nothing}
        ${message.hidden_at ? html`<span class="chip" title=${moment(message.hidden_at)}>${t('message.hidden')}</span>` : nothing}
        ${message.deleted_at ? html`<span class="chip" title=${moment(message.deleted_at)}>${t('message.deleted')}</span>` : nothing}</header>
      ${this.changing ? html`<form class="stack" @submit=${this.change}><label><span class="hidden">${t('message.edit')}</span>
          <textarea name="text" rows="3" dir="auto" .value=${text} required></textarea></label>
          <span class="buttons"><button class="main">${t('message.save')}</button><button type="button" @click=${() => { this.changing = false; }}>${t('app.cancel')}</button></span></form>`
    : text ? this.said(text, Boolean(message.deleted_at)) : nothing}
      ${this.rest(content)}
      ${(content.attachments || []).map((/** @type {any} */ file, /** @type {number} */ index) => fileOf(message, file, index))}
      ${revisions.length ? html`<details class="before"><summary>${t('message.edited', { at: moment(revisions.at(-1).replaced_at) })}</summary>${revisions.map((/** @type {any} */ one) => html`
        ${this.said(one.text || t('message.no-text'), true)}`)}</details>` : nothing}
      ${this.reactions(message)}
      ${message.note && !this.about ? html`<p class="quiet">${message.note}</p>` : nothing}
      ${this.trouble(message)}
      ${this.sure ? html`<p class="trouble" role="alert">${t('message.delete-sure')} <span class="buttons"><button @click=${() => this.erase()}>${t('message.delete')}</button>
        <button @click=${() => { this.sure = false; }}>${t('app.cancel')}</button></span></p>` : nothing}
      <footer>${this.progress(message)}${this.tools(message)}</footer>
      ${this.wording ? html`<form class="stack about" @submit=${this.say}><label>${t(`message.${this.wording}-text`)}<textarea name="text" rows="2" dir="auto" required></textarea></label>
        <span class="buttons"><button class="main" ?disabled=${this.busy}>${t('message.post')}</button><button type="button" @click=${() => { this.wording = ''; }}>${t('app.cancel')}</button></span></form>` : nothing}
      ${this.about ? html`<div class="about">${message.note ? html`<p class="quiet" dir="auto">${message.note}</p>` : nothing}
        <lc-insight .message=${message} .mine=${this.mine}></lc-insight></div>` : nothing}
    </article>`;
  }
}
customElements.define('lc-message', Message);
