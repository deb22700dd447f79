import { t } from '../../i18n.js';
import { html, svg } from '../../part.js';

const DAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];

/** Minutes of a time of day, or nothing. @param {string | undefined} text */
function minutes(text) {
  const found = /^(\d{1,2}):(\d{2})$/.exec(text || '');
  return found ? Math.min(1440, Number(found[1]) * 60 + Number(found[2])) : undefined;
}

/** Opening hours as a picture of the week: the form says the same in words. @param {any} hours */
export function week(hours) {
  const spans = (hours.weekly || []).flatMap((/** @type {any} */ one) => {
    const [from, to] = [minutes(one.from), minutes(one.to)];
    return from === undefined || to === undefined || to <= from ? [] : (one.days || []).map((/** @type {string} */ day) => ({ at: DAYS.indexOf(day), from, to }));
  });
  return html`<figure class="week"><figcaption>${t('admin.week')}</figcaption>
    <svg viewBox="0 0 540 148" role="img" aria-label=${t('admin.week')}>${svg`
      ${[0, 6, 12, 18, 24].map((hour) => svg`<line x1=${60 + hour * 19.5} x2=${60 + hour * 19.5} y1="14" y2="146"></line><text x=${60 + hour * 19.5} y="10" text-anchor="middle">${hour}</text>`)}
      ${DAYS.map((day, at) => svg`<text x="0" y=${30 + at * 18}>${t(`admin.day.${day}`).slice(0, 9)}</text><rect class="weekday" x="60" y=${19 + at * 18} width="468" height="14" rx="2"></rect>`)}
      ${spans.map((/** @type {any} */ one) => svg`<rect class="open" x=${60 + (one.from / 60) * 19.5} y=${19 + one.at * 18} width=${((one.to - one.from) / 60) * 19.5} height="14" rx="2"></rect>`)}`}</svg></figure>`;
}
