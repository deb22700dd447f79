import { call } from '../api.js';
import { day, t, word } from '../i18n.js';
import { Part, html, nothing } from '../part.js';

/** What else there was with a contact, on all channels: an older conversation is opened to be read. */
class History extends Part {
  static follows = /** @type {EventTarget[]} */ ([]);

  static properties = { contact: {}, open: {}, journey: { state: true }, items: { state: true }, next: { state: true }, problem: { state: true } };

  constructor() {
    super();
    this.contact = '';
    this.open = '';
    /** @type {any} */
    this.journey = undefined;
    /** @type {any[]} */
    this.items = [];
    /** @type {string | undefined} */
    this.next = undefined;
    this.problem = '';
    this.of = '';
  }

  willUpdate() {
    const of = `${this.contact} ${this.open}`;
    if (of === this.of) return;
    this.of = of;
    void this.load();
  }

  /** @param {string} [after] */
  async load(after) {
    const { of, contact } = this;
    const page = (/** @type {string} */ state, /** @type {string | undefined} */ from) => call('GET', `interactions?contact=${contact}&state=${state}&limit=20${from ? `&after=${encodeURIComponent(from)}` : ''}`);
    try {
      if (after) {
        const more = await page('ended', after);
        if (of !== this.of) return;
        this.items = [...this.items, ...more.items];
        this.next = more.next;
        return;
      }
      const [journey, open, ended] = await Promise.all([call('GET', `contacts/${contact}/journey`), page('open', undefined), page('ended', undefined)]);
      if (of !== this.of) return;
      this.journey = journey;
      this.items = [...open.items, ...ended.items];
      this.next = ended.next;
      this.problem = '';
    } catch (error) {
      if (of === this.of) this.problem = error instanceof Error ? error.message : String(error);
    }
  }

  render() {
    if (this.problem) return html`<p class="problem" role="alert">${this.problem}</p>`;
    const { journey } = this;
    if (!journey) return html`<p class="quiet" role="status">${t('app.loading')}</p>`;
    const others = this.items.filter((one) => one.id !== this.open);
    return html`<ul class="facts-list">${journey.channels.map((/** @type {any} */ one) => html`<li><i class="net ${one.network || ''}"></i>${word('network', one.network || one.channel)}
        <span class="quiet">${t('history.counts', { in: one.inbound_count, out: one.outbound_count })} · ${day(one.last_at)}</span></li>`)}</ul>
      ${others.length ? html`<ul class="earlier">${others.map((one) => html`<li><a href="#/interactions/${one.id}"><span class="line"><i class="net ${one.network || ''}"></i>${day(one.created_at)} · ${one.state === 'ended' ? one.disposition || t('history.ended') : word('state', one.state)}</span>
        <span class="line quiet" dir="auto">${one.last_message?.text || nothing}</span></a></li>`)}</ul>` : html`<p class="quiet">${t('history.none')}</p>`}
      ${this.next ? html`<button class="small" @click=${() => this.load(this.next)}>${t('history.more')}</button>` : nothing}`;
  }
}
customElements.define('lc-history', History);
