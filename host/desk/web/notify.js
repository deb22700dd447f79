// How somebody who looks elsewhere hears that work has come: the page's title always; a sound and the
// system's notifications by choice, which this browser remembers.

import { t } from './i18n.js';
import { store } from './store.js';

const SOUND = 'linecard-sound';
const NOTICES = 'linecard-notices';
const NAME = document.title;
let base = NAME;

/** What the page's title says beside the program's name. @param {string} area */
export function entitle(area) {
  base = area ? `${area} – ${NAME}` : NAME;
  look();
}

/** @type {AudioContext | undefined} */
let audio;

export const choices = {
  get sound() { return localStorage.getItem(SOUND) === 'yes'; },
  set sound(on) {
    localStorage.setItem(SOUND, on ? 'yes' : 'no');
    if (on) ring();
  },
  get notices() { return localStorage.getItem(NOTICES) === 'yes' && 'Notification' in window && Notification.permission === 'granted'; },
};

/** Asks the browser whether the desk may show notifications. @param {boolean} on */
export async function allowNotices(on) {
  const granted = on && 'Notification' in window && await Notification.requestPermission() === 'granted';
  localStorage.setItem(NOTICES, granted ? 'yes' : 'no');
  return granted;
}

/** Two short notes, made here: there is no file to fetch. */
function ring() {
  try {
    audio ||= new AudioContext();
    const from = audio.currentTime;
    for (const [at, pitch] of [[0, 660], [0.16, 880]]) {
      const tone = audio.createOscillator();
      const loud = audio.createGain();
      tone.frequency.value = pitch;
      loud.gain.setValueAtTime(0.0001, from + at);
      loud.gain.exponentialRampToValueAtTime(0.2, from + at + 0.02);
      loud.gain.exponentialRampToValueAtTime(0.0001, from + at + 0.14);
      tone.connect(loud).connect(audio.destination);
      tone.start(from + at);
      tone.stop(from + at + 0.15);
    }
  } catch {
    // A browser without sound still has the title and the list.
  }
}

/** @type {Set<string>} */
let rang = new Set();
/** @type {Map<string, number>} */
let read = new Map();
/** The mentions that were told. @type {Set<string>} */
let named = new Set();

/** @param {any} item */
export const nameOf = (item) => item.customer?.display_name || item.customer?.handle || t('contact.unknown');

/** @param {string | undefined} id the interaction to which it leads @param {string} text @param {string} tag */
function show(id, text, tag) {
  if (!choices.notices || !document.hidden) return;
  const notice = new Notification(text, { tag, icon: new URL('icon.svg', document.baseURI).href });
  notice.onclick = () => {
    window.focus();
    if (id) location.hash = `#/interactions/${id}`;
    notice.close();
  };
}

/** What is new since the last look. */
function look() {
  const { offers, mine } = store;
  const unread = mine.reduce((sum, item) => sum + (item.unread || 0), 0);
  const count = offers.length + unread + store.mentions.length;
  const title = store.session && count ? `(${count}) ${base}` : base;
  if (document.title !== title) document.title = title;
  const ids = new Set(offers.map((item) => store.offer(item).id));
  const first = offers.find((item) => !rang.has(store.offer(item).id));
  let heard = false;
  if (first) {
    heard = true;
    show(first.id, t('notify.offer', { name: nameOf(first) }), `offer-${store.offer(first).id}`);
  }
  for (const item of mine) {
    const before = read.get(item.id);
    if (before === undefined || (item.unread || 0) <= before) continue;
    heard ||= document.hidden;
    show(item.id, t('notify.message', { name: nameOf(item) }), `message-${item.id}`);
  }
  const mention = store.mentions.find((one) => !named.has(one.id));
  if (mention) {
    heard = true;
    show(mention.interaction, t('notify.mention', { author: mention.author }), `note-${mention.id}`);
  }
  named = new Set(store.mentions.map((one) => one.id));
  rang = ids;
  read = new Map(mine.map((item) => [item.id, item.unread || 0]));
  if (heard && choices.sound) ring();
}

let due = false;
store.addEventListener('change', () => {
  if (due) return;
  due = true;
  // Much may change at once: it is looked at once.
  setTimeout(() => { due = false; look(); }, 100);
});
