// Whoever leads and administers, in a real browser: why somebody waits, taking over, a channel from nothing to the
// first answer, a rule that is wrong at first. Every view has no fault that axe-core knows, in either theme.
// Argument: the hub's address. CHROMIUM is the browser's program, PASSWORD the password of `boss`.

import assert from 'node:assert/strict';
import { accessible, faults, fits, holder, launch, open } from './desk.mjs';

const [base] = process.argv.slice(2);
const browser = await launch(process.env.CHROMIUM);
const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
const page = await open(context, base);

/** Goes to a view by its address and waits for something in it. */
async function go(hash, selector) {
  await page.evaluate((to) => { location.hash = to; }, hash);
  await page.waitForSelector(selector);
  await accessible(page, hash);
}

await page.locator('[name=name]').fill('boss');
await page.locator('[name=password]').fill(process.env.PASSWORD);
await page.keyboard.press('Enter');
await page.waitForSelector('.areas');

// By keyboard to the supervisor's view; one waits, and says why.
await page.keyboard.press('Alt+Shift+Digit2');
await page.waitForSelector('lc-supervisor tbody tr');
const waiting = page.locator('section[aria-labelledby=work-title] tbody tr', { hasText: 'Why?' });
await waiting.getByRole('button', { name: /Why\?/ }).click();
await page.waitForSelector('lc-why .because');
assert.match(await page.locator('lc-why').textContent(), /Full: 1 of 1/);
await accessible(page, 'why');
await page.keyboard.press('Escape');

// Why an agent got what they got.
await page.locator('section[aria-labelledby=agents-title] tbody tr', { hasText: 'agent-1' }).getByRole('button', { name: /Why/ }).click();
await page.waitForSelector('lc-why-agent li');
await accessible(page, 'why an agent got nothing');

// The other one is taken over.
const connected = page.locator('section[aria-labelledby=work-title] tbody tr', { hasText: 'connected' });
await connected.locator('button.link').click();
await page.getByRole('button', { name: 'Take over' }).click();
await page.waitForSelector('lc-composer textarea');

await go('#/wallboard', '.wall tbody tr');
const key = holder(base, process.env.KEY);
const { config: before } = await key('GET', 'site');
await key('PUT', 'site', { config: { ...before, stations: { counter: { name: '<b>Counter</b>', media_types: ['chat'] } } } }, { 'if-match': '*' });
await go('#/account', 'lc-account .chip.ok');

// The browser stands at a station: whoever signs in here sits there, and may get what comes to that place.
await page.getByLabel('Station of this browser').selectOption('counter');
await page.getByRole('button', { name: 'Sit here' }).click();
await page.locator('lc-station [role=status]', { hasText: 'counter' }).waitFor();
await accessible(page, 'a station');
const sits = page.waitForResponse((one) => one.url().endsWith('/agents/me/station') && one.request().method() === 'PUT');
await page.reload();
assert.equal((await sits).status(), 204);

// What was counted: in charts and by time, ordered by queues, taken along as the hub has it.
await go('#/reports', '.day-chart rect.came');
await page.locator('lc-figures tbody tr').first().waitFor();
await page.getByRole('combobox', { name: 'Report', exact: true }).selectOption('queues');
await page.waitForFunction(() => location.hash.startsWith('#/reports/queues'));
const support = page.locator('lc-figures tbody tr', { hasText: 'support' });
await support.waitFor();
const order = page.locator('lc-figures th', { hasText: 'Came' });
await order.getByRole('button').click();
assert.equal(await order.getAttribute('aria-sort'), 'descending');
assert.match(await page.locator('lc-figures tbody tr').first().textContent(), /support/);
await page.getByLabel('All columns').check();
await accessible(page, 'a report by queue');
const [sheet] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save as CSV' }).click()]);
assert.match(sheet.suggestedFilename(), /^linecard-queues-.*\.csv$/);
const [names, ...rows] = (await (await sheet.createReadStream()).toArray()).join('').replace('\ufeff', '').trim().split('\r\n').map((line) => line.split(','));
const counted = await key('GET', 'queues/support/intervals');
const sum = (name) => counted.reduce((all, one) => all + one[name], 0);
const saved = rows.find(([name]) => name === 'support');
assert.deepEqual(['Came', 'Answered', 'Handled'].map((name) => Number(saved[names.indexOf(name)])), ['offered', 'answered', 'handled'].map(sum));
await page.getByRole('combobox', { name: 'Report', exact: true }).selectOption('agents');
await page.locator('lc-figures tbody tr', { hasText: 'agent-1' }).waitFor();
await accessible(page, 'a report by agent');

// The emergency switch asks first.
await go('#/supervisor', '#hours-title');
await page.getByRole('button', { name: /Close at once/ }).click();
await page.locator('dialog[open] .danger').click();
await page.getByRole('button', { name: /End the emergency/ }).click();
await page.locator('dialog[open] .danger').click();
await page.getByRole('button', { name: /Close at once/ }).waitFor();

// A channel's form is made from its plug-in's schema, and what is wrong stands at its field.
await go('#/admin/channels/+', '.pick');
await page.locator('.pick', { hasText: 'Private conversations with a Facebook page' }).click();
await page.getByLabel('Page id').fill('no digits');
await page.locator('form.editor .main').click();
await page.waitForSelector('.wrong .fault');
const wrong = page.locator('.field.wrong', { has: page.getByLabel('Page id') });
assert.match(await wrong.locator('.fault').first().textContent(), /no digits/);
await accessible(page, 'a channel with faults');

// From nothing to the first answer, with the network to practise on.
await go('#/start', '.step.now');
await page.getByRole('button', { name: 'Become a member' }).click();
await page.getByRole('button', { name: 'Start practising' }).click();
await page.getByRole('button', { name: 'I am ready' }).click();
await page.getByRole('button', { name: 'Send' }).click();
await page.waitForSelector('.phone .mine');
await accessible(page, 'a customer wrote');
await page.getByRole('link', { name: 'To my work' }).click();
await page.locator('.offer', { hasText: 'Dora Practice' }).getByRole('button', { name: 'Accept' }).click();
await page.locator('.head h2', { hasText: 'Dora Practice' }).waitFor();
const practised = await page.evaluate(() => location.hash);
const answer = page.locator('lc-composer textarea[data-key=KeyR]');
await answer.fill('It is on its way.');
await answer.press('Control+Enter');
await page.locator('lc-message.ours', { hasText: 'It is on its way.' }).waitFor();
await go('#/start', '.phone .theirs');
assert.match(await page.locator('.phone .theirs').textContent(), /It is on its way\./);
await go('#/admin/channels/practice', 'lc-channel .chip.ok');
await page.getByRole('button', { name: 'Try it' }).click();
await page.getByText('It works: the network answered.').waitFor();

// Who leads may write first, once the conversation is over.
await go(practised, 'lc-composer textarea');
const id = practised.split('/').at(-1);
await page.evaluate(async (which) => {
  const headers = { 'content-type': 'application/json', 'x-linecard-session': 'cookie' };
  const ended = await fetch(`/api/v1/interactions/${which}/end`, { method: 'POST', headers, body: JSON.stringify({ disposition: 'Processed' }) });
  if (!ended.ok) throw new Error(await ended.text());
}, id);
await page.getByRole('button', { name: 'Write to them first' }).click();
await accessible(page, 'a first message');
await page.getByLabel('First message').fill('Did it come?');
await page.getByRole('button', { name: 'Begin the conversation' }).click();
await page.locator('lc-message.ours', { hasText: 'Did it come?' }).waitFor();
await page.waitForSelector('lc-composer textarea');
assert.notEqual(await page.evaluate(() => location.hash), practised);
// What is kept about a person can be had, and erased once nothing is under way with them.
const [kept] = await Promise.all([page.waitForEvent('download'), page.locator('lc-merging').getByRole('link', { name: 'Export' }).click()]);
assert.match((await (await kept.createReadStream()).toArray()).join(''), /It is on its way\./);
await page.locator('lc-merging').getByRole('button', { name: 'Erase' }).click();
await accessible(page, 'whether to erase');
await page.locator('lc-merging .trouble').getByRole('button', { name: 'Erase' }).click();
await page.locator('.notices .problem').waitFor();
await page.getByRole('button', { name: 'Dismiss' }).click();

// A rule is checked while it is written, tried, and saved once it is right.
await go('#/admin/rules', '#rules-title');
await page.getByRole('button', { name: 'New', exact: true }).click();
await page.getByRole('textbox', { name: 'Condition' }).fill("message.txt.contains('refund')");
await page.getByLabel('Queue', { exact: true }).selectOption('support');
await page.waitForSelector('.field.wrong textarea');
assert.match(await page.locator('.field.wrong .fault').first().textContent(), /line 1, column \d+/);
assert.ok(await page.locator('#rules-title ~ .main').isDisabled());
await accessible(page, 'a rule with a fault');
await page.getByRole('textbox', { name: 'Condition' }).fill("message.text.contains('refund')");
await page.waitForSelector('.rule:not(.wrong)');
await page.waitForFunction(() => !document.querySelector('#rules-title ~ .main').disabled);
await page.getByRole('button', { name: 'Try', exact: true }).click();
await page.waitForSelector('#test-title');
await page.locator('#rules-title ~ .main').click();
await page.getByText('Saved. It is in force.').waitFor();

// Another system is told what happens; its secret is shown once.
await go('#/admin/webhooks/+', 'lc-form .field');
await page.getByRole('textbox', { name: /^Id/ }).fill('tickets');
await page.getByLabel(/^Address/).fill('http://tickets.example.com/hooks');
await page.locator('form.editor .main').click();
await page.waitForSelector('.wrong .fault');
await page.getByLabel(/^Address/).fill('https://tickets.example.com/hooks');
await page.locator('form.editor .main').click();
await page.locator('.copy code', { hasText: 'whsec_' }).waitFor();
await accessible(page, 'a webhook with its secret');

// What models learn from: what an agent corrected is told from what was found; another one is written, and kept out.
const { items: said } = await key('GET', `interactions/${id}/messages?limit=50`);
const asked = said.find((one) => one.author.kind === 'contact');
await key('PUT', `interactions/${id}/messages/${asked.id}/scores`, { labels: ['question'], scores: { sentiment: 0.5 } });
await go('#/admin/training', 'lc-training .lesson');
const corrected = page.locator('.lesson', { has: page.locator('.chip', { hasText: 'corrected' }) });
await corrected.locator('.chip.label', { hasText: 'question' }).waitFor();
await corrected.locator('a').click();
await page.locator('lc-lesson .facts', { hasText: 'Corrected by' }).waitFor();
await accessible(page, 'a corrected message');
await go('#/admin/training/+', 'lc-lesson textarea');
await page.getByLabel(/^What it says/).fill('My parcel is late <b>again</b>');
await page.locator('lc-lesson .main').click();
await page.waitForSelector('lc-lesson .wrong .fault');
await page.getByLabel(/^Labels/).fill('complaint');
await page.locator('lc-lesson .main').click();
await page.locator('lc-lesson', { hasText: 'Saved.' }).waitFor();
await page.locator('lc-lesson').getByRole('link', { name: 'Close' }).click();
const late = page.locator('.lesson', { hasText: 'My parcel is late <b>again</b>' });
await late.getByRole('button', { name: /^Keep out/ }).click();
await late.locator('.chip', { hasText: 'Kept out' }).waitFor();
await page.getByLabel('Use', { exact: true }).selectOption('used');
await late.waitFor({ state: 'detached' });
assert.equal(await page.locator('.lesson').count(), 1);
const [table] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Export as a table' }).click()]);
const lines = (await (await table.createReadStream()).toArray()).join('').trim().split('\n');
assert.equal(lines.length, 2, lines.join('\n'));
assert.match(lines[1], /\tquestion\tquestion\tcorrection\t/);

// What holds for the whole site.
await go('#/admin/settings', '#settings-title');
await page.getByLabel('Name of the company').fill('Another name');
await page.locator('form.editor .main').click();
await page.getByText('Saved. It is in force.').waitFor();

for (const [section, selector] of [
  ['analyzers/words', 'lc-form lc-form, lc-form ~ lc-form'], ['macros/+', 'lc-form .field'], ['groups/odd', 'lc-form .field'], ['roles/odd', '.choices.tall'], ['stations/+', 'lc-form .field'],
  ['plugins/messenger', '.facts'], ['queues/support', 'lc-form .field'], ['agents/agent-1', 'lc-form .field'], ['skills', '#skills-title'],
  ['hours/shop', '.week'], ['responses/+', 'lc-form .field'], ['keys', '#list-title'], ['dead-letters', '#letters-title'], ['audit', 'lc-audit tbody tr'],
]) {
  await go(`#/admin/${section}`, selector);
}
// On a telephone, too.
await page.setViewportSize({ width: 360, height: 740 });
for (const [view, selector] of [['#/supervisor', 'lc-supervisor tbody tr'], ['#/admin/queues/support', 'lc-form .field'], ['#/wallboard', '.wall tbody tr'], ['#/reports/queues', 'lc-figures tbody tr'], ['#/reports', '.day-chart']]) {
  await page.evaluate((to) => { location.hash = to; }, view);
  await page.waitForSelector(selector);
  await fits(page, view);
}

// Rights that are taken away while their view is open: it is gone at once, and the work goes on.
await page.setViewportSize({ width: 1280, height: 800 });
await page.evaluate(() => { location.hash = '#/supervisor'; });
await page.waitForSelector('lc-supervisor tbody tr');
const { config } = await key('GET', 'site');
// Somebody has to administer the site.
config.agents['agent-1'].role = 'admin';
config.agents.boss.role = 'agent';
await key('PUT', 'site', { config }, { 'if-match': '*' });
await page.locator('.notices', { hasText: 'You may no longer open' }).waitFor();
await page.waitForSelector('lc-desk lc-inbox');
assert.deepEqual(await page.locator('.areas a').allTextContents(), ['My work', 'Search', 'My account']);
await page.locator('.row', { hasText: 'Dora Practice' }).locator('a').click();
await answer.fill('And I still answer.');
await answer.press('Control+Enter');
await page.locator('lc-message.ours', { hasText: 'And I still answer.' }).waitFor();

assert.deepEqual(faults, []);
await browser.close();
