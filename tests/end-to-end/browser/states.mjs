// Every state of the desk of which `pictures.mjs` takes pictures, and the stage on which they stand: a demo with some
// work of one's own, colleagues, and everything set up that can be.

import { colleague, eventually } from './desk.mjs';

const pixels = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const LONG = 'I have been a customer for eleven years now, and this is the third parcel in a row that did not arrive on the day that was promised. The tracking says “delivered”, but there is nothing at my door, nothing with the neighbours and nothing at the shop. I would like to know where it is, who signed for it, and what you are going to do about it.';

/** Signs in and sets everything up. */
export async function stage({ page, context, base, password, networks }) {
  const signIn = async () => {
    await page.goto(`${base}/desk/`);
    await page.locator('[name=name]').fill('you');
    await page.locator('[name=password]').fill(password);
    await page.keyboard.press('Enter');
    await page.waitForSelector('.areas');
  };
  await signIn();
  const ask = async (method, path, body) => {
    const { status, text } = await page.evaluate(async ([how, where, what]) => {
      const answer = await fetch(`../api/v1/${where}`, { method: how, headers: { 'x-linecard-session': 'cookie', 'content-type': 'application/json', ...(how === 'GET' ? {} : { 'idempotency-key': crypto.randomUUID() }), ...(where === 'site' && how === 'PUT' ? { 'if-match': '*' } : {}) }, body: what && JSON.stringify(what) });
      return { status: answer.status, text: await answer.text() };
    }, [method, path, body]);
    if (status >= 400) throw new Error(`${method} ${path}: ${status} ${text}`);
    return text && JSON.parse(text);
  };
  const go = async (hash, selector) => {
    await page.evaluate((to) => { location.hash = to; }, hash);
    await page.waitForSelector(selector);
  };
  const desk = { page, context, base, ask, go, signIn, networks, mine: '', pieces: {} };
  /** Leaves whatever is open. */
  desk.leave = async () => {
    await page.evaluate(() => { for (const one of document.querySelectorAll('dialog[open]')) one.close(); });
    await page.keyboard.press('Escape');
    await go('#/', 'lc-inbox');
  };
  /** What somebody wrote becomes one's own. */
  desk.own = async (text, who) => {
    const { id } = await eventually(text, async () => {
      const { items } = await ask('GET', 'inbox?scope=waiting&sort=created&order=desc&limit=200');
      // Out of hours an automatic answer comes last.
      return items.find((one) => (who ? one.customer?.display_name?.startsWith(who) : one.last_message?.text?.startsWith(text)) && one.state === 'queued');
    });
    await ask('POST', `interactions/${id}/pick-up`, {});
    return `#/interactions/${id}`;
  };

  await page.locator('lc-presence select').selectOption('ready');
  for (let taken = 0; taken < 2; taken += 1) {
    await page.waitForSelector('.offer', { timeout: 60_000 });
    const before = await page.evaluate(() => location.hash);
    await page.keyboard.press('Alt+KeyA');
    // The one before is not to be taken for it.
    await page.waitForFunction((hash) => location.hash !== hash, before);
    await page.waitForFunction(() => document.querySelector('lc-composer')?.item.id === location.hash.split('/').at(-1));
  }
  await page.locator('lc-composer textarea[data-key=KeyR]').fill('Thank you for writing. I am looking for it, and come back to you in a minute.');
  await page.keyboard.press('Control+Enter');
  await page.locator('lc-message.ours').last().waitFor();
  desk.mine = await page.evaluate(() => location.hash);
  // The queue rests from here on, so that somebody waits, and what is staged is nobody else's.
  await ask('POST', 'queues/support/pause', {});
  await furnish(desk);
  return desk;
}

/** Everything of which there can be something. */
async function furnish({ ask, networks: { graph, whatsapp }, own, pieces }) {
  const responses = [['thanks', 'Thank you', 'Thank you, {{contact.first_name|dear customer}}.'], ['delay', 'Delayed parcel', 'We are sorry that your parcel is late. It should be with you by tomorrow evening.'], ['refund', 'Refund', 'We refund the amount within five working days.']];
  for (const [id, title, text] of responses) await ask('PUT', `responses/${id}`, { title, text, folder: id === 'refund' ? 'Billing' : 'General', language: 'en' });
  await ask('PUT', 'macros/apologize', { title: 'Apologize and label', text: 'We are sorry.', add_labels: ['apologized'] });
  const { config } = await ask('GET', 'site');
  Object.assign(config, {
    groups: { night: { name: 'Night shift', members: ['robot-1', 'robot-2'] } }, roles: { trainer: { name: 'Trainer', rights: ['training', 'texts'] } },
    stations: { 'desk-1': { name: 'Desk 1', media_types: ['social-direct-message'] } },
  });
  Object.assign(config.agents.you, { skills: { english: 90, billing: 60 }, slots: { 'social-direct-message': 12, 'social-conversation': 12, chat: 12 } });
  Object.assign(config.agents['robot-1'], { skills: { english: 40, german: 100 } });
  config.queues.vip = { name: 'Important customers with a long name', members: ['you', 'robot-1'] };
  await ask('PUT', 'site', { config });
  await ask('PUT', 'agents/lena', { config: { name: 'Lena Vogel', role: 'supervisor', password: 'stored' }, password: 'a password of lena' });
  await ask('PUT', 'webhooks/tickets', { url: 'https://tickets.example.com/hooks', description: 'The ticket system' });
  for (const [text, labels] of [['My parcel is late again', ['complaint']], ['Where do I find my invoice?', ['question', 'billing']], [LONG, ['complaint', 'delivery']]]) await ask('POST', 'training-messages', { text, labels });

  await graph.person('90001', 'Uma', 'Reyes-Villanueva');
  await graph.say('90001', { type: 'text', text: 'Are you open on Sunday?' });
  pieces.trouble = await own('Are you open on Sunday?');
  await graph.person('90002', 'Mara', 'Lind');
  await graph.person('90003', 'Tom', 'Okafor');
  const post = await graph.say('90002', { on: 'feed', type: 'post', text: 'Nobody answers the phone. I have tried for three days now, at every hour.' });
  const comment = await graph.say('90003', { on: 'feed', type: 'comment', post, text: 'Same here' });
  await graph.say('90002', { on: 'feed', type: 'reply', to: comment, text: 'And the letter came back, too' });
  const gone = await graph.say('90003', { on: 'feed', type: 'comment', post, text: 'Forget it' });
  pieces.tree = await own('Forget it');
  await graph.say('90003', { on: 'feed', type: 'edit', id: comment, text: 'Same here, since Monday' });
  await graph.say('90003', { on: 'feed', type: 'delete', id: gone });
  await whatsapp.person('16505550001', 'Ada', 'Brooks');
  await whatsapp.say('16505550001', { type: 'raw', message: { type: 'text', text: { body: 'Where is it?' }, timestamp: String(Math.floor(Date.now() / 1000) - 30 * 3600) } });
  pieces.closed = await own('Where is it?');
  await whatsapp.person('16505550002', 'Ines', 'Castillo');
  await whatsapp.say('16505550002', { type: 'text', text: 'When can you bring it?' });
  pieces.days = await own('When can you bring it?', 'Ines');
  await graph.person('90004', 'Leyla', 'Haddad');
  await graph.say('90004', { type: 'text', text: LONG });
  await graph.say('90004', { type: 'text', text: 'مرحبا، أين طلبي؟ Order 4711' });
  pieces.long = await own('مرحبا');
  for (const [name, label] of [['Processed', 'Jo']]) {
    await graph.person('90005', label, 'Sandoval');
    await graph.say('90005', { type: 'text', text: 'Thank you, it has come.' });
    pieces.ended = await own('Thank you, it has come.');
    const id = pieces.ended.split('/').at(-1);
    await ask('POST', `interactions/${id}/end`, { disposition: name });
  }
  const id = pieces.long.split('/').at(-1);
  await ask('POST', `interactions/${id}/notes`, { text: '@you Please look at the two parcels before, they went the same way.' });
  await ask('PUT', `interactions/${id}/labels/vip`, {});
  const { items } = await ask('GET', `interactions/${id}/messages?limit=10`);
  const first = items.at(-1);
  await ask('PUT', `interactions/${id}/messages/${first.id}/scores`, { labels: ['complaint'], scores: { sentiment: -0.8 } });
  const { contact } = await ask('GET', `interactions/${id}`);
  await ask('PUT', `contacts/${contact}/attributes/customer-number`, { type: 'text', value: '4711-0815' });
  await ask('PUT', `contacts/${contact}/attributes/plan`, { type: 'text', value: 'Business, three lines' });
}

/** The network loses an answer, and every way to find out. */
async function lose({ page, networks: { graph } }, text) {
  await graph.steer('PUT', 'after-send', { echo: false, delivered: false, read: false, delay_ms: 20 });
  const field = page.locator('lc-composer textarea[data-key=KeyR]');
  await field.fill(text);
  await page.waitForTimeout(800);
  await graph.steer('POST', 'faults', { fault: 'close_mid_answer', times: 1, operation: 'send', customer: '90001' });
  await graph.steer('POST', 'faults', { fault: '503', probability: 1, operation: 'conversations' });
  await field.press('Control+Enter');
  await page.locator('lc-message .trouble.uncertain').waitFor();
  await graph.steer('DELETE', 'faults');
}

const click = (name) => ({ page }) => page.getByRole('button', { name }).first().click();
/** A view by its address. */
const at = (hash, selector) => ({ go }) => go(hash, selector);
/** A conversation, and a step in it. */
const within = (piece, step = () => {}) => async (desk) => {
  await desk.go(desk.pieces[piece] || desk.mine, 'lc-conversation .log lc-message');
  await step(desk);
};
const key = (code, selector) => async ({ page }) => {
  await page.keyboard.press(`Alt+${code}`);
  await page.waitForSelector(selector);
};
const admin = (section, selector, more = () => {}) => [`admin-${section.replace('/+', '-new').replaceAll('/', '-')}`, async (desk) => {
  await desk.go(`#/admin/${section}`, selector);
  await more(desk);
}];

/** Each state: its name, how it is reached, and how it is left where that is not by the desk's own ways. */
export const STATES = [
  ['work', at('#/', 'lc-inbox .row')],
  ['work-waiting', async ({ page, go }) => { await go('#/', 'lc-inbox'); await page.locator('.tab', { hasText: 'Waiting' }).click(); await page.waitForSelector('.row .over'); },
    async ({ page }) => { await page.locator('.tab', { hasText: 'Mine' }).click(); }],
  ['work-none-found', async ({ page, go }) => { await go('#/', 'lc-inbox'); await page.locator('.tab', { hasText: 'Waiting' }).click(); await page.locator('.tools input').fill('nobody is called so'); },
    async ({ page }) => { await page.locator('.tools input').fill(''); await page.locator('.tab', { hasText: 'Mine' }).click(); }],
  ['conversation', within('')],
  ['conversation-long', within('long')],
  ['conversation-tree', within('tree')],
  ['conversation-tree-reply', within('tree', async ({ page }) => { await page.locator('lc-message', { hasText: 'Same here, since' }).getByRole('button', { name: 'Reply', exact: true }).click(); await page.keyboard.type('Sorry, Tom. We call you today.'); }),
    async (desk) => { await desk.page.locator('lc-composer textarea[data-key=KeyR]').fill(''); await desk.leave(); }],
  ['conversation-ask-to-follow', async ({ page, ask, go }) => {
    const found = await eventually('somebody on X', async () => (await ask('GET', 'inbox?limit=200')).items.find((one) => one.network === 'x' && one.visibility === 'public' && one.state === 'queued'));
    await ask('POST', `interactions/${found.id}/pick-up`, {});
    await go(`#/interactions/${found.id}`, 'lc-composer textarea');
    await page.getByRole('button', { name: 'Ask to follow' }).first().click();
    await page.waitForSelector('lc-message form textarea');
  }],
  ['conversation-details', within('long', async ({ page }) => { await page.locator('lc-message').first().getByRole('button', { name: 'Details' }).click(); await page.locator('lc-message .about').getByRole('button', { name: 'Correct' }).click(); })],
  ['conversation-responses', within('long', async ({ page }) => { await page.locator('lc-composer textarea[data-key=KeyR]').fill(''); await page.locator('lc-composer textarea[data-key=KeyR]').pressSequentially('/'); await page.waitForSelector('lc-responses [role=option]'); }),
    async (desk) => { await desk.page.locator('lc-composer textarea[data-key=KeyR]').fill(''); await desk.leave(); }],
  ['conversation-files', within('long', async ({ page }) => { await page.locator('lc-composer input[type=file]').setInputFiles({ name: 'the way to us, a drawing.png', mimeType: 'image/png', buffer: Buffer.from(pixels, 'base64') }); await page.locator('lc-composer .chip').waitFor(); await page.locator('lc-composer textarea[data-key=KeyR]').fill('This is the way.'); }),
    async (desk) => { await desk.page.locator('lc-composer .chip .tool').click(); await desk.page.locator('lc-composer textarea[data-key=KeyR]').fill(''); await desk.leave(); }],
  ['conversation-card', within('long', async ({ page }) => { await page.keyboard.press('Alt+KeyB'); await page.getByLabel('Title', { exact: true }).fill('Our shop in the old town'); await page.getByLabel('Text below the title').fill('Open on weekdays from ten to six.'); await page.getByLabel('Address of a picture').fill('https://shop.example.com/pictures/front.jpg'); await page.getByRole('button', { name: 'Add a button' }).click(); await page.getByLabel('What the button says').fill('I come today'); await page.getByRole('button', { name: 'Add a button' }).click(); await page.getByLabel('Button 2', { exact: true }).getByRole('combobox').selectOption('link'); await page.getByLabel('What the button says').nth(1).fill('The way to the shop, by bus'); await page.getByLabel('Address', { exact: true }).fill('https://shop.example.com/way'); }),
    async (desk) => { await desk.page.locator('lc-structured').getByRole('button', { name: 'Remove', exact: true }).click(); await desk.leave(); }],
  ['conversation-cards', within('long', async ({ page }) => { await page.keyboard.press('Alt+KeyB'); await page.locator('lc-structured').getByRole('radio').nth(1).check(); await page.getByLabel('Title', { exact: true }).first().fill('Monday'); await page.getByLabel('Title', { exact: true }).nth(1).fill('Tuesday'); }),
    async (desk) => { await desk.page.locator('lc-structured').getByRole('button', { name: 'Remove', exact: true }).click(); await desk.leave(); }],
  ['conversation-list', within('days', async ({ page }) => { await page.locator('lc-composer textarea[data-key=KeyR]').fill('When shall we bring it?'); await page.keyboard.press('Alt+KeyB'); await page.locator('lc-structured').getByRole('radio', { name: 'List' }).check(); for (const [at, line] of ['Tuesday', 'Wednesday'].entries()) await page.getByLabel('What can be chosen', { exact: true }).nth(at).fill(line); await page.getByLabel('Explanation').first().fill('Before noon, if nobody is at home with the neighbours'); }),
    async (desk) => { await desk.page.locator('lc-structured').getByRole('button', { name: 'Done', exact: true }).click(); await desk.leave(); }],
  ['conversation-list-sent', within('days', async ({ page }) => { await page.locator('lc-composer .chip').waitFor(); await page.locator('lc-composer textarea[data-key=KeyR]').press('Control+Enter'); await page.locator('lc-message .shown-rows').waitFor(); })],
  ['mention', within('', async ({ base, pieces, page }) => { const lena = await colleague(base, 'lena', 'a password of lena'); await lena('POST', `${pieces.long.slice(2)}/notes`, { text: '@you Leyla called again. The second parcel is with the neighbours at number eleven, on the ground floor; please tell her.' }); await page.locator('.mention').waitFor(); })],
  ['mention-shown', async ({ page }) => { await page.getByRole('button', { name: 'Show the note' }).click(); await page.locator('.note:focus').waitFor(); }],
  ['conversation-uncertain', within('trouble', (desk) => lose(desk, 'From ten to four.'))],
  ['conversation-failed', within('trouble', async ({ page }) => { await page.getByRole('button', { name: 'It did not arrive' }).click(); await page.locator('.trouble.failed').waitFor(); })],
  ['conversation-closed', within('closed')],
  ['conversation-template', within('closed', async ({ page }) => { await page.keyboard.press('Alt+KeyV'); await page.locator('lc-templates select').selectOption({ index: 1 }); await page.waitForSelector('lc-templates blockquote'); })],
  ['conversation-give', within('long', key('KeyT', '.target'))],
  ['conversation-park', within('long', key('KeyP', '.panel fieldset'))],
  ['conversation-more', within('long', key('KeyM', '.panel .menu'))],
  ['conversation-side', within('long', async ({ page }) => { await page.setViewportSize({ width: 1000, height: 800 }); await page.locator('.head .side-toggle').click(); await page.waitForSelector('.right lc-contact h2'); })],
  ['conversation-parked', within('long', async ({ page, ask, pieces }) => { await ask('POST', `interactions/${pieces.long.split('/').at(-1)}/park`, {}); await page.locator('.read-only').waitFor(); }),
    async (desk) => { await desk.ask('POST', `interactions/${desk.pieces.long.split('/').at(-1)}/resume`, {}); await desk.leave(); }],
  ['conversation-wrap-up', within('closed', async ({ page }) => { await page.keyboard.press('Alt+KeyE'); await page.waitForSelector('select[name=code]'); })],
  ['conversation-ended', within('ended')],
  ['conversation-first', within('ended', async ({ page }) => { await page.getByRole('button', { name: 'Write to them first' }).click(); await page.waitForSelector('lc-first textarea'); })],
  ['conversation-read-only', async (desk) => {
    const { items } = await desk.ask('GET', 'interactions?state=open&limit=100');
    await desk.go(`#/interactions/${items.find((one) => one.agent?.startsWith('robot') || one.state === 'queued').id}`, '.read-only');
  }],
  ['conversation-unknown', at('#/interactions/01900000-0000-7000-8000-000000000000', 'main [role=alert]')],
  ['conversation-loading', async ({ context, page, mine, go }) => { await context.route('**/api/v1/interactions/**', () => {}); await go(mine, 'main [role=status]'); void page; },
    async (desk) => { await desk.context.unroute('**/api/v1/interactions/**'); await desk.leave(); await desk.page.reload(); await desk.page.waitForSelector('.areas'); }],
  ['offline', within('long', async ({ context, page }) => { await context.setOffline(true); await page.waitForSelector('.offline'); await page.locator('lc-composer textarea[data-key=KeyR]').fill('Written while there was no network.'); }),
    async (desk) => { await desk.context.setOffline(false); await desk.page.waitForSelector('.offline', { state: 'detached' }); await desk.page.locator('lc-composer textarea[data-key=KeyR]').fill(''); await desk.leave(); }],
  ['refused', within('long', async ({ page }) => { await page.evaluate(async () => { const { store } = await import('./store.js'); const { call } = await import('./api.js'); await store.attempt(() => call('POST', 'interactions/01900000-0000-7000-8000-000000000000/hold', {})); }); await page.waitForSelector('.notices .problem'); }),
    async (desk) => { await desk.page.getByRole('button', { name: 'Dismiss' }).click(); await desk.leave(); }],
  ['settings', within('long', ({ page }) => page.locator('.settings summary').click()), async (desk) => { await desk.page.locator('.settings summary').click(); await desk.leave(); }],
  ['palette', within('long', async ({ page }) => { await page.keyboard.press('Control+KeyK'); await page.waitForSelector('.palette[open]'); })],
  ['palette-found', async ({ page }) => { await page.keyboard.press('Control+KeyK'); await page.waitForSelector('.palette[open]'); await page.keyboard.type('leyla'); await page.waitForTimeout(800); }],
  ['search', at('#/search', 'lc-search form')],
  ['search-found', async ({ page, go }) => { await go('#/search/parcel', '.hits mark'); await page.locator('lc-search summary').click(); }],
  ['search-none', async ({ page, go }) => { await go('#/search/nobodysaidthis', 'lc-search form'); await page.getByText('Nothing').first().waitFor(); }],
  ['supervisor', at('#/supervisor', 'lc-supervisor tbody tr')],
  ['supervisor-why', async ({ page, go }) => { await go('#/supervisor', 'lc-supervisor tbody tr'); await page.locator('lc-supervisor td button.plain', { hasText: 'Why?' }).first().click(); await page.waitForSelector('lc-why .because'); }],
  ['supervisor-case', async ({ page, go }) => { await go('#/supervisor', 'lc-supervisor tbody tr'); await page.locator('section[aria-labelledby=work-title] button.link').first().click(); await page.waitForSelector('.drawer .said li'); }],
  ['supervisor-agent', async ({ page, go }) => { await go('#/supervisor', 'lc-supervisor tbody tr'); await page.locator('section[aria-labelledby=agents-title] button', { hasText: 'Why' }).first().click(); await page.waitForSelector('lc-why-agent li'); }],
  ['supervisor-thresholds', async ({ go, ...desk }) => { await go('#/supervisor', 'lc-supervisor tbody tr'); await click('Thresholds')(desk); }],
  ['supervisor-emergency', async ({ page, go }) => { await go('#/supervisor', 'lc-supervisor tbody tr'); await page.locator('button', { hasText: /Close at once|End the emergency/ }).first().click(); await page.waitForSelector('dialog[open]'); }],
  ['reports', at('#/reports', 'lc-figures tbody tr')],
  ['reports-hour', at('#/reports/time/1', 'lc-figures tbody tr')],
  ['reports-queues', async ({ page, go }) => { await go('#/reports/queues', 'lc-figures tbody tr'); await page.getByLabel('All columns').check(); }],
  ['reports-agents', at('#/reports/agents', 'lc-figures tbody tr')],
  ['reports-nothing', at('#/reports/time/1/vip', 'lc-reports .empty')],
  ['wallboard', at('#/wallboard', '.wall tbody tr')],
  ['start', at('#/start', '.step')],
  ['account', at('#/account', 'lc-account .chip.ok')],
  ['account-wrong', async ({ page, go }) => { await go('#/account', 'lc-account .chip.ok'); for (const name of ['old', 'new', 'again']) await page.locator(`#password-${name}`).fill(`some ${name}`); await page.getByRole('button', { name: 'Change', exact: true }).click(); await page.waitForSelector('.wrong .fault'); }],
  admin('channels', 'lc-channels tbody tr, lc-channels .cards li'),
  admin('channels/+', '.pick'),
  ['admin-channels-faults', async ({ page, go }) => { await go('#/admin/channels/+', '.pick'); await page.locator('.pick').first().click(); await page.waitForSelector('form.editor .field'); await page.locator('form.editor .main').click(); await page.waitForSelector('.fault'); }],
  admin('channels/page', 'lc-channel .field'),
  admin('plugins', 'lc-plugins li'), admin('plugins/x', 'lc-plugins .facts'),
  admin('analyzers', '#list-title'), admin('analyzers/words', 'lc-form .field'),
  admin('training', '.lesson'),
  ['admin-training-corrected', async ({ page, go }) => { await go('#/admin/training', '.lesson'); await page.locator('.lesson', { hasText: 'corrected' }).locator('a').first().click(); await page.waitForSelector('lc-lesson .facts'); }],
  admin('training/+', 'lc-lesson textarea'),
  ['admin-training-code', async ({ page, go }) => { await go('#/admin/training', '.filters'); await page.getByLabel('From', { exact: true }).selectOption('disposition'); await page.getByLabel('Disposition code').selectOption('Processed'); await page.waitForTimeout(1_500); }],
  admin('webhooks', 'lc-webhooks a'), admin('webhooks/+', 'lc-form .field'), admin('webhooks/tickets', 'lc-form .field'),
  admin('queues', '#list-title'), admin('queues/support', 'lc-form .field'), admin('queues/+', 'lc-form .field'),
  admin('rules', '#rules-title'),
  ['admin-rules-fault', async ({ page, go }) => { await go('#/admin/rules', '#rules-title'); await page.getByRole('button', { name: 'New', exact: true }).click(); await page.getByRole('textbox', { name: 'Condition' }).fill("message.txt.contains('refund')"); await page.waitForSelector('.field.wrong textarea'); },
    async (desk) => { await desk.page.getByRole('button', { name: 'Discard' }).click(); await desk.leave(); }],
  admin('hours', '#list-title'), admin('hours/+', 'lc-form .field'),
  admin('responses', '#list-title'), admin('responses/delay', 'lc-form .field'), admin('macros/apologize', 'lc-form .field'),
  admin('agents', '#list-title'), admin('agents/you', 'lc-form .field'), admin('skills', '.matrix'), admin('groups/night', 'lc-form .field'), admin('roles/trainer', '.choices.tall'), admin('stations/desk-1', 'lc-form .field'),
  admin('settings', '#settings-title'), admin('keys', '#list-title'), admin('dead-letters', '#letters-title'), admin('audit', 'lc-audit tbody tr'),
  ['admin-sure', async ({ page, go }) => { await go('#/admin/groups/night', 'lc-form .field'); await page.locator('form.editor .danger').click(); await page.waitForSelector('dialog[open]'); }],
  ['german-conversation', async (desk) => { await desk.page.evaluate(() => localStorage.setItem('linecard-language', 'de')); await desk.page.reload(); await desk.page.waitForSelector('.areas'); await desk.go(desk.pieces.long, 'lc-conversation .log lc-message'); }],
  ['german-supervisor', at('#/supervisor', 'lc-supervisor tbody tr')],
  ['german-reports', at('#/reports', 'lc-figures tbody tr')],
  ['german-card', async (desk) => { await desk.go(desk.pieces.long, 'lc-composer textarea'); await desk.page.keyboard.press('Alt+KeyB'); await desk.page.waitForSelector('lc-structured .field'); await desk.page.locator('lc-structured .fields > button').click(); },
    async (desk) => { await desk.page.locator('lc-structured').getByRole('button', { name: 'Entfernen', exact: true }).click(); await desk.leave(); }],
  ['german-training', at('#/admin/training', '.lesson')],
  ['german-queue', at('#/admin/queues/support', 'lc-form .field')],
  ['german-wallboard', at('#/wallboard', '.wall tbody tr'), async (desk) => { await desk.page.evaluate(() => localStorage.removeItem('linecard-language')); await desk.page.reload(); await desk.go('#/', 'lc-inbox'); }],
  // What rings comes last: the queue works again.
  ['offer', async ({ page, ask, go }) => {
    await go('#/', 'lc-inbox');
    // Nobody else takes it.
    for (const { id } of (await ask('GET', 'agents')).filter((one) => one.id.startsWith('robot'))) await ask('PUT', `agents/${id}/presence`, { state: 'not-ready', reason: 'Pause' });
    await ask('POST', 'queues/support/resume', {});
    await page.waitForSelector('.offer', { timeout: 60_000 });
  }],
  ['sign-in', async ({ page, ask }) => { await ask('DELETE', 'session'); await page.reload(); await page.waitForSelector('[name=name]'); }, async () => {}],
  ['sign-in-wrong', async ({ page }) => { await page.locator('[name=name]').fill('you'); await page.locator('[name=password]').fill('wrong'); await page.keyboard.press('Enter'); await page.waitForSelector('[role=alert]'); }, async () => {}],
  ['sign-in-first', async ({ page }) => { await page.locator('lc-sign-in summary').click(); }, async () => {}],
  ['away', async ({ page, context }) => { await context.route('**/api/v1/session', (route) => route.abort()); await page.reload(); await page.waitForSelector('[role=alert]'); }, async () => {}],
];
