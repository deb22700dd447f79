// One event stream for all tabs of a browser: the tab that holds the lock reads it and tells the others.
// When it goes, another one goes on from the last event that it has seen.

import { base, headers, signedOut } from './api.js';

const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;
/** The hub says something at least every 15 s: after so long the way to it is cut, though nobody closed it. */
const SILENCE = 40_000;
/**
 * An answer begins at once, also where nothing has happened. A browser keeps some connections to use again: where the
 * way was cut unheard none of them answers any more, and each is given up soon. A hub that is slow is given longer.
 */
const OPENING = 4_000;
const KEPT = 6;
const OPENING_LATER = 20_000;

export class Stream {
  /**
   * @param {string} person whose stream it is
   * @param {(event: any) => void} onEvent
   * @param {(state: 'online' | 'offline' | 'stale') => void} onState `stale`: what is shown must be read anew
   */
  constructor(person, onEvent, onState) {
    this.onEvent = onEvent;
    this.onState = onState;
    this.seq = 0;
    this.channel = new BroadcastChannel(`linecard-${person}`);
    this.channel.onmessage = ({ data }) => {
      if (data.event) this.take(data.event);
      if (data.state) this.onState(data.state);
    };
    this.end = new AbortController();
  }

  /** @param {number} seq the events after which are wanted */
  start(seq) {
    this.seq = seq;
    // Without a secure context there are no locks: then each tab reads its own stream.
    if (!navigator.locks) return void this.read();
    const name = this.channel.name;
    navigator.locks.request(name, { signal: this.end.signal }, () => this.read()).catch(() => {});
  }

  stop() {
    this.end.abort();
    this.channel.close();
  }

  /** @param {any} event */
  take(event) {
    if (event.seq) {
      if (event.seq <= this.seq) return;
      this.seq = event.seq;
    }
    this.onEvent(event);
  }

  /** @param {'online' | 'offline' | 'stale'} state */
  tell(state) {
    this.onState(state);
    if (!this.end.signal.aborted && navigator.locks) this.channel.postMessage({ state });
  }

  async read() {
    let wait = FIRST_WAIT;
    let tried = 0;
    while (!this.end.signal.aborted) {
      let took = Date.now();
      tried += 1;
      try {
        await this.once(tried > KEPT ? OPENING_LATER : OPENING, () => {
          wait = FIRST_WAIT;
          tried = 0;
          took = Infinity;
        });
      } catch {
        // Told below: it does not matter why there is no stream.
      }
      if (this.end.signal.aborted) return;
      this.tell('offline');
      // What an attempt has taken was waited already.
      await this.pause(wait * (0.5 + Math.random()) - Math.max(0, Date.now() - took));
      wait = Math.min(wait * 2, LONGEST_WAIT);
    }
  }

  /** Waits, but no longer than the machine is without a network. @param {number} ms */
  async pause(ms) {
    const over = new AbortController();
    await new Promise((done) => {
      setTimeout(done, ms);
      addEventListener('online', done, { signal: over.signal });
    });
    over.abort();
  }

  /** @param {number} opening how long the answer may take to begin @param {() => void} opened */
  async once(opening, opened) {
    const silent = new AbortController();
    let timer = setTimeout(() => silent.abort(), opening);
    const heard = () => {
      clearTimeout(timer);
      timer = setTimeout(() => silent.abort(), SILENCE);
    };
    // A machine that loses its network may not hear for long that the stream is cut.
    addEventListener('offline', () => silent.abort(), { signal: silent.signal });
    try {
      const answer = await fetch(`${base}events?include=interaction,viewers,access&after=${this.seq}`, {
        headers,
        signal: AbortSignal.any([silent.signal, this.end.signal]),
      });
      if (answer.status === 401) return void signedOut.dispatchEvent(new Event('out'));
      if (answer.status === 410 || answer.status === 409 || answer.status === 422) return void this.tell('stale');
      if (!answer.ok || !answer.body) return;
      opened();
      heard();
      this.tell('online');
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        heard();
        text += value;
        const blocks = text.split('\n\n');
        text = blocks.pop() || '';
        for (const block of blocks) this.block(block);
      }
    } finally {
      clearTimeout(timer);
      silent.abort();
    }
  }

  /** @param {string} block */
  block(block) {
    const lines = block.split('\n');
    const data = lines.filter((line) => line.startsWith('data:')).map((line) => line.slice(5)).join('\n');
    if (!data || lines.some((line) => line.trim() === 'event: end')) return;
    const event = JSON.parse(data);
    if (navigator.locks) this.channel.postMessage({ event });
    this.take(event);
  }
}
