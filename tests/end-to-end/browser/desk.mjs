// What the browser tests share: pages whose faults are told, axe-core, and the networks' other side.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
export const SOON = 60_000;

/** Everything that a page must never do, of all pages. */
export const faults = [];

/** A browser, one for a whole journey. */
export const launch = (program) => chromium.launch({ executablePath: program, args: ['--no-sandbox'] });

/** A page at the desk. */
export async function open(context, base) {
  const page = await context.newPage();
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => { faults.push(`dialog: ${dialog.message()}`); void dialog.dismiss(); });
  await page.exposeFunction('tellViolation', (what) => faults.push(`policy: ${what}`));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      window.tellViolation(`${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  page.setDefaultTimeout(SOON);
  await page.goto(`${base}/desk/`);
  return page;
}

/** No fault that axe-core knows; a theme changes colours alone. */
export async function accessible(page, view) {
  if (!await page.evaluate(() => 'axe' in window)) await page.evaluate(axe);
  for (const theme of ['light', 'dark']) {
    const found = await page.evaluate((name) => {
      document.documentElement.dataset.theme = name;
      return window.axe.run(name === 'dark' ? { runOnly: ['color-contrast'] } : {});
    }, theme);
    const told = found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(' ')}`);
    assert.deepEqual(told, [], `${view}, ${theme}`);
  }
  await harmless(page, view);
  await fits(page, view);
}

/** Of what others wrote nothing is markup: the desk itself has none of these. */
export async function harmless(page, view) {
  const found = await page.evaluate(() => [...document.querySelectorAll('img[src=x], script:not([src$="main.js"]), iframe, object, embed, b, [onerror], [onload], a[href^="javascript:" i]')].map((one) => one.outerHTML));
  assert.deepEqual(found, [], `${view} shows markup`);
}

/** Nothing is wider than the screen. */
export async function fits(page, view) {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wide <= 0, `${view} is ${wide} px too wide`);
}

async function ask(method, url, body, headers = {}) {
  const answer = await fetch(url, { method, headers: { 'content-type': 'application/json', ...headers }, body: body && JSON.stringify(body) });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${url}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}

/** A simulated network, steered as `/_sim` lets. */
export function network(base) {
  const steer = (method, path, body) => ask(method, new URL(`_sim/${path}`, base).href, body);
  return {
    steer,
    person: (id, first, last) => steer('POST', 'customers', { id, profile: { first_name: first, last_name: last } }),
    say: async (id, what) => {
      const said = await steer('POST', `customers/${id}/say`, what);
      assert.ok(said.acknowledged, JSON.stringify(said));
      return said.message_id;
    },
    delivered: (id) => steer('GET', `customers/${id}/delivered`),
  };
}

/** Somebody with a key, without a browser. */
export const holder = (base, key) => (method, path, body, headers) => ask(method, `${base}/api/v1/${path}`, body, { authorization: `Bearer ${key}`, ...headers });

/** Another person at the same hub, without a browser. */
export async function colleague(base, name, password) {
  const { token } = await ask('POST', `${base}/api/v1/session`, { name, password });
  return holder(base, token);
}

/** Asks again until there is an answer. */
export async function eventually(what, look) {
  const end = Date.now() + SOON;
  for (;;) {
    const found = await look();
    if (found) return found;
    assert.ok(Date.now() < end, `${what} did not come`);
    await new Promise((done) => setTimeout(done, 150));
  }
}
