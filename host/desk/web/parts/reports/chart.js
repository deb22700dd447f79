// Charts over a time, as pictures with words: the table beside them has the same in figures.

import { language } from '../../i18n.js';
import { Part, html, nothing, svg } from '../../part.js';

const HEIGHT = 96;
const HOUR = 3_600_000;
/** How much room the name of an hour has, and what is around the picture, in pixels. */
const NAME = 84;
const AROUND = 24;

/** @param {number} at */
export const clock = (at) => new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit' }).format(at);

/** The hours that are named, each with its line. @param {number} width @param {{at: number}[]} points */
function hours(width, points) {
  const step = width / points.length;
  const whole = points.map((one, at) => ({ at: one.at, left: at * step })).filter((one) => new Date(one.at).getMinutes() === 0);
  const every = [1, 2, 3, 4, 6, 8].find((count) => (points.at(-1)?.at || 0) - points[0].at <= count * (width / NAME) * HOUR) || 12;
  const named = whole.length ? whole.filter((one) => new Date(one.at).getHours() % every === 0) : [{ at: points[0].at, left: 0 }];
  // What would reach beyond the picture is left out.
  return svg`${named.map((one) => svg`<line x1=${one.left} x2=${one.left} y1="0" y2=${HEIGHT}></line>${one.left < width - NAME / 2 ? svg`<text x=${one.left} y=${HEIGHT + 13}>${clock(one.at)}</text>` : nothing}`)}`;
}

/**
 * @param {number} width @param {string} title @param {string} text the same in words @param {{how: string, name: string}[]} keys
 * @param {any} inner @param {string} top what the uppermost line is
 */
const figure = (width, title, text, keys, inner, top) => html`<figure class="day-chart"><figcaption>${title} <span class="quiet">${text}</span>
    ${keys.map(({ how, name }) => html`<span class="key ${how}">${name}</span>`)}</figcaption>
  <svg viewBox="0 0 ${width} ${HEIGHT + 16}" role="img" aria-label="${title}: ${text}">${inner}
    ${svg`<line x1="0" x2=${width} y1=${HEIGHT} y2=${HEIGHT}></line><text class="top" x="2" y="10">${top}</text>`}</svg></figure>`;

/**
 * What came, and what of it was answered in time and late.
 * @param {number} width in pixels
 * @param {{at: number, came: number, answered: number, target: number}[]} points
 * @param {{title: string, text: string, keys: {how: string, name: string}[], tell: (point: any) => string}} words
 */
export function bars(width, points, { title, text, keys, tell }) {
  const most = Math.max(4, ...points.map((one) => Math.max(one.came, one.answered)));
  const high = (/** @type {number} */ count) => (count / most) * HEIGHT;
  const step = width / points.length;
  // Between two there is a gap, as large as there is room for.
  const [outer, inner] = [Math.min(4, step / 8), Math.min(12, step / 3.2)];
  const bar = (/** @type {string} */ how, /** @type {number} */ left, /** @type {number} */ gap, /** @type {number} */ count) => svg`<rect class=${how} x=${left + gap} y=${HEIGHT - high(count)} width=${Math.max(1, step - 2 * gap)} height=${high(count)}></rect>`;
  return figure(width, title, text, keys, svg`${hours(width, points)}${points.map((one, at) => (one.came || one.answered ? svg`<g><title>${tell(one)}</title>
    ${bar('came', at * step, outer, one.came)}${bar('late', at * step, inner, one.answered)}${bar('answered', at * step, inner, one.target)}</g>` : nothing))}`, String(most));
}

/**
 * How values went; where there is none, the line has a gap.
 * @param {number} width in pixels
 * @param {{at: number}[]} points
 * @param {{how: string, name: string, of: (point: any) => number | undefined}[]} series
 * @param {{title: string, text: string, show: (value: number) => string}} words
 */
export function lines(width, points, series, { title, text, show }) {
  const values = points.flatMap((one) => series.map(({ of }) => of(one) || 0));
  const most = Math.max(1, ...values);
  const step = width / points.length;
  const place = (/** @type {number} */ at, /** @type {number} */ value) => [(at + 0.5) * step, HEIGHT - (value / most) * HEIGHT];
  const drawn = series.map(({ how, name, of }) => {
    let path = '';
    let open = false;
    const dots = points.map((one, at) => {
      const value = of(one);
      if (value === undefined) {
        open = false;
        return nothing;
      }
      const [left, top] = place(at, value);
      path += `${open ? 'L' : 'M'}${left.toFixed(1)} ${top.toFixed(1)}`;
      open = true;
      return svg`<circle class=${how} cx=${left} cy=${top} r="2.5"><title>${clock(one.at)}, ${name}: ${show(value)}</title></circle>`;
    });
    return svg`<path class=${how} d=${path}></path>${dots}`;
  });
  return figure(width, title, text, series, svg`${hours(width, points)}${drawn}`, show(most));
}

/** The place of a chart, which is drawn as wide as there is room. */
class Chart extends Part {
  static follows = /** @type {EventTarget[]} */ ([]);

  static properties = { draw: {}, width: { state: true } };

  constructor() {
    super();
    /** @type {(width: number) => any} */
    this.draw = () => nothing;
    this.width = 0;
    // What it draws changes its own height: that is seen after this look, and not within it.
    this.observer = new ResizeObserver(([seen]) => requestAnimationFrame(() => { this.width = Math.max(AROUND, Math.floor(seen.contentRect.width) - AROUND); }));
  }

  connectedCallback() {
    super.connectedCallback();
    this.observer.observe(this);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.observer.disconnect();
  }

  render() {
    return this.width ? this.draw(this.width) : nothing;
  }
}
customElements.define('lc-chart', Chart);
