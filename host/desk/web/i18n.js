// Words and formats. A language is two files in `messages/`: what an agent's own view says, and what the other
// areas say, which is fetched with them. Another language is added by adding both.

const LANGUAGES = ['en', 'de'];
/** @type {Record<string, string>} */
let messages = {};
/** @type {Record<string, string>} */
let fallback = {};
export let language = 'en';

/** @type {Promise<void> | undefined} */
let areas;
const CHOSEN = 'linecard-language';

/** Loads the words of the language that was chosen, or that the browser prefers. */
export async function load() {
  const wanted = [localStorage.getItem(CHOSEN) || '', ...navigator.languages];
  const found = wanted.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => LANGUAGES.includes(tag));
  language = found || 'en';
  document.documentElement.lang = language;
  fallback = await file('en');
  messages = language === 'en' ? fallback : await file(language);
}

/** Loads the words of the other areas, once. */
export function loadAreas() {
  areas ??= (async () => {
    const [own, other] = await Promise.all([file(`areas.${language}`), language === 'en' ? {} : file('areas.en')]);
    messages = { ...messages, ...own };
    fallback = { ...other, ...fallback };
  })();
  // What could not be fetched is tried again the next time.
  areas.catch(() => { areas = undefined; });
  return areas;
}

/** @param {string} name @returns {Promise<Record<string, string>>} */
const file = async (name) => (await fetch(new URL(`messages/${name}.json`, import.meta.url))).json();

/** @param {string} name */
export function choose(name) {
  localStorage.setItem(CHOSEN, name);
  location.reload();
}

/** A text, with `{name}` replaced. @param {string} key @param {Record<string, string | number>} [values] */
export function t(key, values = {}) {
  const text = messages[key] ?? fallback[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** A word that the hub uses, such as a state: as it stands if nobody translated it. @param {string} group @param {string} word */
export function word(group, word) {
  return messages[`${group}.${word}`] ?? fallback[`${group}.${word}`] ?? word;
}

/** @param {string} at */
export const time = (at) => new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit' }).format(new Date(at));
/** @param {string} at */
export const moment = (at) => new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(at));

/** How long something lasts, in its two largest units. @param {number} ms */
export function lasting(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const show = (/** @type {number} */ value, /** @type {string} */ unit) =>
    new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'narrow' }).format(value);
  if (seconds < 60) return show(seconds, 'second');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return show(minutes, 'minute');
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${show(hours, 'hour')} ${show(minutes % 60, 'minute')}`;
  return `${show(Math.floor(hours / 24), 'day')} ${show(hours % 24, 'hour')}`;
}
