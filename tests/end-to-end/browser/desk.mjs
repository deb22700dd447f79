// What the browser tests share: pages whose faults are told, axe-core, and the networks' other side.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
export const SOON = 60_000;

/** Everything that a page must never do, of all pages. */
export const faults = [];

/** A browser, one for a whole journey. */
export const launch = (program) => chromium.launch({ executablePath: program, args: ['--no-sandbox'] });

const KINDS = { js: 'text/javascript', css: 'text/css', json: 'application/json', svg: 'image/svg+xml', html: 'text/html' };

/** Shows the desk's files from a folder in the place of those in the program, with the program's own headers. */
export const instead = (context, base, folder) => context.route(`${base}/desk/**`, async (route) => {
  const name = new URL(route.request().url()).pathname.slice('/desk/'.length) || 'index.html';
  const response = await route.fetch();
  if (!existsSync(join(folder, name))) return route.fulfill({ response });
  const { 'content-encoding': _packed, 'content-length': _length, ...headers } = response.headers();
  return route.fulfill({ status: 200, headers: { ...headers, 'content-type': KINDS[name.split('.').pop()] }, body: readFileSync(join(folder, name)) });
});

/** A page at the desk. DESK_WEB is a folder with the desk's files, if they are not to be the program's own. */
export async function open(context, base) {
  if (process.env.DESK_WEB) await instead(context, base, process.env.DESK_WEB);
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

/** What axe-core can tell of a whole page alone. */
const OF_PAGES = ['bypass', 'document-title', 'heading-order', 'html-has-lang', 'html-lang-valid', 'landmark-no-duplicate-banner', 'landmark-no-duplicate-contentinfo',
  'landmark-no-duplicate-main', 'landmark-one-main', 'landmark-unique', 'page-has-heading-one', 'region', 'duplicate-id-aria', 'aria-hidden-body', 'meta-viewport'];
/** How everything is built that was looked at: its own kind, its state and what it stands in. */
const looked = new Set();

/**
 * No fault that axe-core knows, in either theme. What is built alike is looked at once: a hundred rows, or the same
 * form in another place, tell nothing new. A theme changes colours alone.
 */
export async function accessible(page, view) {
  if (!await page.evaluate(() => 'axe' in window)) await page.evaluate(axe);
  const { built, told } = await page.evaluate(async ([known, ofPages]) => {
    const before = new Set(known);
    const kind = (one) => `${one.localName}.${[...one.classList].sort().join('.')}[${one.getAttribute('role') || ''} ${one.getAttribute('type') || ''}]`;
    const state = (one) => one.getAttributeNames().filter((name) => /^(aria-|disabled|tabindex|dir|lang|title|alt|href|id|for)/.test(name)).sort().map((name) => (/^aria-(?!label|describedby|controls|owns|active|set|pos)/.test(name) ? `${name}=${one.getAttribute(name)}` : name)).join(' ');
    const text = (one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const fresh = [];
    const built = new Set();
    const places = new Map([[document.body, '']]);
    for (const one of document.body.querySelectorAll('*')) {
      const place = `${places.get(one.parentElement)} > ${kind(one)}`;
      places.set(one, place);
      if (!one.checkVisibility()) continue;
      const how = `${place} ${state(one)} ${text(one)}`;
      if (before.has(how) || built.has(how)) continue;
      built.add(how);
      if (!fresh.some((outer) => outer.contains(one))) fresh.push(one);
    }
    const told = [];
    const look = async (theme, where, more) => {
      document.documentElement.dataset.theme = theme;
      const { violations } = await window.axe.run(where, { resultTypes: ['violations'], ...more });
      for (const found of violations) told.push(`${theme}, ${found.id}: ${found.nodes.map((node) => node.html).join(' ')}`);
    };
    await look('light', document, { runOnly: ofPages });
    // What is drawn anew meanwhile is looked at the next time.
    const there = () => fresh.filter((one) => one.isConnected);
    if (there().length) {
      await look('light', { include: there() }, { rules: Object.fromEntries(ofPages.map((rule) => [rule, { enabled: false }])) });
      if (there().length) await look('dark', { include: there() }, { runOnly: ['color-contrast'] });
    }
    return { built: there().length === fresh.length ? [...built] : [], told };
  }, [[...looked], OF_PAGES]);
  assert.deepEqual(told, [], view);
  for (const how of built) looked.add(how);
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

/**
 * A way to the hub that can be lost without anybody closing anything, as where a router forgets it: what was open
 * then stays as it is, for ever without a word.
 */
export async function way(base) {
  const { hostname, port } = new URL(base);
  const sockets = new Set();
  let lost = false;
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const [one, other] of [[near, far], [far, near]]) {
      sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => { sockets.delete(one); other.destroy(); });
      if (!lost) one.pipe(other);
    }
  });
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  return {
    base: `http://127.0.0.1:${server.address().port}`,
    lose() {
      lost = true;
      for (const one of sockets) one.unpipe().pause();
    },
    find() { lost = false; },
    end() {
      server.close();
      for (const one of sockets) one.destroy();
    },
  };
}
