// An agent's day in a real browser, by keyboard where it counts: private and public conversations, what a network
// takes and does not, colleagues, and a hub that dies and comes back.
// Arguments: the hub's address, and the networks' addresses as JSON; CHROMIUM is the browser's program. It
// prints `hub: kill` and `hub: start` where whoever runs it is to do that.

import assert from 'node:assert/strict';
import { accessible, colleague, eventually, faults, launch, network, open, way } from './desk.mjs';

const [base, networks] = process.argv.slice(2);
const { svg, html, ...addresses } = JSON.parse(networks);
const { graph, web, whatsapp } = Object.fromEntries(Object.entries(addresses).map(([name, at]) => [name, network(at)]));
const browser = await launch(process.env.CHROMIUM);
const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-US' });
const page = await open(context, base);
const answer = page.locator('lc-composer textarea[data-key=KeyR]');
const began = Date.now();
const SAID = '<img src=x onerror=alert(1)><script>alert(2)</script> <b>now</b> \u202eolleh javascript:alert(3)';
const told = (what) => console.log(`${String(Date.now() - began).padStart(6)} ms  ${what}`);

/** Takes what rings next, by keyboard, and waits until it is open. */
async function accept(name) {
  await page.locator('.offer', { hasText: name }).waitFor();
  await page.keyboard.press('Alt+KeyA');
  await page.locator('.head h2', { hasText: name }).waitFor();
  await answer.waitFor();
}

/** Sends what stands in the composer, by keyboard, and waits until it is in the conversation. */
async function send(text) {
  await answer.press('Control+Enter');
  await page.locator('lc-message.ours', { hasText: text }).last().waitFor();
  await page.waitForFunction(() => document.querySelector('textarea[data-key=KeyR]')?.value === '');
}

const message = (text) => page.locator('lc-message', { hasText: text }).last();
const reached = (text) => message(text).locator('.state.sent, .state.delivered, .state.read').waitFor();
const saved = () => page.waitForResponse((one) => one.url().endsWith('/draft') && one.request().method() === 'PUT');

// --- In.
await web.person('dora', 'Dora', 'Fischer');
await web.say('dora', { type: 'text', text: SAID });
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
const second = await open(context, base);
await second.waitForSelector('.offer');
assert.match(await page.title(), /^\(1\)/);
await page.keyboard.press('Alt+KeyA');
await answer.waitFor();
await second.waitForSelector('.offer', { state: 'detached' });
told('accepted');

// --- What a customer writes is text, whatever it looks like.
assert.equal(await page.locator('lc-message .text').first().textContent(), SAID);
assert.equal(await page.locator('lc-message img, lc-message script, lc-message b').count(), 0);

// What was typed is there after a reload.
await Promise.all([saved(), answer.fill('We look into it')]);
await page.reload();
await page.waitForFunction(() => document.querySelector('textarea[data-key=KeyR]')?.value === 'We look into it');
// One tab reads the stream for both; when it goes, the other one does.
await second.evaluate(() => { location.hash = document.querySelector('.row a').hash; });
await web.say('dora', { type: 'text', text: 'One more thing' });
await Promise.all([page, second].map((tab) => tab.locator('lc-message', { hasText: 'One more thing' }).waitFor()));
await second.close();
await web.say('dora', { type: 'text', text: 'That was all' });
await message('That was all').waitFor();
told('two tabs, one after the other');
await page.keyboard.press('Alt+KeyR');
await page.keyboard.press('End');
await page.keyboard.type(' at once.');
await send('at once.');
await reached('at once.');

// A standard response is found by `/`, and filled in.
await page.keyboard.type('/thank');
await page.waitForSelector('lc-responses [role=option]');
await accessible(page, 'standard responses');
await page.keyboard.press('Enter');
await page.waitForFunction(() => document.querySelector('textarea[data-key=KeyR]')?.value.startsWith('Thank you, Dora'));
await send('Thank you, Dora');
await reached('Thank you, Dora');
told('answered, and with a response');

// --- A note names a colleague, a label, a fact.
const notes = page.locator('lc-notes textarea[name=text]');
await notes.fill('Please look, ');
await notes.press('End');
await page.keyboard.type('@agent-2');
await page.locator('lc-notes [role=option]').waitFor();
await page.keyboard.press('Enter');
await page.locator('lc-notes form button').click();
await page.locator('lc-notes .note', { hasText: '@agent-2' }).waitFor();
await page.locator('lc-contact input[name=label]').fill('vip');
await page.keyboard.press('Enter');
await page.locator('lc-contact .chip', { hasText: 'vip' }).waitFor();
told('noted');

// The colleague names the agent back: it is told wherever they are, counted, still there after a reload, and one step away.
const other = await colleague(base, 'agent-2', 'agent-2');
const dora = await page.evaluate(() => location.hash);
await page.evaluate(() => { location.hash = '#/search'; });
await page.waitForSelector('lc-search');
const unnamed = await page.title();
await other('POST', `${dora.slice(2)}/notes`, { text: '@agent-1 I called <b>Dora</b>, she waits.' });
await page.locator('.mention', { hasText: 'agent-2 mentioned you about Dora Fischer' }).waitFor();
await page.waitForFunction((before) => document.title !== before, unnamed);
assert.match(await page.title(), /^\(\d+\)/);
await accessible(page, 'a mention');
await page.reload();
await page.locator('.mention', { hasText: 'I called <b>Dora</b>, she waits.' }).waitFor();
await page.getByRole('button', { name: 'Show the note' }).click();
await page.locator('.note:focus', { hasText: 'I called' }).waitFor();
await page.waitForSelector('.mention', { state: 'detached' });
// A note on the contact leads to the newest conversation with them; one that is taken back is told no more.
const { contact: whom } = await other('GET', dora.slice(2));
const taken = await other('POST', `contacts/${whom}/notes`, { text: '@agent-1 never mind' });
await page.locator('.mention', { hasText: 'never mind' }).waitFor();
await other('DELETE', `contacts/${whom}/notes/${taken.id}`);
await page.waitForSelector('.mention', { state: 'detached' });
await page.evaluate(() => { location.hash = '#/search'; });
await page.waitForSelector('lc-search');
await other('POST', `contacts/${whom}/notes`, { text: 'She likes tea, @agent-1' });
await page.locator('.mention', { hasText: 'She likes tea' }).getByRole('button', { name: 'Show the note' }).click();
await page.locator('.note:focus', { hasText: 'She likes tea' }).waitFor();
assert.equal(await page.evaluate(() => location.hash), dora);
await answer.waitFor();
told('mentioned');

// --- In public: the customer changes their mind while the agent writes.
await graph.person('7001', 'Mara', 'Lind');
await graph.person('7002', 'Tom', 'Okafor');
const post = await graph.say('7001', { on: 'feed', type: 'post', text: 'Nobody answers the phone' });
const comment = await graph.say('7002', { on: 'feed', type: 'comment', post, text: 'Same here' });
const second_thought = await graph.say('7002', { on: 'feed', type: 'reply', to: comment, text: 'Forget it' });
await accept('Mara Lind');
await message('Forget it').waitFor();
assert.equal(await message('Same here').locator('header strong').textContent(), 'Tom Okafor');
await message('Same here').locator('.tool', { hasText: /^Reply$/ }).click();
await page.keyboard.type('Sorry, Tom. We');
await graph.say('7002', { on: 'feed', type: 'edit', id: comment, text: 'Same here, since Monday' });
await graph.say('7002', { on: 'feed', type: 'delete', id: second_thought });
await message('since Monday').locator('.before').waitFor();
await page.locator('lc-message .gone', { hasText: 'Forget it' }).waitFor();
// Nothing was lost, and the focus is where it was.
await page.keyboard.type(' call you.');
assert.equal(await answer.inputValue(), 'Sorry, Tom. We call you.');
await accessible(page, 'a public conversation');
await send('We call you.');
await reached('We call you.');
assert.ok(await message('We call you.').evaluate((one) => one.classList.contains('deep-2')), 'the answer stands below what it answers');
await message('since Monday').locator('.tool', { hasText: /^Like$/ }).click();
await message('since Monday').locator('.tool', { hasText: 'Take like back' }).waitFor();
await message('since Monday').locator('.tool', { hasText: 'Reply privately' }).click();
await page.keyboard.type('Which number is yours?');
await send('Which number is yours?');
await message('Which number is yours?').locator('.chip', { hasText: 'private' }).waitFor();
await reached('Which number is yours?');
told('answered in public, liked, answered privately');

// --- The network no longer takes a free text: a template, once consent is recorded.
await whatsapp.person('16505551234', 'Ada', 'Brooks');
const yesterday = String(Math.floor(Date.now() / 1000) - 30 * 3600);
await whatsapp.say('16505551234', { type: 'raw', message: { type: 'text', text: { body: 'Where is it?' }, timestamp: yesterday } });
await accept('Ada Brooks');
await page.locator('lc-composer .notice', { hasText: 'template' }).waitFor();
await page.locator('lc-contact button', { hasText: 'Record consent' }).click();
await page.locator('lc-contact input[name=source]').fill('order form');
await page.keyboard.press('Enter');
await page.locator('lc-contact', { hasText: 'order form' }).waitFor();
await page.keyboard.press('Alt+KeyV');
await page.locator('lc-templates select').selectOption({ label: 'order_update (en_US)' });
const gaps = page.locator('lc-templates input');
await gaps.nth(0).fill('Ada');
await gaps.nth(1).fill('4711');
await page.locator('lc-templates blockquote', { hasText: 'Hello Ada, your order 4711' }).waitFor();
await accessible(page, 'a template');
await page.keyboard.press('Enter');
await page.locator('lc-message.ours .state.sent, lc-message.ours .state.delivered, lc-message.ours .state.read').waitFor();
told('sent a template');

// She writes again, and may be answered freely: by a list, within what the network takes of one, by keyboard.
await whatsapp.say('16505551234', { type: 'text', text: 'When can it come?' });
await message('When can it come?').waitFor();
await page.getByRole('button', { name: 'Card or list' }).waitFor();
await page.keyboard.press('Alt+KeyB');
await page.locator('lc-structured input[type=radio]:focus').waitFor();
await page.keyboard.press('ArrowRight');
await page.getByLabel('What can be chosen', { exact: true }).nth(1).waitFor();
for (const [at, line] of ['Tuesday, before noon, if it must be', 'Wednesday'].entries()) await page.getByLabel('What can be chosen', { exact: true }).nth(at).fill(line);
await page.locator('lc-structured .wrong .problem', { hasText: '35 characters' }).waitFor();
await accessible(page, 'a list with a fault');
const sending = page.locator('.sending button');
assert.ok(await sending.isDisabled(), 'a line is too long');
await page.getByLabel('What can be chosen', { exact: true }).first().fill('Tuesday');
await page.getByLabel('Explanation (may be left out)').first().fill('Before noon');
// Above it the network asks for a text.
await page.locator('lc-structured [role=status]', { hasText: 'write your answer' }).waitFor();
assert.ok(await sending.isDisabled(), 'there is no text');
await Promise.all([saved(), answer.fill('Choose a day, please.')]);
await page.locator('.preview', { hasText: 'Choose a day, please.' }).locator('.shown-rows', { hasText: 'Before noon' }).waitFor();
await page.reload();
await page.locator('lc-composer .chip', { hasText: 'List: Tuesday' }).waitFor();
await send('Choose a day, please.');
await message('Choose a day, please.').locator('.shown-rows', { hasText: 'Before noon' }).waitFor();
await reached('Choose a day, please.');
const chosen = await whatsapp.delivered('16505551234');
assert.match(JSON.stringify(chosen), /"Before noon"/);
told('sent a list');

// --- Nobody knows whether it arrived: the agent looks, and decides.
await graph.person('7003', 'Uma', 'Reyes');
await graph.say('7003', { type: 'text', text: 'Are you open on Sunday?' });
await accept('Uma Reyes');
// A picture goes with it as soon as it is there, and is seen.
const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
await page.locator('lc-composer input[type=file]').setInputFiles({ name: 'way.png', mimeType: 'image/png', buffer: Buffer.from(pixel, 'base64') });
await page.locator('lc-composer .chip', { hasText: 'way.png' }).waitFor();
await answer.fill('This is the way.');
await send('This is the way.');
await page.waitForFunction(() => document.querySelector('lc-message figure img')?.naturalWidth === 1);
await reached('This is the way.');
// So is a card with a button.
await page.keyboard.press('Alt+KeyB');
await page.getByLabel('Title', { exact: true }).fill('Our shop');
await page.locator('lc-structured [role=status]', { hasText: 'more than a title' }).waitFor();
await page.getByRole('button', { name: 'Add a button' }).click();
await page.getByLabel('Button 1', { exact: true }).getByRole('combobox').selectOption('link');
await page.getByLabel('What the button says').fill('The way');
await page.getByLabel('Address', { exact: true }).fill('shop.example.com');
await page.getByLabel('Address', { exact: true }).blur();
await page.locator('lc-structured .wrong .problem', { hasText: 'https://' }).waitFor();
await page.getByLabel('Address', { exact: true }).fill('https://shop.example.com/way');
await accessible(page, 'a card');
// All of it by keyboard: what is taken away leaves the focus where another could be added, and Escape leads back to the text.
await page.getByRole('button', { name: 'Add a button' }).press('Enter');
await page.keyboard.type('Yes');
await page.getByRole('button', { name: 'Remove Button 2' }).press('Enter');
await page.locator('lc-structured button:focus', { hasText: 'Add a button' }).waitFor();
await page.keyboard.press('Escape');
await page.locator('lc-composer textarea:focus').waitFor();
await page.getByRole('button', { name: 'Card: Our shop' }).press('Enter');
await page.getByLabel('Address', { exact: true }).press('Control+Enter');
await page.locator('lc-message.ours .shown-card', { hasText: 'Our shop' }).waitFor();
await page.locator('lc-message.ours', { hasText: 'Our shop' }).locator('.state.sent, .state.delivered, .state.read').waitFor();
// The answer to the call is lost, and so is every other way to find out.
await graph.steer('PUT', 'after-send', { echo: false, delivered: false, read: false, delay_ms: 20 });
const sends = async () => (await graph.steer('GET', 'tallies')).tallies.find((one) => one.operation === 'send' && one.direction === 'from_hub').tally.succeeded;
const lose = async (text) => {
  const before = await sends();
  await answer.fill(text);
  // First the customer is shown that somebody writes: that is not to be what is lost.
  await eventually('that somebody writes', async () => await sends() > before);
  await graph.steer('POST', 'faults', { fault: 'close_mid_answer', times: 1, operation: 'send' });
  await graph.steer('POST', 'faults', { fault: '503', probability: 1, operation: 'conversations' });
};
await lose('From ten to four.');
await send('From ten to four.');
await message('From ten to four.').locator('.trouble.uncertain').waitFor();
await accessible(page, 'an uncertain answer');
await message('From ten to four.').getByRole('button', { name: 'It did not arrive' }).click();
await message('From ten to four.').locator('.trouble.failed').waitFor();
await graph.steer('DELETE', 'faults');
await message('From ten to four.').getByRole('button', { name: 'Send again' }).click();
await reached('From ten to four.');
await lose('See you there.');
await send('See you there.');
await message('See you there.').getByRole('button', { name: 'It arrived', exact: true }).click();
await message('See you there.').locator('.state.sent').waitFor();
await graph.steer('DELETE', 'faults');
told('decided what was uncertain');

// --- A colleague is asked, and gets it.
await other('PUT', 'agents/me/presence', { state: 'ready' });
await page.keyboard.press('Alt+KeyT');
await page.locator('.target', { hasText: 'agent-2' }).filter({ has: page.locator('.dot.good') }).locator('input').check();
await accessible(page, 'giving on');
await page.locator('[data-give=consult]').click();
await page.locator('.leg', { hasText: 'is asked' }).waitFor();
const offers = await eventually('the question', async () => {
  const all = await other('GET', 'offers');
  return all.length ? all : undefined;
});
await other('POST', `offers/${offers[0].id}/accept`, {});
await page.locator('[data-leg=complete]').click();
await page.locator('.row', { hasText: 'Uma Reyes' }).waitFor({ state: 'detached' });
await page.locator('.read-only').waitFor();
await other('PUT', 'agents/me/presence', { state: 'offline' });
// Another one goes to a queue.
await page.locator('.row', { hasText: 'Ada Brooks' }).locator('a').click();
await page.locator('.head h2', { hasText: 'Ada Brooks' }).waitFor();
await page.keyboard.press('Alt+KeyT');
await page.locator('.target', { hasText: 'Sales' }).locator('input').check();
await page.locator('[data-give=transfer]').click();
await page.locator('.row', { hasText: 'Ada Brooks' }).waitFor({ state: 'detached' });
told('asked, and gave on');

// --- Whatever somebody writes, in whatever place, is text: nothing of it runs, and nothing turns or covers the rest.
const NAME = '<img src=x onerror=alert(4)> \u202eZo\u0300\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308\u0309\u030a';
await web.person('mallory', NAME, '<b>M</b>');
await web.say('mallory', { type: 'text', text: 'x'.repeat(7000) });
await web.say('mallory', { type: 'attachment', media_type: 'Image', url: svg, mime: 'image/svg+xml', filename: '"><img src=x onerror=alert(5)>.svg' });
await web.say('mallory', { type: 'attachment', media_type: 'File', url: html, mime: 'text/html', filename: 'bill\u202efdp.html', text: 'javascript:alert(6)' });
await page.locator('.offer', { hasText: 'alert(4)' }).waitFor();
await accessible(page, 'a hostile offer');
await page.keyboard.press('Alt+KeyA');
await answer.waitFor();
assert.equal(await page.locator('.head h2').textContent(), `${NAME} <b>M</b>`);
await page.locator('lc-message a.file').nth(1).waitFor();
const self = await colleague(base, 'agent-1', 'agent-1');
const hostile = (await page.evaluate(() => location.hash)).split('/').at(-1);
const { contact } = await self('GET', `interactions/${hostile}`);
await self('POST', `interactions/${hostile}/notes`, { text: `${SAID} [a](javascript:alert(7))` });
await self('PUT', `interactions/${hostile}/labels/${encodeURIComponent('<b>\u202elabel</b>')}`, {});
await self('PUT', `contacts/${contact}/attributes/odd`, { type: 'text', value: SAID });
// Cards of no known form are drawn as far as they are any.
const odd = [null, { title: '<img src=x onerror=alert(8)>', image_url: 'javascript:alert(9)', actions: 'none' }, { title: 5, actions: [null, { type: 'link', text: 'x', url: 'javascript:alert(9)' }] }];
await self('POST', `interactions/${hostile}/messages`, { structured: { kind: 'carousel', content: { cards: odd } } });
await page.locator('.shown-card', { hasText: 'alert(8)' }).waitFor();
await page.locator('lc-notes .note', { hasText: 'alert(7)' }).waitFor();
await page.locator('lc-contact .chip', { hasText: 'label' }).waitFor();
await page.locator('lc-attributes', { hasText: 'alert(2)' }).waitFor();
await accessible(page, 'hostile words everywhere');
// Opened by themselves the files run nothing either.
for (const file of await page.locator('lc-message a.file').all()) {
  const at = await file.evaluate((one) => one.href);
  const opened = await context.newPage();
  opened.on('dialog', (dialog) => { faults.push(`${at}: ${dialog.message()}`); void dialog.dismiss(); });
  await opened.goto(at).catch(() => {});
  await opened.close();
}
told('what is hostile is text');

// Everything is found by its words.
await page.keyboard.press('Control+KeyK');
await page.waitForSelector('.palette[open] [role=option]');
await accessible(page, 'everything that can be done');
await page.keyboard.type('dora fis');
await page.locator('.palette [aria-selected=true]', { hasText: 'Dora Fischer' }).waitFor();
await page.keyboard.press('Enter');
await page.locator('.head h2', { hasText: 'Dora Fischer' }).waitFor();
// So is what was said: marked, and one step from where it was said and back.
await page.keyboard.press('Control+KeyK');
await page.waitForSelector('.palette[open] [role=option]');
await page.keyboard.type('javascript');
await page.locator('.palette [role=option]', { hasText: 'javascript' }).last().click();
await page.locator('.hits mark', { hasText: 'javascript' }).first().waitFor();
await accessible(page, 'what was found');
await page.evaluate(() => history.back());
await page.locator('.head h2', { hasText: 'Dora Fischer' }).waitFor();
told('found by its words');

// --- The network is gone for a while: what was typed stays, and what happened meanwhile comes.
await answer.waitFor();
await answer.focus();
await page.keyboard.type('Typed before, ');
await context.setOffline(true);
await page.waitForSelector('.offline');
await page.keyboard.type('and while there was no network.');
await web.say('dora', { type: 'text', text: 'Said into the gap' });
await context.setOffline(false);
await page.waitForSelector('.offline', { state: 'detached' });
await message('Said into the gap').waitFor();
assert.equal(await answer.inputValue(), 'Typed before, and while there was no network.');
assert.ok(await answer.evaluate((one) => one === document.activeElement), 'the focus stayed');
await answer.fill('');
told('offline and back');

// --- The way to the hub is lost, and nobody closes anything: silence tells it.
const route = await way(base);
const far = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-US' });
await far.clock.install();
const remote = await open(far, route.base);
await remote.locator('[name=name]').fill('agent-1');
await remote.locator('[name=password]').fill('agent-1');
await remote.keyboard.press('Enter');
await remote.locator('.row', { hasText: 'Dora Fischer' }).locator('a').click();
await remote.locator('lc-message', { hasText: 'Said into the gap' }).waitFor();
route.lose();
// The hub says something every 15 s: so long a silence is nothing yet.
await far.clock.fastForward(20_000);
assert.equal(await remote.locator('.offline').count(), 0);
await far.clock.fastForward(25_000);
await remote.waitForSelector('.offline');
await web.say('dora', { type: 'text', text: 'Said into the silence' });
await message('Said into the silence').waitFor();
route.find();
let patience = 400;
await eventually('the way back', async () => {
  patience *= 1.5;
  const back = await remote.waitForSelector('.offline', { state: 'detached', timeout: patience }).then(() => true, () => false);
  // What is left of the lost connections is given up in its time.
  if (!back) await far.clock.fastForward(5_000);
  return back;
});
await remote.locator('lc-message', { hasText: 'Said into the silence' }).waitFor();
await far.close();
route.end();
told('a silent way was noticed');

// --- The hub dies under the open desk, and comes back.
console.log('hub: kill');
await page.waitForSelector('.offline');
await answer.fill('Said while the hub was away.');
await accessible(page, 'offline');
console.log('hub: start');
await page.waitForSelector('.offline', { state: 'detached' });
assert.equal(await answer.inputValue(), 'Said while the hub was away.');
await send('Said while the hub was away.');
await reached('Said while the hub was away.');
await web.say('dora', { type: 'text', text: 'And I am still here' });
await message('And I am still here').waitFor();
told('the hub died and came back');

// --- Narrow, and in German.
await page.setViewportSize({ width: 360, height: 740 });
await page.locator('.settings summary').click();
await page.getByRole('button', { name: 'Deutsch' }).click();
await page.waitForFunction(() => document.documentElement.lang === 'de');
await page.getByRole('button', { name: 'Halten' }).waitFor();
await answer.waitFor();
const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
assert.equal(wide, 0, 'nothing is wider than the screen');
await accessible(page, 'narrow and German');
await page.locator('.back').click();
await page.locator('.row', { hasText: 'Dora Fischer' }).locator('a').click();

// --- The conversation ends by keyboard, and so does what comes after it.
await answer.waitFor();
await page.keyboard.press('Alt+KeyE');
await page.waitForSelector('select[name=code]');
await accessible(page, 'wrap-up');
// The choice has the focus by itself.
await page.keyboard.press('ArrowDown');
await page.keyboard.press('Tab');
await page.keyboard.press('Enter');
await page.waitForSelector('select[name=code]', { state: 'detached' });
await page.setViewportSize({ width: 1280, height: 800 });
await page.getByRole('button', { name: 'Abmelden' }).click();
await page.waitForSelector('[name=name]');
assert.deepEqual(faults, []);
await browser.close();
told('out');
