import { t } from '../../i18n.js';
import { Part, html, nothing } from '../../part.js';
import { csv } from './figures.js';

/**
 * A column: what a row has in it, how that is shown, and whether it is left out until all columns are wanted.
 * @typedef {{id: string, label: string, of: (row: any) => any, show?: (value: any, row: any) => unknown, text?: boolean, more?: boolean}} Column
 */

/** Figures in rows, ordered by any of their columns, to be taken along as a file. */
class Figures extends Part {
  static follows = /** @type {EventTarget[]} */ ([]);

  static properties = { columns: {}, rows: {}, total: {}, name: {}, caption: {}, by: { state: true }, down: { state: true }, whole: { state: true } };

  constructor() {
    super();
    /** @type {Column[]} */
    this.columns = [];
    /** @type {any[]} */
    this.rows = [];
    /** What they are together, if that is anything. @type {any} */
    this.total = undefined;
    /** What the file is called. */
    this.name = '';
    this.caption = '';
    /** By what they are ordered; nothing: as they come. */
    this.by = '';
    this.down = false;
    /** Whether all columns are shown. */
    this.whole = false;
  }

  get sorted() {
    const column = this.columns.find((one) => one.id === this.by);
    if (!column) return this.rows;
    const way = this.down ? -1 : 1;
    // What has no value stands at the end, whichever way.
    return this.rows.toSorted((one, other) => {
      const [a, b] = [column.of(one), column.of(other)];
      if (a === undefined || b === undefined) return (a === undefined ? 1 : 0) - (b === undefined ? 1 : 0);
      return way * (typeof a === 'string' ? a.localeCompare(b) : a - b);
    });
  }

  /** @param {Column} column */
  sort(column) {
    // Of figures the largest are looked for, of names the first.
    if (this.by === column.id) this.down = !this.down;
    else [this.by, this.down] = [column.id, !column.text];
  }

  save() {
    const lines = [this.columns.map((one) => one.label), ...this.sorted.map((row) => this.columns.map((one) => one.of(row)))];
    const url = URL.createObjectURL(new Blob([csv(lines)], { type: 'text/csv;charset=utf-8' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = `${this.name}.csv`;
    link.click();
    // Once the browser has it.
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }

  /** @param {Column} column @param {any} row @param {boolean} first */
  cell(column, row, first) {
    const value = column.of(row);
    const shown = value === undefined ? '–' : column.show ? column.show(value, row) : value;
    return first ? html`<th scope="row">${shown}</th>` : html`<td class=${column.text ? '' : 'n'}>${shown}</td>`;
  }

  render() {
    const columns = this.columns.filter((one) => this.whole || !one.more);
    const more = this.columns.some((one) => one.more);
    return html`<header><h2 id="figures-title">${this.caption}</h2><span class="grow"></span>
        ${more ? html`<label class="check"><input type="checkbox" .checked=${this.whole} @change=${(/** @type {any} */ event) => { this.whole = event.target.checked; }}> ${t('reports.all-columns')}</label>` : nothing}
        <button ?disabled=${!this.rows.length} @click=${() => this.save()}>${t('reports.save')}</button></header>
      ${this.rows.length ? html`<div class="scroll" tabindex="0" role="group" aria-labelledby="figures-title"><table>
        <thead><tr>${columns.map((one) => html`<th scope="col" class=${one.text ? '' : 'n'} aria-sort=${one.id === this.by ? (this.down ? 'descending' : 'ascending') : nothing}>
          <button class="plain sort" @click=${() => this.sort(one)}>${one.label}<span aria-hidden="true">${one.id === this.by ? (this.down ? ' ↓' : ' ↑') : ''}</span></button></th>`)}</tr></thead>
        <tbody>${this.sorted.map((row) => html`<tr>${columns.map((one, at) => this.cell(one, row, !at))}</tr>`)}</tbody>
        ${this.total && this.rows.length > 1 ? html`<tfoot><tr><th scope="row">${t('reports.together')}</th>${columns.slice(1).map((one) => (one.text ? html`<td></td>` : this.cell(one, this.total, false)))}</tr></tfoot>` : nothing}
      </table></div>` : html`<p class="empty">${t('reports.nothing')}</p>`}`;
  }
}
customElements.define('lc-figures', Figures);
