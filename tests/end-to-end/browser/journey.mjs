// An agent's work in a real browser, by keyboard: sign in, go ready, accept, answer, end, wrap up.
// Arguments: the hub's address, and the browser's program.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const [base, program] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SOON = { timeout: 20_000 };

const browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox'] });
const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
const faults = [];

async function open() {
  const page = await context.newPage();
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => { faults.push(`dialog: ${dialog.message()}`); void dialog.dismiss(); });
  await page.exposeFunction('tellViolation', (what) => faults.push(`policy: ${what}`));
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      window.tellViolation(`${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  page.setDefaultTimeout(SOON.timeout);
  await page.goto(`${base}/desk/`);
  return page;
}

/** No fault that axe-core knows, in either theme. */
async function accessible(page, view) {
  for (const theme of ['light', 'dark']) {
    await page.evaluate((name) => { document.documentElement.dataset.theme = name; }, theme);
    await page.evaluate(axe);
    const found = await page.evaluate(() => window.axe.run());
    const told = found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(' ')}`);
    assert.deepEqual(told, [], `${view}, ${theme}`);
  }
}

const page = await open();
await page.waitForSelector('[name=name]');
await accessible(page, 'sign-in');
await page.keyboard.type('agent-1');
await page.keyboard.press('Tab');
await page.keyboard.type('wrong');
await page.keyboard.press('Enter');
await page.waitForSelector('[role=alert]');
await page.locator('[name=password]').fill('agent-1');
await page.keyboard.press('Enter');
await page.waitForSelector('lc-desk');
// No script can read what signs in.
assert.equal(await page.evaluate(() => document.cookie), '');

await page.locator('lc-presence select').selectOption('ready');
await page.waitForSelector('.offer');
await accessible(page, 'an offer');
// Another tab shows it too and takes nothing away.
const second = await open();
await second.waitForSelector('.offer');

await page.keyboard.press('Alt+KeyA');
await page.waitForSelector('textarea[data-key=KeyR]');
await second.waitForSelector('.offer', { state: 'detached' });
await second.close();

// What a customer writes is text, whatever it looks like.
const text = await page.locator('lc-message .text').first().textContent();
assert.equal(text, process.env.SAID);
assert.equal(await page.locator('lc-message img, lc-message script, lc-message b').count(), 0);
await accessible(page, 'a conversation');

// What was typed is there after a reload.
await page.locator('textarea[data-key=KeyR]').fill('We look into it');
await page.waitForResponse((answer) => answer.url().endsWith('/draft') && answer.request().method() === 'PUT');
await page.reload();
await page.waitForFunction(() => document.querySelector('textarea[data-key=KeyR]')?.value === 'We look into it', undefined, SOON);
await page.keyboard.press('Alt+KeyR');
await page.keyboard.press('End');
await page.keyboard.type(' at once.');
await page.keyboard.press('Control+Enter');
await page.waitForSelector('lc-message .state.delivered, lc-message .state.read, lc-message .state.sent');
await page.waitForFunction(() => document.querySelector('textarea[data-key=KeyR]')?.value === '', undefined, SOON);

// The conversation ends by keyboard, and so does what comes after it.
await page.keyboard.press('Alt+KeyE');
await page.waitForSelector('select[name=code]');
await accessible(page, 'wrap-up');
// The choice has the focus by itself.
await page.keyboard.press('ArrowDown');
await page.keyboard.press('Tab');
await page.keyboard.press('Enter');
await page.waitForSelector('select[name=code]', { state: 'detached' });

await page.getByRole('button', { name: 'Sign out' }).click();
await page.waitForSelector('[name=name]');
assert.deepEqual(faults, []);
await browser.close();
