import { call, newKey, Problem, upload } from '../api.js';
import { count } from '../count.js';
import { bytes, lasting, t, word } from '../i18n.js';
import { Ticking, html, nothing } from '../part.js';
import { store } from '../store.js';
import { faultsOf, isBlank, kindsOf } from './structured/limits.js';
import { unsent } from './unsent.js';
import './responses.js';

const PAUSE = 700;
/** How long a customer is told that somebody writes, and how long nobody writes who types nothing. */
const TYPING = 8_000;
/** A day: when a window closes sooner, it is counted down. */
const SOON = 86_400_000;

/** What a card or a list is told by. @param {any} structured */
const nameOf = ({ content }) => content.title || content.cards?.[0]?.title || content.sections?.[0]?.rows?.[0]?.title || '…';

/** @typedef {{name: string, size: number, mime: string, kind: string, media?: string, busy?: boolean}} Attached */

/** Where answers are written. What was typed is kept on the server. */
class Composer extends Ticking {
  static properties = {
    item: {}, replyTo: {}, messages: {}, text: { state: true }, busy: { state: true }, saved: { state: true }, files: { state: true },
    choices: { state: true }, structured: { state: true }, panel: { state: true }, words: { state: true }, told: { state: true }, over: { state: true },
  };

  constructor() {
    super();
    /** @type {any} */
    this.item = undefined;
    /** @type {{message: any, privately: boolean} | undefined} */
    this.replyTo = undefined;
    /** @type {any[]} */
    this.messages = [];
    this.text = '';
    /** Whether it is answered privately; undefined: as the customer wrote. @type {boolean | undefined} */
    this.chosen = undefined;
    this.busy = false;
    this.saved = true;
    this.of = '';
    /** @type {Attached[]} */
    this.files = [];
    /** Answers to choose from. @type {string[]} */
    this.choices = [];
    /** A card, cards or a list. @type {any} */
    this.structured = undefined;
    /** @type {string | undefined} the standard response that it was made of */
    this.response = undefined;
    this.panel = '';
    /** What is searched among the standard responses. @type {string | undefined} */
    this.words = undefined;
    /** What happened to a file, or to a placeholder. */
    this.told = '';
    this.over = false;
    /** Whether it is sent as soon as its files are there. */
    this.due = false;
    this.typed = 0;
    this.announced = 0;
    /** The same until the hub has answered, so that a repeated sending has one effect. */
    this.key = '';
  }

  connectedCallback() {
    super.connectedCallback();
    this.back = () => { if (!this.saved) void this.keep(); };
    store.addEventListener('back', this.back);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    store.removeEventListener('back', /** @type {() => void} */ (this.back));
    this.keep();
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (changed.has('replyTo') && this.replyTo) this.chosen = undefined;
    if (this.typed && Date.now() - this.typed > TYPING) this.writes(false);
    if (!changed.has('item') || this.item.id === this.of) return;
    this.keep();
    this.of = this.item.id;
    this.empty();
    this.chosen = undefined;
    this.panel = '';
    this.told = '';
    this.fetch(this.of);
  }

  empty() {
    this.text = '';
    this.key = '';
    this.files = [];
    this.choices = [];
    this.structured = undefined;
    this.response = undefined;
    this.words = undefined;
    this.saved = true;
  }

  get isPublic() { return this.item.visibility === 'public'; }

  /** @param {string} kind */
  able(kind) {
    return (this.item.capabilities?.actions || []).find((/** @type {any} */ one) => one.kind === kind);
  }

  /** Privately where the customer wrote privately, unless the agent says otherwise. */
  get privately() {
    if (!this.isPublic || !this.able('private_reply')) return false;
    if (this.chosen !== undefined) return this.chosen;
    if (this.replyTo) return this.replyTo.privately || this.replyTo.message.visibility === 'private';
    const last = this.messages.findLast((one) => one.author.kind === 'contact');
    return last?.visibility === 'private';
  }

  /** The action that an answer is, with its limits. */
  get action() {
    if (!this.isPublic) return this.able('send_message') || this.able('reply');
    return this.privately ? this.able('private_reply') : this.able('reply');
  }

  /** @param {any} draft */
  take(draft) {
    this.text = draft.text || '';
    this.chosen = draft.private || undefined;
    this.files = (draft.attachments || []).map((/** @type {any} */ one) => ({ name: one.name || '', size: one.size || 0, mime: one.mime || '', kind: one.kind, media: one.media }));
    this.choices = (draft.quick_replies || []).map((/** @type {any} */ one) => one.text);
    this.structured = draft.structured;
    this.response = draft.response || undefined;
  }

  /** @param {string} id */
  async fetch(id) {
    const here = unsent.read(id);
    if (here) {
      this.take(here);
      this.saved = false;
      void this.keep();
      return;
    }
    // Without one the answer would be 404, which is no fault.
    if (!this.item.draft_saved_at) return;
    try {
      const draft = await call('GET', `interactions/${id}/draft`);
      if (id !== this.of || this.text) return;
      this.take(draft);
    } catch (error) {
      if (!(error instanceof Problem && error.status === 404)) this.told = t('composer.no-draft');
    }
  }

  /** What was written, as the API takes it. */
  get body() {
    /** @type {any} */
    const body = {};
    if (this.text.trim()) body.text = this.text;
    const ready = this.files.filter((file) => file.media);
    if (ready.length) body.attachments = ready.map(({ kind, media, mime, name, size }) => ({ kind, media, name, size, ...(mime ? { mime } : {}) }));
    if (this.choices.length) body.quick_replies = this.choices.map((text) => ({ text }));
    else if (this.structured && !isBlank(this.structured)) body.structured = this.structured;
    if (this.replyTo) body.reply_to = this.replyTo.message.id;
    if (this.privately) body.private = true;
    if (this.response) body.response = this.response;
    return body;
  }

  get isEmpty() {
    return !this.text.trim() && !this.files.length && !this.choices.length && (!this.structured || isBlank(this.structured));
  }

  /** What the network does not take of what there is to choose from. */
  get faults() {
    const structured = this.choices.length ? { kind: 'quick-replies', content: { options: this.choices.map((text) => ({ text })) } } : this.structured;
    return structured ? faultsOf(structured, this.item.network, this.action?.limits, this.text, this.files.length > 0) : [];
  }

  /** Something of it is other than the hub knows it. */
  touched() {
    this.key = '';
    this.saved = false;
    if (this.isEmpty) unsent.forget(this.of);
    else unsent.write(this.of, this.body);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.keep(), PAUSE);
  }

  /** @param {InputEvent} event */
  input(event) {
    if (this.due) {
      this.due = false;
      this.told = '';
    }
    const field = /** @type {HTMLTextAreaElement} */ (event.target);
    this.text = field.value;
    const before = field.value.slice(0, field.selectionStart);
    this.words = /(?:^|\s)\/([\p{L}\p{N} _-]{0,40})$/u.exec(before)?.[1];
    this.touched();
    this.writes(Boolean(this.text.trim()));
  }

  /** Colleagues, and where the network has it the customer, see that somebody writes. @param {boolean} on */
  writes(on) {
    this.typed = on ? Date.now() : 0;
    this.dispatchEvent(new CustomEvent('writes', { detail: on }));
    if (!this.able('typing')?.open || this.privately) return;
    if (on ? Date.now() - this.announced < TYPING : !this.announced) return;
    this.announced = on ? Date.now() : 0;
    // The customer misses nothing if it is not told; where it stops, the message itself tells it.
    if (on) call('POST', `interactions/${this.of}/actions`, { action: 'typing' }).catch(() => {});
  }

  /** Saves what was typed, if it is not saved yet. */
  async keep() {
    clearTimeout(this.timer);
    if (!this.of || this.saved || this.busy) return;
    const [id, body, nothingLeft] = [this.of, this.body, this.isEmpty];
    const same = JSON.stringify(body);
    try {
      const path = `interactions/${id}/draft`;
      if (nothingLeft) await call('DELETE', path);
      else await call('PUT', path, body);
      if (id !== this.of) return void unsent.forget(id);
      if (same !== JSON.stringify(this.body)) return;
      this.saved = true;
      unsent.forget(id);
    } catch (error) {
      // Not theirs any more, or over: the words stay in this tab.
      if (error instanceof Problem && error.status >= 400 && error.status < 500 && error.status !== 429) return;
      if (id === this.of) this.timer = setTimeout(() => this.keep(), 5000);
    }
  }

  /** @param {any} body */
  async post(body) {
    this.busy = true;
    clearTimeout(this.timer);
    this.key ||= newKey();
    const id = this.of;
    const sent = await store.attempt(async () => {
      await call('POST', `interactions/${id}/messages`, body, this.key);
      return true;
    });
    this.busy = false;
    if (!sent) return false;
    this.key = '';
    unsent.forget(id);
    this.writes(false);
    return id === this.of;
  }

  async send() {
    if (this.busy || this.isEmpty || this.faults.length) return;
    if (this.files.some((file) => file.busy)) {
      this.due = true;
      this.told = t('composer.due');
      return;
    }
    if (await this.post(this.body)) {
      this.empty();
      this.told = '';
      this.panel = '';
      this.dispatchEvent(new Event('no-reply'));
    }
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector('textarea'))?.focus();
  }

  /** @param {CustomEvent} event */
  async template(event) {
    this.key = '';
    if (await this.post({ structured: event.detail })) this.panel = '';
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    const responses = /** @type {any} */ (this.querySelector('lc-responses'));
    if (responses?.key(event)) return;
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.send();
    }
  }

  /** Puts a standard response where `/` and the words stand. @param {CustomEvent} event */
  async fill({ detail }) {
    const field = /** @type {HTMLTextAreaElement} */ (this.querySelector('textarea'));
    const end = field.selectionStart;
    const start = end - (this.words || '').length - 1;
    this.text = this.text.slice(0, start) + detail.text + this.text.slice(end);
    this.response = detail.response;
    this.words = undefined;
    this.told = detail.missing.length ? t('response.missing', { names: detail.missing.join(', ') }) : '';
    this.touched();
    await this.updateComplete;
    field.focus();
    field.setSelectionRange(start + detail.text.length, start + detail.text.length);
  }

  /** Which kind of attachment a file can be here, or why it cannot. @param {File} file */
  fit(file) {
    const limits = this.action?.limits;
    if (!limits?.media?.length || !limits.max_attachments) return { problem: t('file.none-here') };
    if (this.files.length >= limits.max_attachments) return { problem: t('file.too-many', { max: limits.max_attachments }) };
    const mime = file.type || 'application/octet-stream';
    const top = mime.split('/')[0];
    const takes = (/** @type {any} */ one) => !one.mime?.length || one.mime.some((/** @type {string} */ kind) => kind === mime || (kind.endsWith('/*') && kind.slice(0, -1) === `${top}/`));
    const fits = limits.media.filter((/** @type {any} */ one) => takes(one) && (one.kind === top || one.kind === 'file' || (one.mime?.length && one.kind !== 'sticker')));
    const kind = fits.find((/** @type {any} */ one) => one.kind === top) || fits.find((/** @type {any} */ one) => one.kind === 'file') || fits[0];
    if (!kind) return { problem: t('file.unfit', { name: file.name, kinds: limits.media.map((/** @type {any} */ one) => word('attachment', one.kind)).join(', ') }) };
    if (file.size > kind.max_bytes) return { problem: t('file.too-large', { name: file.name, max: bytes(kind.max_bytes) }) };
    if (!file.size) return { problem: t('file.empty', { name: file.name }) };
    return { kind: kind.kind };
  }

  /** @param {Iterable<File>} files */
  async attach(files) {
    this.told = '';
    for (const file of files) {
      const { kind, problem } = this.fit(file);
      if (!kind) {
        this.told = problem || '';
        continue;
      }
      const id = this.of;
      /** @type {Attached} */
      const entry = { name: file.name, size: file.size, mime: file.type, kind, busy: true };
      this.files = [...this.files, entry];
      const stored = await store.attempt(() => upload(file));
      if (id !== this.of) return;
      if (!stored) {
        this.files = this.files.filter((one) => one !== entry);
        continue;
      }
      this.files = this.files.map((one) => (one === entry ? { ...entry, media: stored.media, mime: stored.mime || entry.mime, busy: false } : one));
      this.touched();
    }
    if (!this.due || this.files.some((file) => file.busy)) return;
    this.due = false;
    if (this.told === t('composer.due')) await this.send();
  }

  /** @param {ClipboardEvent} event */
  pasted(event) {
    const files = [...event.clipboardData?.files || []];
    if (!files.length) return;
    event.preventDefault();
    void this.attach(files);
  }

  /** @param {DragEvent} event */
  dropped(event) {
    this.over = false;
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    void this.attach([...event.dataTransfer.files]);
  }

  /** @param {DragEvent} event */
  dragged(event) {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    this.over = event.type === 'dragover';
  }

  /** What can be chosen beside the text. @param {any} limits */
  extras(limits) {
    const files = limits?.media?.length && limits.max_attachments > this.files.length;
    const kinds = kindsOf(limits);
    return html`
      ${files ? html`<label class="button"><span aria-hidden="true">+</span> ${t('composer.attach')}<input class="hidden" type="file" multiple
        @change=${(/** @type {any} */ event) => { void this.attach([...event.target.files]); event.target.value = ''; }}></label>` : nothing}
      ${limits?.max_quick_replies && !this.structured && this.choices.length < limits.max_quick_replies ? html`<button type="button" aria-expanded=${this.panel === 'choice'}
        @click=${() => this.choose()}>${t('composer.choice')}</button>` : nothing}
      ${kinds.length && !this.choices.length ? html`<button type="button" data-key="KeyB" aria-keyshortcuts="Alt+B" aria-expanded=${this.panel === 'structured'}
        @click=${() => this.compose()}>${t(kinds.includes('list') ? 'composer.card-list' : 'composer.card')}</button>` : nothing}
      ${this.able('send_template')?.open ? html`<button type="button" class=${this.action?.open || this.panel ? '' : 'main'} data-key="KeyV" aria-keyshortcuts="Alt+V" aria-expanded=${this.panel === 'template'}
        @click=${() => { this.panel = this.panel === 'template' ? '' : 'template'; }}>${t('composer.template')}</button>` : nothing}`;
  }

  async choose() {
    this.panel = this.panel === 'choice' ? '' : 'choice';
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector('input[name=choice]'))?.focus();
  }

  /** @param {SubmitEvent} event */
  addChoice(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const text = String(new FormData(form).get('choice') || '').trim();
    if (!text || this.choices.includes(text)) return;
    this.choices = [...this.choices, text];
    form.reset();
    this.touched();
  }

  /** Opens the form for a card or a list, or closes it. What is blank is none. @param {boolean} [drop] */
  async compose(drop = false) {
    const open = this.panel === 'structured';
    this.panel = open ? '' : 'structured';
    if (!open) {
      await import('./structured/form.js').catch(() => {
        this.panel = '';
        this.told = t('app.offline');
      });
      return;
    }
    if (drop || (this.structured && isBlank(this.structured))) {
      this.structured = undefined;
      this.touched();
    }
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector('textarea'))?.focus();
  }

  /** @param {any} limits @param {import('./structured/limits.js').Fault[]} faults */
  panels(limits, faults) {
    switch (this.panel) {
      case 'choice': return this.choices.length < limits?.max_quick_replies ? html`<form class="buttons" @submit=${this.addChoice}><label>${t('composer.choice-text')} <input name="choice" maxlength="80" dir="auto"></label><button>${t('composer.add')}</button>
        <span class="quiet">${t('composer.limit', { used: this.choices.length, max: limits.max_quick_replies })}</span></form>` : nothing;
      case 'template': return html`<lc-templates .channel=${this.item.channel} .busy=${this.busy} @template=${this.template} @close=${() => { this.panel = ''; }}></lc-templates>`;
      case 'structured': return html`<lc-structured .kinds=${kindsOf(limits)} .value=${this.structured} .network=${this.item.network || ''} .faults=${faults} .text=${this.text} @keydown=${this.pressed}
        @changed=${(/** @type {CustomEvent} */ event) => { this.structured = event.detail; this.touched(); }} @close=${() => this.compose()} @drop=${() => this.compose(true)}></lc-structured>`;
      default: return nothing;
    }
  }

  /** @param {any} able */
  window(able) {
    if (!able) return html`<p class="notice" role="status">${t('composer.unable')}</p>`;
    const left = able.until ? new Date(able.until).getTime() - Date.now() : undefined;
    if (!able.open || (left !== undefined && left <= 0)) {
      return html`<p class="notice problem" role="status">${t(this.able('send_template')?.open ? 'composer.closed-template' : 'composer.closed')}</p>`;
    }
    return left !== undefined && left < SOON ? html`<span class=${left < SOON / 24 ? 'soon' : 'quiet'}>${t('composer.window', { time: lasting(left) })}</span>` : nothing;
  }

  /** @param {any} able */
  way(able) {
    if (!this.isPublic || !this.able('private_reply')) return html`<span class="quiet">${able ? t(this.isPublic ? 'composer.public' : 'composer.private') : nothing}</span>`;
    const one = (/** @type {boolean} */ value) => html`<label class="choice"><input type="radio" name="way" .checked=${this.privately === value}
      @change=${() => { this.chosen = value; this.touched(); this.requestUpdate(); }}>${t(value ? 'composer.private' : 'composer.public')}</label>`;
    return html`<span class="ways" role="radiogroup" aria-label=${t('composer.way')}>${one(false)}${one(true)}</span>`;
  }

  render() {
    const able = this.action;
    const closed = !able?.open || (able.until && new Date(able.until).getTime() <= Date.now());
    const limits = able?.limits;
    const limit = limits?.text;
    const used = limit ? count(this.text, limit.unit) : 0;
    const tooLong = limit && used > limit.max;
    const { faults } = this;
    const responses = /** @type {any} */ (this.querySelector('lc-responses'));
    return html`<div class=${`composer ${this.privately ? 'privately' : ''} ${this.over ? 'over' : ''}`} @dragover=${this.dragged} @dragleave=${this.dragged} @drop=${this.dropped}>
      ${this.replyTo ? html`<p class="quiet answering"><span class="line">${t('composer.to')} <span dir="auto">${this.replyTo.message.content.text || ''}</span></span>
        <button type="button" class="tool" aria-label=${t('composer.not-to')} @click=${() => { this.dispatchEvent(new Event('no-reply')); this.touched(); }}>✕</button></p>` : nothing}
      <div class="ways-line">${this.way(able)}<span class="grow"></span>${this.window(able)}</div>
      <div><lc-responses .interaction=${this.item.id} .words=${this.words} @response=${this.fill} @found=${() => this.requestUpdate()} @close=${() => { this.words = undefined; }}></lc-responses>
      <label><span class="hidden">${t('composer.label')}</span>
        <textarea rows="3" dir="auto" data-key="KeyR" aria-keyshortcuts="Alt+R" placeholder=${closed ? '' : t('composer.hint')} .value=${this.text}
          aria-autocomplete="list" aria-controls=${responses?.active ? 'lc-responses' : nothing} aria-activedescendant=${responses?.active || nothing}
          @input=${this.input} @blur=${() => { this.keep(); }} @keydown=${this.pressed} @paste=${this.pasted}></textarea></label></div>
      ${this.told ? html`<p class="problem" role="status">${this.told}</p>` : nothing}
      ${this.files.length || this.choices.length || this.structured ? html`<ul class="chips">
        ${this.files.map((file) => html`<li class="chip" aria-busy=${file.busy ? 'true' : 'false'}><span dir="auto">${file.name}</span> <span class="quiet">${file.busy ? t('file.uploads') : bytes(file.size)}</span>
          <button type="button" class="tool" aria-label=${t('composer.remove', { name: file.name })} @click=${() => { this.files = this.files.filter((one) => one !== file); this.touched(); }}>✕</button></li>`)}
        ${this.choices.map((text) => html`<li class="chip"><span dir="auto">${text}</span>
          <button type="button" class="tool" aria-label=${t('composer.remove', { name: text })} @click=${() => { this.choices = this.choices.filter((one) => one !== text); this.touched(); }}>✕</button></li>`)}
        ${this.structured && this.panel !== 'structured' && !isBlank(this.structured) ? html`<li class="chip"><button type="button" class="tool" ?disabled=${!kindsOf(limits).includes(this.structured.kind)} @click=${() => this.compose()}>${word('structured', this.structured.kind)}: <span dir="auto">${nameOf(this.structured)}</span></button>
          <button type="button" class="tool" aria-label=${t('composer.remove', { name: word('structured', this.structured.kind) })} @click=${() => { this.structured = undefined; this.touched(); }}>✕</button></li>` : nothing}</ul>` : nothing}
      ${faults.length && this.panel !== 'structured' ? html`<p class="problem" role="status">${faults[0].text}</p>` : nothing}
      ${this.panels(limits, faults)}
      <div class="buttons">${this.extras(closed ? undefined : limits)}
        <span class="quiet line grow" role="status">${this.saved ? nothing : store.online ? t('composer.saving') : t('composer.kept')}</span>
        <span class="sending">${limit ? html`<span class=${tooLong ? 'problem' : 'quiet'}>${t('composer.limit', { used, max: limit.max })}</span>` : nothing}
        <button type="button" class="main" title="Ctrl+Enter" ?disabled=${this.busy || this.isEmpty || tooLong || closed || faults.length > 0} @click=${() => this.send()}>${t(this.privately ? 'composer.send-privately' : 'composer.send')}</button></span></div>
    </div>`;
  }
}
customElements.define('lc-composer', Composer);

// What is rarely wanted comes after what is seen at once.
void import('./templates.js');
