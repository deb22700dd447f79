// The desk's figures, each beside its goal: how large and how soon the first view is, how soon an event is on the screen,
// how a long list scrolls, and whether memory stays level through a busy agent's day. See `measure`.

import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { PASSWORD, eventually, start } from './hub.mjs';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { program: { type: 'string' } } });
const wanted = (name) => !positionals.length || positionals.includes(name);
const ROWS = 5_000;
const EVENTS_A_SECOND = 50;
const CONVERSATIONS = Number(process.env.CONVERSATIONS || 960);
const places = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = places.find((place) => place && existsSync(place));

const SITE = `
name = "Measured"
[queues.support]
name = "Support"
members = ["anna"]
auto_answer = true
[queues.shift]
name = "Shift"
members = ["ben"]
offer_timeout_seconds = 300
wrap_up = { mode = "mandatory" }
[agents.anna]
name = "Anna"
password = "env:MEASURED_PASSWORD"
slots = { social-direct-message = 50, chat = 50 }
[agents.ben]
name = "Ben"
password = "env:MEASURED_PASSWORD"
slots = { social-direct-message = 3, chat = 3 }
[[rules]]
name = "shift"
when = "message.text.contains('shift')"
[rules.then]
queue = "shift"
`;

let missed = 0;
/** @param {string} what @param {number} seen @param {number} goal @param {string} unit @param {string} [more] */
function figure(what, seen, goal, unit, more = '') {
  const well = seen <= goal;
  if (!well) missed += 1;
  console.log(`${well ? 'ok    ' : 'MISSED'}  ${what}: ${Math.round(seen * 10) / 10} ${unit} (goal: ${goal} ${unit})${more && `; ${more}`}`);
}
const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Many at a time, none of them all at once. */
async function each(count, at_once, what) {
  let next = 0;
  await Promise.all(Array.from({ length: at_once }, async () => {
    while (next < count) await what(next++);
  }));
}

const hub = await start(values.program, dirname(fileURLToPath(import.meta.url)), SITE);
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--enable-precise-memory-info', '--js-flags=--expose-gc'] });

/** A browser at the desk, signed in. */
async function desk(name) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en' });
  const page = await context.newPage();
  page.on('pageerror', (error) => console.error(error));
  await page.goto(`${hub.base}/desk/`);
  await page.locator('[name=name]').fill(name);
  await page.locator('[name=password]').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.waitForSelector('lc-inbox');
  return { context, page };
}

/** What is seen first by somebody who is signed in and has nothing of the desk yet. */
async function firstView() {
  const { context } = await desk('anna');
  const runs = [];
  for (let run = 0; run < 5; run += 1) {
    const page = await context.newPage();
    const cdp = await context.newCDPSession(page);
    await cdp.send('Network.enable');
    await cdp.send('Network.setCacheDisabled', { cacheDisabled: true });
    let bytes = 0;
    cdp.on('Network.loadingFinished', ({ encodedDataLength }) => { bytes += encodedDataLength; });
    await page.addInitScript(() => {
      const look = () => {
        if (!document.querySelector('lc-inbox .row')) return void requestAnimationFrame(look);
        requestAnimationFrame(() => { window.firstSeen = performance.now(); });
      };
      addEventListener('DOMContentLoaded', look);
    });
    await page.goto(`${hub.base}/desk/`);
    await page.waitForFunction(() => window.firstSeen);
    const time = await page.evaluate(() => window.firstSeen);
    await pause(1_000);
    runs.push({ time, bytes });
    await page.close();
  }
  const times = runs.map(({ time }) => time).sort((one, other) => one - other);
  figure('first view, transferred with everything that follows it', Math.max(...runs.map(({ bytes }) => bytes)) / 1024, 200, 'KiB');
  figure('first view, until work is on the screen (median of 5, nothing cached)', at(times, 0.5), 1000, 'ms', `slowest ${Math.round(times.at(-1))} ms`);
  await context.close();
}

/** How long it takes from the hub's record of an event until it is on the screen. */
async function events(page) {
  const anna = await hub.signIn('anna');
  // When the hub recorded what.
  const recorded = new Map();
  const over = new AbortController();
  const stream = await fetch(`${hub.base}/api/v1/events`, { headers: { authorization: `Bearer ${anna.token}` }, signal: over.signal });
  const read = (async () => {
    let text = '';
    for await (const chunk of stream.body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      const blocks = text.split('\n\n');
      text = blocks.pop();
      for (const block of blocks) {
        if (!block.includes('event: message-received')) continue;
        const event = JSON.parse(block.split('\n').find((line) => line.startsWith('data:')).slice(5));
        const mark = /event-\d+/.exec(event.data.content?.text);
        if (mark) recorded.set(mark[0], Date.parse(event.at));
      }
    }
  })().catch(() => {});
  await page.evaluate(() => {
    window.seen = new Map();
    let due = [];
    const painted = () => {
      const now = Date.now();
      for (const mark of due) if (!window.seen.has(mark)) window.seen.set(mark, now);
      due = [];
    };
    new MutationObserver((changes) => {
      const before = due.length;
      for (const { target, addedNodes } of changes) {
        for (const node of [target.nodeType === 3 ? target : undefined, ...addedNodes]) {
          const mark = node && /event-\d+/.exec(node.textContent || '');
          if (mark) due.push(mark[0]);
        }
      }
      // A frame later, and after that frame's work: it is painted.
      if (!before && due.length) requestAnimationFrame(() => { const { port1, port2 } = new MessageChannel(); port1.onmessage = painted; port2.postMessage(0); });
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
    window.longest = 0;
    new PerformanceObserver((list) => { for (const one of list.getEntries()) window.longest = Math.max(window.longest, one.duration); }).observe({ entryTypes: ['longtask'] });
  });
  const seconds = 20;
  const began = Date.now();
  const all = [];
  for (let n = 0; n < seconds * EVENTS_A_SECOND; n += 1) {
    await pause(Math.max(0, began + (n * 1000) / EVENTS_A_SECOND - Date.now()));
    all.push(hub.say(`active-${n % 50}`, `event-${n}`));
  }
  await Promise.all(all);
  const rate = all.length / ((Date.now() - began) / 1000);
  await pause(3_000);
  over.abort();
  await read;
  const seen = new Map(await page.evaluate(() => [...window.seen]));
  const took = [...recorded].filter(([mark]) => seen.has(mark)).map(([mark, time]) => seen.get(mark) - time).sort((one, other) => one - other);
  if (took.length < recorded.size * 0.9) throw new Error(`only ${took.length} of ${recorded.size} events were seen`);
  figure(`from event to pixel at ${Math.round(rate)} messages/s, with ${ROWS.toLocaleString('en')} that wait, p99`, at(took, 0.99), 100, 'ms',
    `p50 ${at(took, 0.5)} ms, ${took.length} of ${recorded.size} seen, longest task ${Math.round(await page.evaluate(() => window.longest))} ms (0: none over 50)`);
}

/** A list of thousands, scrolled from end to end. */
async function rows(page) {
  await page.locator('.tab', { hasText: 'Waiting' }).click();
  await page.locator('.tab', { hasText: String(ROWS) }).waitFor();
  await page.waitForSelector('.row .over');
  const seen = await page.evaluate(async () => {
    const tasks = [];
    const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries().map((one) => one.duration)));
    observer.observe({ entryTypes: ['longtask'] });
    const box = document.querySelector('.rows');
    const frames = [];
    let last = performance.now();
    let empty = 0;
    // A hand that scrolls fast: two screens' height in each three frames.
    for (let top = 0; top < box.scrollHeight; top += box.clientHeight * 0.66) {
      box.scrollTop = top;
      await new Promise(requestAnimationFrame);
      const now = performance.now();
      frames.push(now - last);
      last = now;
      const middle = box.getBoundingClientRect();
      if (!document.elementFromPoint(middle.left + 40, middle.top + middle.height / 2)?.closest('.row')) empty += 1;
    }
    await new Promise((done) => setTimeout(done, 300));
    return { tasks, frames: frames.slice(1).sort((one, other) => one - other), empty, rows: document.querySelectorAll('.row').length };
  });
  figure(`${ROWS.toLocaleString('en')} rows scrolled from end to end, longest task`, Math.max(0, ...seen.tasks), 50, 'ms',
    `${seen.frames.length} frames, half of them within ${Math.round(at(seen.frames, 0.5))} ms, 99 of 100 within ${Math.round(at(seen.frames, 0.99))} ms, ${seen.rows} rows drawn at a time, ${seen.empty} frames without rows`);
}

/** Eight hours of a busy agent, one conversation after the other as fast as the desk and the hub are. */
async function shift() {
  const { context, page } = await desk('ben');
  const cdp = await context.newCDPSession(page);
  await cdp.send('Performance.enable');
  await page.locator('lc-presence select').selectOption('ready');
  const weigh = async () => {
    for (let time = 0; time < 3; time += 1) await cdp.send('HeapProfiler.collectGarbage');
    const { metrics } = await cdp.send('Performance.getMetrics');
    const of = (name) => metrics.find((one) => one.name === name).value;
    return { heap: of('JSHeapUsedSize') / 2 ** 20, nodes: of('Nodes'), listeners: of('JSEventListeners') };
  };
  await page.evaluate(() => {
    const pause = (ms) => new Promise((done) => setTimeout(done, ms));
    const find = (selector) => document.querySelector(selector);
    // What had to be done twice: an agent would do so too, but not without noticing.
    window.twice = [];
    window.until = async (what, look, within = 120_000) => {
      const end = Date.now() + within;
      for (;;) {
        const found = look();
        if (found) return found;
        if (Date.now() > end) throw new Error(`${what} did not come within ${within / 1000} s: ${document.body.innerText.slice(0, 600)}`);
        await pause(10);
      }
    };
    /** Does something until it has its effect: again where there is none for a long time. */
    const step = async (what, act, effect) => {
      for (let times = 1; ; times += 1) {
        act(await window.until(`what is needed for ${what}`, () => find(what) || effect()));
        const done = await window.until(`the effect of ${what}`, effect, 15_000).catch((error) => { if (times === 4) throw error; });
        if (done) return;
        window.twice.push(`${what}: ${find('.notices')?.innerText || 'nothing was said'}`);
      }
    };
    const click = (one) => { if (one instanceof HTMLElement) one.click(); };
    window.handle = async (text) => {
      await step('.offer button.main', click, () => find('lc-composer textarea[data-key=KeyR]'));
      await step('lc-composer textarea[data-key=KeyR]', (field) => {
        if (!(field instanceof HTMLTextAreaElement)) return;
        field.focus();
        field.value = text;
        field.dispatchEvent(new InputEvent('input', { bubbles: true }));
        setTimeout(() => field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', ctrlKey: true, bubbles: true, cancelable: true })));
      }, () => [...document.querySelectorAll('lc-message.ours')].some((one) => one.textContent.includes(text)));
      await step('lc-actions [data-key=KeyE]', click, () => find('select[name=code] option:nth-child(2)'));
      await step('select[name=code]', (field) => {
        if (!(field instanceof HTMLSelectElement)) return;
        field.value = field.options[1].value;
        field.form.requestSubmit();
      }, () => !find('select[name=code]'));
    };
  });
  const weighed = [];
  const began = Date.now();
  let slowest = 0;
  for (let n = 0; n < CONVERSATIONS; n += 1) {
    // One customer in five was there before.
    const from = Date.now();
    await hub.say(`shift-${n % 5 ? n : 0}`, `A question of the shift, number ${n}`);
    await page.evaluate((text) => window.handle(text), `This is answer ${n}.`);
    slowest = Math.max(slowest, Date.now() - from);
    if ((n + 1) % Math.ceil(CONVERSATIONS / 8) === 0 || n + 1 === CONVERSATIONS) weighed.push(await weigh());
  }
  const [first, last] = [weighed[0], weighed.at(-1)];
  figure(`a shift of ${CONVERSATIONS} conversations, what the heap has gained after the first hour of eight`, last.heap - first.heap, 2, 'MiB',
    `${weighed.map(({ heap }) => heap.toFixed(1)).join(', ')} MiB at each hour's end, elements ${first.nodes} and ${last.nodes}, listeners ${first.listeners} and ${last.listeners}, ${Math.round((Date.now() - began) / CONVERSATIONS)} ms a conversation, the slowest ${slowest} ms`);
  for (const what of await page.evaluate(() => window.twice)) console.log(`        done twice: ${what}`);
  await context.close();
}

try {
  if (wanted('shift')) await shift();
  const long = wanted('events') || wanted('rows');
  if (wanted('first-view') || long) {
    const { context, page } = await desk('anna');
    await page.locator('lc-presence select').selectOption('ready');
    await each(50, 4, (n) => hub.say(`active-${n}`, 'Hello?'));
    await page.locator('.tab', { hasText: /Mine\s+50/ }).waitFor({ timeout: 60_000 });
    if (wanted('first-view')) await firstView();
    if (long) {
      await each(ROWS, 8, (n) => hub.say(`waiting-${n}`, `I wait with question ${n}.`));
      const anna = await hub.signIn('anna');
      await eventually('all wait', async () => (await anna.call('GET', 'queues/support')).stats.some((one) => one.waiting >= ROWS), 300_000);
      await page.locator('.row').first().locator('a').click();
      await page.waitForSelector('lc-composer textarea');
      if (wanted('events')) await events(page);
      if (wanted('rows')) await rows(page);
    }
    await context.close();
  }
} finally {
  await browser.close();
  await hub.end();
}
process.exitCode = missed ? 1 : 0;
