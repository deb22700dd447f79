// What networks take of cards and lists. A plug-in tells the kinds alone, so the numbers that the networks publish
// stand here. The plug-in counts again before it sends: this is so that nobody writes what cannot be sent.

import { count } from '../../count.js';
import { t } from '../../i18n.js';

/**
 * `text` is how long the text beside it may be, and `asks` the kinds that need one; `either`: links or answers, not
 * both; `more`: a card needs something beside its title; `some`: a card needs a button.
 * @typedef {{text?: number, asks?: string[], choice?: number, cards?: number, title?: number, description?: number, body?: number, buttons?: number, button?: number,
 *   links?: number, either?: boolean, more?: boolean, some?: boolean, rows?: number, row?: number, about?: number, section?: number}} Limits
 */

/** @type {Limits} */
const META = { choice: 20, cards: 10, title: 80, description: 80, buttons: 3, button: 20, more: true };
/** @type {Record<string, Limits>} */
const NETWORKS = {
  messenger: META,
  instagram: META,
  whatsapp: {
    text: 1024, asks: ['quick-replies', 'list', 'location-request'], choice: 20, body: 1024, buttons: 3, button: 20, links: 1, either: true, some: true,
    rows: 10, row: 24, about: 72, section: 24,
  },
};

/** @param {string} network @returns {Limits} */
export const limitsOf = (network) => NETWORKS[network] || {};

export const length = (/** @type {string | undefined} */ text) => count(text || '', 'code_points');

/** The kinds that there is a form for, of those that an action takes, the simplest first. @param {any} limits @returns {string[]} */
export const kindsOf = (limits) => ['card', 'carousel', 'list', 'location-request'].filter((kind) => limits?.structured?.includes(kind));

/** @param {any} card */
const emptyCard = (card) => !card.title && !card.description && !card.image_url && !card.actions?.length;

/** Whether nothing was written yet. @param {any} structured */
export function isBlank(structured) {
  const { kind, content } = structured;
  if (kind === 'card') return emptyCard(content);
  if (kind === 'carousel') return content.cards.every(emptyCard);
  if (kind === 'list') return content.sections.every((/** @type {any} */ one) => !one.title && one.rows.every((/** @type {any} */ row) => !row.title && !row.description));
  return false;
}

/** @param {string} url */
const leads = (url) => URL.canParse(url) && /^https?:/i.test(url);

/**
 * What is wrong with it, each with the place of its field; `missing`: it is not there yet.
 * @typedef {{at: string, text: string, missing?: boolean}} Fault
 */

/** Gathers what is wrong. */
class Check {
  /** @param {Limits} limits */
  constructor(limits) {
    this.limits = limits;
    /** @type {Fault[]} */
    this.faults = [];
  }

  /** @param {string} at @param {string} text @param {boolean} [missing] */
  add(at, text, missing) {
    this.faults.push({ at, text, missing });
  }

  /** A text that must be there, or may be, and may be so long. @param {string} at @param {string} what @param {string | undefined} text @param {number | undefined} max @param {boolean} [must] */
  text(at, what, text, max, must) {
    if (must && !text?.trim()) this.add(at, t('compose.missing', { what }), true);
    else if (max && length(text) > max) this.add(at, t('compose.too-long', { what, used: length(text), max }));
  }

  /** @param {string} at @param {string | undefined} url @param {boolean} [must] */
  url(at, url, must) {
    const what = t('compose.url');
    if (!url) {
      if (must) this.add(at, t('compose.missing', { what }), true);
    } else if (!leads(url)) {
      this.add(at, t('compose.no-url'));
    }
  }

  /** @param {any} card @param {string} at */
  card(card, at) {
    const { limits } = this;
    const actions = card.actions || [];
    this.text(`${at}title`, t('compose.title'), card.title, limits.title, true);
    this.text(`${at}description`, t('compose.description'), card.description, limits.description);
    this.url(`${at}image_url`, card.image_url);
    // WhatsApp has one text for both, and writes the title in bold.
    if (limits.body && length(card.title) + length(card.description) + 3 > limits.body) this.add(`${at}description`, t('compose.too-long', { what: t('structured.card'), used: length(card.title) + length(card.description) + 3, max: limits.body }));
    if (limits.buttons && actions.length > limits.buttons) this.add(`${at}actions`, t('compose.too-many', { what: t('compose.buttons'), max: limits.buttons }));
    const links = actions.filter((/** @type {any} */ one) => one.type === 'link').length;
    if (limits.either && links && (links < actions.length || links > (limits.links || links))) this.add(`${at}actions`, t('compose.either'));
    if (limits.some && !actions.length) this.add(`${at}actions`, t('compose.some'), true);
    if (limits.more && card.title && !card.description && !card.image_url && !actions.length) this.add(`${at}description`, t('compose.more'), true);
    actions.forEach((/** @type {any} */ one, /** @type {number} */ number) => {
      this.text(`${at}actions/${number}/text`, t('compose.button-text'), one.text, limits.button, true);
      if (one.type === 'link') this.url(`${at}actions/${number}/url`, one.url, true);
    });
  }

  /** @param {any} list */
  list(list) {
    const { limits } = this;
    const rows = list.sections.flatMap((/** @type {any} */ one) => one.rows);
    this.text('button', t('compose.opens'), list.button, limits.button, true);
    if (limits.rows && rows.length > limits.rows) this.add('sections', t('compose.too-many', { what: t('compose.rows'), max: limits.rows }));
    /** @type {Set<string>} */
    const known = new Set();
    list.sections.forEach((/** @type {any} */ one, /** @type {number} */ number) => {
      const at = `sections/${number}/`;
      this.text(`${at}title`, t('compose.section'), one.title, limits.section, list.sections.length > 1);
      if (!one.rows.length) this.add(`${at}rows`, t('compose.no-rows'), true);
      one.rows.forEach((/** @type {any} */ row, /** @type {number} */ index) => {
        this.text(`${at}rows/${index}/title`, t('compose.row'), row.title, limits.row, true);
        this.text(`${at}rows/${index}/description`, t('compose.about'), row.description, limits.about);
        // What was chosen is known by its words.
        if (row.title && known.has(row.title)) this.add(`${at}rows/${index}/title`, t('compose.twice', { name: row.title }));
        known.add(row.title);
      });
    });
  }
}

/**
 * @param {any} structured
 * @param {string} network
 * @param {any} allowed the action's limits, as the hub tells them
 * @param {string} text what stands beside it
 * @param {boolean} files whether files go with it
 * @returns {Fault[]}
 */
export function faultsOf(structured, network, allowed, text, files) {
  const { kind, content } = structured;
  const check = new Check(limitsOf(network));
  const { limits } = check;
  if (!allowed?.structured?.includes(kind)) check.add('', t('compose.unfit'));
  const asks = limits.asks ? limits.asks.includes(kind) : kind === 'quick-replies' && !files;
  if (asks && !text.trim()) check.add('text', t('compose.text-missing'), true);
  else if (asks && limits.text && length(text) > limits.text) check.add('text', t('compose.too-long', { what: t('composer.label'), used: length(text), max: limits.text }));
  if (kind === 'card') check.card(content, '');
  else if (kind === 'list') check.list(content);
  else if (kind === 'carousel') {
    if (limits.cards && content.cards.length > limits.cards) check.add('cards', t('compose.too-many', { what: t('structured.carousel'), max: limits.cards }));
    content.cards.forEach((/** @type {any} */ card, /** @type {number} */ number) => check.card(card, `cards/${number}/`));
  } else if (kind === 'quick-replies') {
    for (const { text: choice } of content.options) {
      check.text('', `“${choice}”`, choice, limits.choice);
      const behind = allowed?.quick_reply_payload;
      if (behind && count(choice, behind.unit) > behind.max) check.add('', t('compose.too-long-behind', { name: choice, used: count(choice, behind.unit), max: behind.max }));
    }
  }
  return check.faults;
}
