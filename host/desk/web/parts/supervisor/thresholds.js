// From when a figure is a warning or bad. They are this browser's own: each wall and each supervisor has theirs.

const KEPT = 'linecard-thresholds';

/** @typedef {{warn: number, bad: number}} Bound */

/** `service` counts down: it is bad below. Times are in seconds, the service level in percent. */
const DEFAULTS = {
  waiting: { warn: 5, bad: 20 },
  longest: { warn: 60, bad: 300 },
  service: { warn: 80, bad: 60 },
  notify: false,
  sound: false,
};

/** @returns {typeof DEFAULTS} */
export function thresholds() {
  try {
    return { ...DEFAULTS, ...JSON.parse(localStorage.getItem(KEPT) || '{}') };
  } catch {
    return DEFAULTS;
  }
}

/** @param {typeof DEFAULTS} values */
export const keep = (values) => localStorage.setItem(KEPT, JSON.stringify(values));

/**
 * What a figure is: nothing, `warn` or `bad`.
 * @param {'waiting' | 'longest' | 'service'} name
 * @param {number | undefined} value the service level as a share
 */
export function grade(name, value) {
  if (value === undefined) return '';
  const { warn, bad } = thresholds()[name];
  if (name === 'service') return value * 100 < bad ? 'bad' : value * 100 < warn ? 'warn' : '';
  return value >= bad ? 'bad' : value >= warn ? 'warn' : '';
}

/** A short tone, made here: there is no file of it. */
export function tone() {
  const context = new AudioContext();
  const swing = context.createOscillator();
  const loud = context.createGain();
  swing.frequency.value = 660;
  loud.gain.setValueAtTime(0.15, context.currentTime);
  loud.gain.exponentialRampToValueAtTime(0.001, context.currentTime + 0.4);
  swing.connect(loud).connect(context.destination);
  swing.start();
  swing.stop(context.currentTime + 0.4);
  swing.onended = () => context.close();
}

/** Tells of what has become bad since the last look. */
export class Watch {
  constructor() {
    /** @type {Set<string>} */
    this.bad = new Set();
  }

  /** @param {Map<string, string>} now each bad figure's key, with what is said of it @returns {string[]} what is new */
  look(now) {
    const fresh = [...now].filter(([key]) => !this.bad.has(key)).map(([, text]) => text);
    this.bad = new Set(now.keys());
    const { notify, sound } = thresholds();
    if (fresh.length && sound) tone();
    if (fresh.length && notify && 'Notification' in window && Notification.permission === 'granted') {
      new Notification('Linecard', { body: fresh.join('\n'), tag: 'linecard-thresholds' });
    }
    return fresh;
  }
}
