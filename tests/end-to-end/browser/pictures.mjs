// Pictures of every view of the desk and every state that it can be in, in light and dark, on a telephone, a desk's
// screen and a wide one:
//
//   npm install --prefix /tmp/pictures playwright-core@1.65.1 axe-core@4.14.1
//   cd /tmp/pictures && node …/tests/end-to-end/browser/pictures.mjs --program …/target/release/linecard --to all
//
// It runs a demo of its own with the program, for some ten minutes, ends with 1 if a state could not be reached, and tells what it
// finds cut off.
// `--readme FOLDER` writes only the two of the README into that folder. `--web FOLDER` shows the desk's files from there in
// the place of those in the program; `--only PATTERN` takes those states, `--sizes 360x740,1280x800` these sizes, `--themes
// light` these themes. Chromium is found at its usual places, or where CHROMIUM says.

import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { program: { type: 'string' }, to: { type: 'string' }, readme: { type: 'string' }, web: { type: 'string' }, only: { type: 'string' }, sizes: { type: 'string' }, themes: { type: 'string' } } });
const folder = resolve(values.readme || values.to || '');
if (!values.program || !(values.readme || values.to)) {
  console.error('name the program by --program and a folder by --to or --readme');
  process.exit(2);
}
const places = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const SIZES = (values.sizes ? values.sizes.split(',') : ['360x740', '1280x800', '2560x1440']).map((size) => size.split('x').map(Number));
const THEMES = values.themes ? values.themes.split(',') : ['light', 'dark'];
/** A page that scrolls as a whole is shown whole, up to this height. */
const HIGHEST = 3_000;

/** A port that is free now. */
const port = await new Promise((done) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port: free } = server.address();
    server.close(() => done(free));
  });
});
const data = mkdtempSync(join(tmpdir(), 'linecard-pictures-'));
const demo = spawn(resolve(values.program), ['demo', '--listen', `127.0.0.1:${port}`, '--data', join(data, 'data'), '--rate', '1.5', '--log', 'error'], { cwd: data, stdio: ['ignore', 'pipe', 'ignore'] });
const ended = new Promise((done) => { demo.once('exit', done); });
const base = `http://127.0.0.1:${port}`;
// What is shared is found beside the packages, in the folder where this was called.
for (const name of ['desk.mjs', 'states.mjs']) copyFileSync(new URL(name, import.meta.url), join(process.cwd(), name));
const { instead, launch, network } = await import(join(process.cwd(), 'desk.mjs'));
const { STATES, stage } = await import(join(process.cwd(), 'states.mjs'));

try {
  const { password, networks } = await new Promise((found, failed) => {
    let text = '';
    demo.stdout.on('data', (more) => {
      text += more;
      const seen = /with the password (\S+?),/.exec(text);
      if (!seen || !text.includes('The hub is at')) return;
      const at = (name) => network(new URL('/', new RegExp(` {2}${name}: (\\S+)`).exec(text)[1]).href);
      found({ password: seen[1], networks: { graph: at('Facebook and Instagram'), whatsapp: at('WhatsApp'), x: at('X'), web: at('web chat') } });
    });
    void ended.then(() => failed(new Error(`the demo ended: ${text}`)));
  });
  mkdirSync(folder, { recursive: true });
  const browser = await launch(places.find((place) => place && existsSync(place)));
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en' });
  if (values.web) await instead(context, base, resolve(values.web));
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on('pageerror', (error) => console.error(error));

  /** Takes a state's pictures. @param {string} name @param {number[][]} sizes @param {string[]} themes */
  async function take(name, sizes = SIZES, themes = THEMES) {
    for (const [width, height] of sizes) {
      await page.setViewportSize({ width, height });
      await page.waitForTimeout(120);
      const whole = await page.evaluate(() => {
        const scrolls = document.querySelector('main.page, main.floor, .wall');
        return scrolls && !document.querySelector('dialog[open], .drawer') ? scrolls.scrollHeight - scrolls.clientHeight : 0;
      });
      if (whole > 0 && !values.readme) await page.setViewportSize({ width, height: Math.min(HIGHEST, height + whole) });
      for (const what of await cut()) console.log(`${name}, ${width} px: ${what}`);
      for (const theme of themes) {
        await page.evaluate((to) => { document.documentElement.dataset.theme = to; }, theme);
        await page.waitForTimeout(60);
        await page.screenshot({ path: join(folder, values.readme ? `${name}.png` : `${name}-${width}-${theme}.png`) });
      }
    }
    await page.setViewportSize({ width: 1280, height: 800 });
  }

  /** What is cut off: the page is too wide, what can be used lies outside of it, or its words are wider than it is. */
  const cut = () => page.evaluate(() => {
    const found = [];
    if (document.documentElement.scrollWidth > innerWidth) found.push(`the page is ${document.documentElement.scrollWidth - innerWidth} px too wide`);
    for (const one of document.querySelectorAll('button, a, input, select, textarea, summary, .chip, h1, h2, h3, label')) {
      const box = one.getBoundingClientRect();
      if (!one.checkVisibility() || box.width < 2 || one.closest('.hidden')) continue;
      const scrolls = (() => { for (let at = one.parentElement; at; at = at.parentElement) if (['auto', 'scroll'].includes(getComputedStyle(at).overflowX) && at.scrollWidth > at.clientWidth) return at; })();
      const says = (one.textContent.trim() || one.getAttribute('aria-label') || one.name || one.localName).slice(0, 40);
      if (!scrolls && (box.right > innerWidth + 1 || box.left < -1)) found.push(`outside: ${says}`);
      else if (one.matches('button, a.button') && one.scrollWidth > one.clientWidth + 1 && !one.classList.contains('line')) found.push(`wider than it is: ${says}`);
    }
    return [...new Set(found)].slice(0, 8);
  });

  const desk = await stage({ page, context, base, password, networks });
  if (values.readme) {
    await desk.go(desk.mine, 'lc-composer textarea');
    await take('work', [[1280, 800]], ['light']);
    await desk.go('#/supervisor', 'lc-supervisor tbody tr');
    await page.waitForTimeout(3_000);
    await take('supervisor', [[1280, 800]], ['dark']);
  } else {
    for (const [name, reach, leave] of STATES) {
      if (values.only && !new RegExp(values.only).test(name)) continue;
      try {
        await reach(desk);
        await page.waitForTimeout(400);
        await take(name);
      } catch (error) {
        console.error(`${name}: ${error}`);
        process.exitCode = 1;
        await page.screenshot({ path: join(folder, `${name}-FAILED.png`) }).catch(() => {});
      }
      await (leave || desk.leave)(desk).catch((error) => console.error(`${name}, afterwards: ${error}`));
    }
  }
  await browser.close();
} finally {
  demo.kill('SIGTERM');
  await ended;
  rmSync(data, { recursive: true, force: true });
}
