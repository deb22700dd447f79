// What was typed and is not with the hub yet. It outlives a reload, a crash of the page and the end of a session,
// in this tab alone.

import { store } from '../store.js';

const PREFIX = 'linecard-unsent-';
/** The words of one person are not shown to the next. @param {string} id */
const place = (id) => `${PREFIX}${store.me}-${id}`;

export const unsent = {
  /** @param {string} id @returns {any} a draft, as the API has it */
  read(id) {
    try {
      return JSON.parse(sessionStorage.getItem(place(id)) || 'null');
    } catch {
      return null;
    }
  },

  /** @param {string} id @param {unknown} draft */
  write(id, draft) {
    try {
      sessionStorage.setItem(place(id), JSON.stringify(draft));
    } catch {
      // The browser keeps nothing: the hub has it in a moment.
    }
  },

  /** @param {string} id */
  forget(id) {
    sessionStorage.removeItem(place(id));
  },
};

/** Somebody leaves: nothing of theirs stays. */
export function forgetAll() {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
}
