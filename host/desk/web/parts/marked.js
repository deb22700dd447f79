import { html } from '../part.js';

/** How much is shown before the first place that was found, in characters, and of all of it. */
const BEFORE = 120;
const ALL = 600;

/**
 * A text with what was found in it marked; of a long one the part around it. The hub counts characters, not the
 * halves of which JavaScript makes some.
 * @param {string} text @param {{start: number, end: number}[]} marks @returns {unknown[]}
 */
export function marked(text, marks) {
  const characters = [...text];
  const first = marks[0]?.start || 0;
  const from = characters.length > ALL ? Math.max(0, Math.min(first - BEFORE, characters.length - ALL)) : 0;
  const to = Math.min(characters.length, from + ALL);
  const cut = (/** @type {number} */ start, /** @type {number} */ end) => characters.slice(start, end).join('');
  /** @type {unknown[]} */
  const parts = [from > 0 ? '…' : ''];
  let at = from;
  for (const { start, end } of marks) {
    if (start < at || end > to) continue;
    parts.push(cut(at, start), html`<mark>${cut(start, end)}</mark>`);
    at = end;
  }
  parts.push(cut(at, to), to < characters.length ? '…' : '');
  return parts;
}
