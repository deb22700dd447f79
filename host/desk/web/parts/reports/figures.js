// What the hub counts in quarters of an hour, put together over time, queues and kinds of work.

/** What is added up. */
const COUNTS = ['offered', 'begun', 'offers', 'answered', 'answered_in_target', 'abandoned', 'short_abandoned', 'withdrawn', 'requeued', 'declined', 'rona', 'handled', 'parked',
  'transferred_in', 'transferred_out', 'taken_over', 'flowed_in', 'flowed_out', 'consults'];
/** What is a mean, each with what it is the mean of. */
const MEANS = { average_speed_of_answer_seconds: 'answered', average_handle_seconds: 'handled', average_interact_seconds: 'handled', average_hold_seconds: 'handled', average_wrap_up_seconds: 'handled' };

/**
 * Figures of several intervals as those of one.
 * @param {any[]} all
 * @returns {any} with `service_level` and means only where there is something to divide by, and `kept` by clock
 */
export function together(all) {
  /** @type {any} */
  const sum = {};
  for (const name of COUNTS) sum[name] = all.reduce((before, one) => before + (one[name] || 0), 0);
  for (const [mean, of] of Object.entries(MEANS)) {
    const seconds = all.reduce((before, one) => before + (one[mean] || 0) * (one[of] || 0), 0);
    if (sum[of]) sum[mean] = seconds / sum[of];
  }
  const due = sum.answered + sum.abandoned - sum.short_abandoned;
  if (due > 0) sum.service_level = sum.answered_in_target / due;
  /** @type {Record<string, {kept: number, broken: number}>} */
  sum.kept = {};
  for (const { clock, kept, broken } of all.flatMap((one) => one.service || [])) {
    const before = sum.kept[clock] || { kept: 0, broken: 0 };
    sum.kept[clock] = { kept: before.kept + kept, broken: before.broken + broken };
  }
  return sum;
}

/** In groups, each as one. @param {any[]} all @param {(one: any) => any} by @returns {any[]} */
export const grouped = (all, by) => [...Map.groupBy(all, by)].map(([key, some]) => ({ key, ...together(some) }));

/**
 * All pieces of a time in order, those too in which nothing happened.
 * @param {any[]} all @param {number} from @param {number} to @param {number} step all in milliseconds
 * @returns {any[]} each with `at`
 */
export function pieces(all, from, to, step) {
  const begin = Math.floor(from / step) * step;
  const by = Map.groupBy(all, (one) => Math.floor(Date.parse(one.start) / step) * step);
  return Array.from({ length: Math.max(1, Math.ceil((to - begin) / step)) }, (_, number) => {
    const at = begin + number * step;
    return { key: at, at, ...together(by.get(at) || []) };
  });
}

/** A field of a table, so that programs for tables take it as what it is. @param {unknown} value */
function field(value) {
  if (value === undefined || value === null) return '';
  if (typeof value === 'number') return String(Math.round(value * 10_000) / 10_000);
  const text = String(value);
  // What begins so would be a formula there.
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A table as RFC 4180 has it, marked as UTF-8. @param {unknown[][]} lines */
export const csv = (lines) => `\ufeff${lines.map((line) => line.map(field).join(',')).join('\r\n')}\r\n`;
