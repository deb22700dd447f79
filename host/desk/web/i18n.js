// Words and formats. A language is two files in `messages/`: what an agent's own view says, and what the other
// areas say, which is fetched with them. Another language is added by adding both, and its name below.

/** The languages, each by its own name. A line here and the two files make another one. @type {Record<string, string>} */
export const LANGUAGES = { en: 'English', de: 'Deutsch' };
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
  const found = wanted.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => tag in LANGUAGES);
  language = found || 'en';
  document.documentElement.lang = language;
  messages = await file(language);
  // What a language lacks is said in English; nothing waits for that.
  if (language !== 'en') file('en').then((words) => { fallback = { ...fallback, ...words }; }, () => {});
}

/** Loads the words of the other areas, once. */
export function loadAreas() {
  areas ??= (async () => {
    const [own, other] = await Promise.all([file(`areas.${language}`), language === 'en' ? {} : file('areas.en')]);
    messages = { ...messages, ...own };
    fallback = { ...fallback, ...other };
  })();
  // What could not be fetched is tried again the next time.
  areas.catch(() => { areas = undefined; });
  return areas;
}

/** @param {string} name @returns {Promise<Record<string, string>>} */
const file = async (name) => (await fetch(new URL(`messages/${name}.json`, import.meta.url))).json();

/** The languages that are not chosen, each with its name. */
export const others = () => Object.entries(LANGUAGES).filter(([name]) => name !== language);

/** @param {string} name */
export function choose(name) {
  localStorage.setItem(CHOSEN, name);
  location.reload();
}

/** Characters that can turn the direction of what follows them. */
const TURNS = /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufefc]/;

/** A number as the language writes it; what somebody else wrote so that it turns nothing but itself. @param {unknown} value */
function apart(value) {
  if (typeof value === 'number') return number(value);
  const text = String(value);
  return TURNS.test(text) ? `\u2068${text}\u2069` : text;
}

/** A text, with `{name}` replaced, in the form that the number `count` asks for: `key.one` beside `key`. @param {string} key @param {Record<string, string | number>} [values] */
export function t(key, values = {}) {
  const { count } = values;
  const form = typeof count === 'number' ? messages[`${key}.${format('plural', () => new Intl.PluralRules(language)).select(count)}`] : undefined;
  const text = form ?? messages[key] ?? fallback[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => apart(values[name] ?? whole));
}

/** A word that the hub uses, such as a state: as it stands if nobody translated it. @param {string} group @param {string} word */
export function word(group, word) {
  return messages[`${group}.${word}`] ?? fallback[`${group}.${word}`] ?? word;
}

/** Making a format takes long beside using it. @type {Map<string, any>} */
const formats = new Map();

/** @template T @param {string} key @param {() => T} make @returns {T} */
function format(key, make) {
  if (!formats.has(key)) formats.set(key, make());
  return formats.get(key);
}

/** @param {string} key @param {Intl.DateTimeFormatOptions} options */
const dates = (key, options) => format(key, () => new Intl.DateTimeFormat(language, options));

/** @param {string} at */
export const time = (at) => dates('time', { hour: '2-digit', minute: '2-digit' }).format(new Date(at));
/** @param {string} at */
export const moment = (at) => dates('moment', { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(at));
/** @param {string} at */
export const day = (at) => dates('day', { dateStyle: 'medium' }).format(new Date(at));
/** @param {string} at */
export const weekday = (at) => dates('weekday', { weekday: 'long', day: 'numeric', month: 'long' }).format(new Date(at));

/** @param {number} value @param {Intl.NumberFormatOptions} [options] */
export const number = (value, options) => format(`number ${JSON.stringify(options)}`, () => new Intl.NumberFormat(language, options)).format(value);

/** A share, or that there is none. @param {number | undefined} share */
export const percent = (share) => (share === undefined ? '–' : number(share, { style: 'percent' }));

/** How large a file is. @param {number} size */
export function bytes(size) {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];
  const at = Math.min(units.length - 1, Math.floor(Math.log(Math.max(size, 1)) / Math.log(1000)));
  return number(size / 1000 ** at, { style: 'unit', unit: units[at], unitDisplay: 'short', maximumFractionDigits: at ? 1 : 0 });
}

/** How long something lasts, in its two largest units. @param {number} ms */
export function lasting(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const show = (/** @type {number} */ value, /** @type {string} */ unit) => number(value, { style: 'unit', unit, unitDisplay: 'narrow' });
  if (seconds < 60) return show(seconds, 'second');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return show(minutes, 'minute');
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${show(hours, 'hour')} ${show(minutes % 60, 'minute')}`;
  return `${show(Math.floor(hours / 24), 'day')} ${show(hours % 24, 'hour')}`;
}
