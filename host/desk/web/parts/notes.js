import { call } from '../api.js';
import { moment, t } from '../i18n.js';
import { Part, html, nothing } from '../part.js';
import { store } from '../store.js';

/** What colleagues noted on an interaction and its contact. `@` names somebody, who follows it from then on. */
class Notes extends Part {
  static follows = /** @type {EventTarget[]} */ ([]);

  static properties = { item: {}, notes: { state: true }, words: { state: true }, people: { state: true }, at: { state: true }, editing: { state: true }, whole: { state: true } };

  constructor() {
    super();
    /** @type {any} */
    this.item = undefined;
    /** @type {any[]} */
    this.notes = [];
    /** What stands behind `@`. @type {string | undefined} */
    this.words = undefined;
    /** @type {any[]} */
    this.people = [];
    this.at = 0;
    this.editing = '';
    /** Whether a note is on the contact, and not on this interaction alone. */
    this.whole = false;
    this.of = '';
    this.heard = (/** @type {any} */ event) => {
      if (event.detail.event.kind === 'note-saved' && event.detail.event.data?.contact === this.item?.contact) void this.load();
    };
    this.goal = () => requestAnimationFrame(() => this.reveal());
  }

  connectedCallback() {
    super.connectedCallback();
    store.addEventListener('event', this.heard);
    store.addEventListener('goal', this.goal);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    store.removeEventListener('event', this.heard);
    store.removeEventListener('goal', this.goal);
  }

  willUpdate() {
    if (this.item.id === this.of) return;
    this.of = this.item.id;
    this.notes = [];
    this.people = [];
    this.words = undefined;
    void this.load();
  }

  async load() {
    const id = this.of;
    try {
      const page = await call('GET', `contacts/${this.item.contact}/notes?limit=50`);
      if (id === this.of) this.notes = page.items;
    } catch {
      const page = await store.attempt(() => call('GET', `interactions/${id}/notes?limit=50`));
      if (page && id === this.of) this.notes = page.items;
    }
    await this.updateComplete;
    this.goal();
  }

  /** Brings the note into view to which somebody was led. */
  reveal() {
    const note = [...this.querySelectorAll('.note')].find((one) => one instanceof HTMLElement && one.dataset.id === store.goal);
    if (!(note instanceof HTMLElement)) return;
    store.goal = '';
    const around = note.closest('details');
    if (around) around.open = true;
    note.focus({ preventScroll: true });
    note.scrollIntoView({ block: 'center' });
  }

  /** Who can be named: read when the first `@` is typed. */
  async know() {
    if (this.people.length) return;
    try {
      const targets = await call('GET', `interactions/${this.of}/transfer-targets`);
      this.people = targets.agents;
    } catch {
      // A name can be written all the same.
    }
  }

  get found() {
    if (this.words === undefined) return [];
    const words = this.words.toLowerCase();
    return this.people.filter((one) => one.agent.toLowerCase().includes(words) || (one.name || '').toLowerCase().includes(words)).slice(0, 6);
  }

  /** @param {InputEvent} event */
  typed(event) {
    const field = /** @type {HTMLTextAreaElement} */ (event.target);
    this.words = /(?:^|\s)@([\p{L}\p{N}._-]*)$/u.exec(field.value.slice(0, field.selectionStart))?.[1];
    this.at = 0;
    if (this.words !== undefined) void this.know();
  }

  /** @param {KeyboardEvent} event */
  pressed(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const { found } = this;
    if (!found.length) return;
    if (step) this.at = (this.at + step + found.length) % found.length;
    else if (event.key === 'Enter' || event.key === 'Tab') this.name(found[this.at].agent);
    else if (event.key === 'Escape') this.words = undefined;
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {string} agent */
  name(agent) {
    const field = /** @type {HTMLTextAreaElement} */ (this.querySelector('textarea[name=text]'));
    const end = field.selectionStart;
    const start = end - (this.words || '').length;
    field.setRangeText(`${agent} `, start, end, 'end');
    this.words = undefined;
    field.focus();
  }

  /** @param {SubmitEvent} event */
  async write(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const text = new FormData(form).get('text');
    const path = this.whole ? `contacts/${this.item.contact}/notes` : `interactions/${this.of}/notes`;
    await store.attempt(() => call('POST', path, { text }));
    if (store.notice) return;
    form.reset();
    await this.load();
  }

  /** @param {any} note */
  place(note) {
    return `${note.interaction ? `interactions/${note.interaction}` : `contacts/${note.contact}`}/notes/${note.id}`;
  }

  /** @param {SubmitEvent} event @param {any} note */
  async change(event, note) {
    event.preventDefault();
    const text = new FormData(/** @type {HTMLFormElement} */ (event.target)).get('text');
    await store.attempt(() => call('PUT', this.place(note), { text }));
    if (store.notice) return;
    this.editing = '';
    await this.load();
  }

  /** @param {any} note */
  async erase(note) {
    await store.attempt(() => call('DELETE', this.place(note)));
    await this.load();
  }

  /** @param {any} note */
  note(note) {
    if (this.editing === note.id) {
      return html`<li><form class="stack" @submit=${(/** @type {SubmitEvent} */ event) => this.change(event, note)}>
        <textarea name="text" rows="3" dir="auto" aria-label=${t('contact.note')} .value=${note.text} required></textarea>
        <span class="buttons"><button>${t('message.save')}</button><button type="button" @click=${() => { this.editing = ''; }}>${t('app.cancel')}</button></span></form></li>`;
    }
    const own = note.author === store.me;
    const mentioned = (note.mentions || []).includes(store.me);
    return html`<li class=${mentioned ? 'note mentioned' : 'note'} data-id=${note.id} tabindex="-1"><p class="quiet">${note.author} · ${moment(note.written_at)}${note.edited_at ? ` · ${t('contact.changed')}` : nothing}</p>
      <p class="text" dir="auto">${note.text}</p>
      ${own ? html`<button class="tool" @click=${() => { this.editing = note.id; }}>${t('message.edit')}</button><button class="tool" @click=${() => this.erase(note)}>${t('message.delete')}</button>` : nothing}</li>`;
  }

  render() {
    const { found } = this;
    return html`<ul>${this.notes.filter((one) => one.text).map((one) => this.note(one))}</ul>
      <form class="stack" @submit=${this.write}><label>${t('contact.note')}<textarea name="text" rows="2" dir="auto" placeholder=${t('contact.note-hint')} required maxlength="4000"
          aria-autocomplete="list" aria-controls=${found.length ? 'lc-people' : nothing} aria-activedescendant=${found.length ? `lc-person-${this.at}` : nothing}
          @input=${this.typed} @keydown=${this.pressed}></textarea></label>
        ${found.length ? html`<ul class="responses" id="lc-people" role="listbox" aria-label=${t('contact.people')}>${found.map((one, at) => html`
          <li id=${`lc-person-${at}`} role="option" aria-selected=${at === this.at} @mousedown=${(/** @type {Event} */ event) => { event.preventDefault(); this.name(one.agent); }}>${one.name || one.agent} <span class="quiet">@${one.agent}</span></li>`)}</ul>` : nothing}
        <span class="buttons"><button>${t('contact.write')}</button>
          <label class="choice"><input type="checkbox" .checked=${this.whole} @change=${(/** @type {any} */ event) => { this.whole = event.target.checked; }}>${t('contact.note-whole')}</label></span></form>`;
  }
}
customElements.define('lc-notes', Notes);
