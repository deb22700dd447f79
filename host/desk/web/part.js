// What every component of the desk is: a Lit element whose content stands in the page itself, so that
// labels, focus and one style sheet reach across all of them.

import { LitElement } from './vendor/lit/lit-element.js';
import { repeat as lit } from './vendor/lit/directives/repeat.js';
import { store } from './store.js';

export { html, svg, nothing } from './vendor/lit/lit-html.js';

/**
 * A list whose rows keep their elements, and with them the focus, when others come and go.
 * @type {(items: any[], key: (item: any) => string, row: (item: any, at: number) => any) => any}
 */
export const repeat = lit;

export class Part extends LitElement {
  /** @returns {any} the element itself: Lit takes it in the place of a shadow root */
  createRenderRoot() {
    return this;
  }

  /** @returns {any} a template */
  render() {}

  /** Of what it shows something: it is drawn again when that changes. @type {EventTarget[]} */
  static follows = [store];

  get followed() {
    return /** @type {typeof Part} */ (this.constructor).follows;
  }

  connectedCallback() {
    super.connectedCallback();
    this.again = () => this.requestUpdate();
    for (const followed of this.followed) followed.addEventListener('change', this.again);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    for (const followed of this.followed) followed.removeEventListener('change', /** @type {() => void} */ (this.again));
  }
}

/** An element that shows how time passes. */
export class Ticking extends Part {
  connectedCallback() {
    super.connectedCallback();
    this.clock = setInterval(() => this.requestUpdate(), 1000);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.clock);
  }
}
