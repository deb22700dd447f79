// Pictures of every view of the desk, in light and dark, on a telephone, a desk's screen and a wide one:
//
//   npm install --prefix /tmp/pictures playwright-core@1.65.1
//   cd /tmp/pictures && node …/tests/end-to-end/browser/pictures.mjs --program …/target/release/linecard --to all
//
// It runs a demo of its own with the program, for about two minutes. `--readme FOLDER` writes only the two of the README
// into that folder. `--web FOLDER` shows the desk's files from there in the place of those in the program; `--only PATTERN` takes
// those views, `--sizes 360x740,1280x800` these sizes. Chromium is found at its usual places, or where CHROMIUM says.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { program: { type: 'string' }, to: { type: 'string' }, readme: { type: 'string' }, web: { type: 'string' }, only: { type: 'string' }, sizes: { type: 'string' } } });
const folder = values.readme || values.to;
if (!values.program || !folder) {
  console.error('name the program by --program and a folder by --to or --readme');
  process.exit(2);
}
const { chromium } = createRequire(`${process.cwd()}/`)('playwright-core');
const places = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = places.find((place) => place && existsSync(place));

const SIZES = (values.sizes ? values.sizes.split(',') : ['360x740', '1280x800', '2560x1440']).map((size) => size.split('x').map(Number));
const VIEWS = [
  ['work', '#/'], ['supervisor', '#/supervisor'], ['wallboard', '#/wallboard'], ['account', '#/account'], ['start', '#/start'],
  ...['channels', 'channels/+', 'channels/page', 'plugins', 'plugins/x', 'analyzers', 'analyzers/+', 'webhooks/+', 'queues/support', 'rules', 'hours/+', 'responses/+', 'macros/+', 'agents/you', 'skills', 'groups/+', 'roles/+',
    'settings', 'keys', 'dead-letters', 'audit']
    .map((section) => [`admin-${section.replace('/+', '-new').replace('/', '-')}`, `#/admin/${section}`]),
];

/** A port that is free now. */
const port = await new Promise((done) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port: free } = server.address();
    server.close(() => done(free));
  });
});
const data = mkdtempSync(join(tmpdir(), 'linecard-pictures-'));
const demo = spawn(resolve(values.program), ['demo', '--listen', `127.0.0.1:${port}`, '--data', data, '--rate', '1.5', '--log', 'error'], { cwd: data, stdio: ['ignore', 'pipe', 'ignore'] });
const ended = new Promise((done) => { demo.once('exit', done); });
const base = `http://127.0.0.1:${port}`;

try {
  const password = await new Promise((found, failed) => {
    let text = '';
    demo.stdout.on('data', (more) => {
      text += more;
      const seen = /with the password (\S+?),/.exec(text);
      if (seen) found(seen[1]);
    });
    void ended.then(() => failed(new Error(`the demo ended: ${text}`)));
  });
  mkdirSync(folder, { recursive: true });
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en' });
  if (values.web) {
    const kinds = { js: 'text/javascript', css: 'text/css', json: 'application/json', svg: 'image/svg+xml', html: 'text/html' };
    await context.route(`${base}/desk/**`, async (route) => {
      const name = new URL(route.request().url()).pathname.slice('/desk/'.length) || 'index.html';
      await route.fulfill({ contentType: kinds[name.split('.').pop()], body: readFileSync(join(values.web, name)) });
    });
  }
  const page = await context.newPage();
  page.on('pageerror', (error) => console.error(error));
  await page.goto(`${base}/desk/`);
  await page.locator('[name=name]').fill('you');
  await page.locator('[name=password]').fill(password);
  await page.keyboard.press('Enter');
  await page.waitForSelector('.areas');
  const ask = (method, path, body) => page.evaluate(async ([how, where, what]) => {
    const answer = await fetch(`../api/v1/${where}`, { method: how, headers: { 'x-linecard-session': 'cookie', 'content-type': 'application/json' }, body: what && JSON.stringify(what) });
    return answer.text();
  }, [method, path, body]);

  /** @param {string} name @param {number[][]} sizes @param {string[]} themes */
  async function take(name, sizes = SIZES, themes = ['light', 'dark']) {
    for (const [width, height] of sizes) {
      for (const theme of themes) {
        await page.setViewportSize({ width, height });
        await page.evaluate((to) => { document.documentElement.dataset.theme = to; }, theme);
        await page.waitForTimeout(150);
        await page.screenshot({ path: join(folder, values.readme ? `${name}.png` : `${name}-${width}-${theme}.png`) });
      }
    }
    await page.setViewportSize({ width: 1280, height: 800 });
  }

  // One takes work and answers; then the queue rests, so that somebody waits.
  await page.locator('lc-presence select').selectOption('ready');
  for (let taken = 0; taken < 3; taken += 1) {
    await page.waitForSelector('.offer', { timeout: 60_000 });
    await page.keyboard.press('Alt+KeyA');
    await page.waitForSelector('lc-composer textarea[data-key=KeyR]', { timeout: 60_000 });
  }
  await page.locator('lc-composer textarea[data-key=KeyR]').fill('Thank you for writing. I am looking for it, and come back to you in a minute.');
  await page.keyboard.press('Control+Enter');
  await page.waitForTimeout(3_000);
  const mine = await page.evaluate(() => location.hash);
  await ask('POST', 'queues/support/pause', {});
  await page.waitForTimeout(15_000);
  if (values.readme) {
    await take('work', [[1280, 800]], ['light']);
    await page.evaluate(() => { location.hash = '#/supervisor'; });
    await page.waitForTimeout(3_000);
    await take('supervisor', [[1280, 800]], ['dark']);
  } else {
    for (const [name, hash] of [...VIEWS, ['conversation', mine]]) {
      if (values.only && !new RegExp(values.only).test(name)) continue;
      await page.evaluate((to) => { location.hash = to; }, hash);
      await page.waitForTimeout(1_500);
      await take(name);
    }
    await page.evaluate(() => { location.hash = '#/supervisor'; });
    await page.locator('lc-supervisor td button.plain', { hasText: 'Why?' }).first().click();
    await page.waitForSelector('lc-why .because');
    await take('why');
    await page.keyboard.press('Escape');
    await page.evaluate((to) => { location.hash = to; }, mine);
    await page.waitForSelector('lc-composer');
    await page.keyboard.press('Control+KeyK');
    await page.waitForSelector('.palette[open]');
    await take('palette');
  }
  await browser.close();
} finally {
  demo.kill('SIGTERM');
  await ended;
  rmSync(data, { recursive: true, force: true });
}
