// What the desk reckons by itself: figures put together, tables for other programs, and what networks take of cards and
// lists. Run by `run`, with Node's own test runner.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csv, grouped, pieces, together } from './web/parts/reports/figures.js';
import { faultsOf, isBlank, kindsOf } from './web/parts/structured/limits.js';

// Browsers have it; Node has it from 21 on.
Map.groupBy ??= (all, by) => all.reduce((map, one) => map.set(by(one), [...(map.get(by(one)) || []), one]), new Map());

const interval = (start, more) => ({ start, queue: 'support', media_type: 'chat', offered: 0, answered: 0, answered_in_target: 0, abandoned: 0, short_abandoned: 0, handled: 0, ...more });
const MORNING = [
  interval('2026-03-01T08:00:00Z', { offered: 4, answered: 3, answered_in_target: 3, abandoned: 1, short_abandoned: 1, handled: 1, average_speed_of_answer_seconds: 10, average_handle_seconds: 300, service: [{ clock: 'first-answer', kept: 2, broken: 1 }] }),
  interval('2026-03-01T08:45:00Z', { queue: 'sales', offered: 2, answered: 1, answered_in_target: 0, abandoned: 1, handled: 3, average_speed_of_answer_seconds: 50, average_handle_seconds: 100, service: [{ clock: 'first-answer', kept: 1, broken: 0 }] }),
];

test('means are weighed by what they are means of, and shares divide sums', () => {
  const sum = together(MORNING);
  assert.equal(sum.offered, 6);
  assert.equal(sum.average_speed_of_answer_seconds, (3 * 10 + 50) / 4);
  assert.equal(sum.average_handle_seconds, (300 + 3 * 100) / 4);
  // One of those who gave up did so at once, and does not count.
  assert.equal(sum.service_level, 3 / 5);
  assert.deepEqual(sum.kept, { 'first-answer': { kept: 3, broken: 1 } });
});

test('where nothing happened there is no mean and no share', () => {
  const sum = together([]);
  assert.equal(sum.answered, 0);
  for (const name of ['average_speed_of_answer_seconds', 'average_handle_seconds', 'service_level']) assert.equal(sum[name], undefined, name);
});

test('time is cut into pieces without gaps', () => {
  const at = (text) => Date.parse(text);
  const rows = pieces(MORNING, at('2026-03-01T08:05:00Z'), at('2026-03-01T09:10:00Z'), 900_000);
  assert.deepEqual(rows.map((one) => one.offered), [4, 0, 0, 2, 0]);
  assert.equal(rows[0].at, at('2026-03-01T08:00:00Z'));
  assert.deepEqual(grouped(MORNING, (one) => one.queue).map(({ key, offered }) => [key, offered]), [['support', 4], ['sales', 2]]);
});

test('a table is read by other programs as it is, and runs nothing there', () => {
  const text = csv([['Queue', 'Share'], ['A "good", long one', 0.123456], ['=HYPERLINK("x")', undefined], ['two\nlines', 3]]);
  assert.equal(text, '\ufeffQueue,Share\r\n"A ""good"", long one",0.1235\r\n"\'=HYPERLINK(""x"")",\r\n"two\nlines",3\r\n');
});

const WHATSAPP = { structured: ['quick-replies', 'list', 'card', 'location-request', 'interactive'], max_quick_replies: 3 };
const META = { structured: ['quick-replies', 'card', 'carousel'], max_quick_replies: 13 };
const places = (...what) => faultsOf(...what).map(({ at }) => at);

test('there are forms for what an action takes, and for nothing else', () => {
  assert.deepEqual(kindsOf(WHATSAPP), ['card', 'list', 'location-request']);
  assert.deepEqual(kindsOf(META), ['card', 'carousel']);
  assert.deepEqual(kindsOf(undefined), []);
});

test('a list is within what WhatsApp takes', () => {
  const rows = (count) => Array.from({ length: count }, (_, at) => ({ id: `${at}`, title: `Line ${at}` }));
  const list = (content) => ({ kind: 'list', content: { button: 'Choose', ...content } });
  assert.deepEqual(places(list({ sections: [{ rows: rows(10) }] }), 'whatsapp', WHATSAPP, 'Which?', false), []);
  assert.deepEqual(places(list({ sections: [{ rows: rows(10) }] }), 'whatsapp', WHATSAPP, ' ', false), ['text']);
  assert.deepEqual(places(list({ sections: [{ rows: rows(10) }] }), 'whatsapp', WHATSAPP, 'x'.repeat(1025), false), ['text']);
  assert.deepEqual(places(list({ sections: [{ rows: rows(11) }] }), 'whatsapp', WHATSAPP, 'Which?', false), ['sections']);
  assert.deepEqual(places(list({ sections: [{ rows: rows(1) }, { title: 'B', rows: [{ id: '1', title: 'x'.repeat(25), description: 'y'.repeat(73) }] }] }), 'whatsapp', WHATSAPP, 'Which?', false),
    ['sections/0/title', 'sections/1/rows/0/title', 'sections/1/rows/0/description']);
  // A family is one character for the eye and several for the network.
  assert.deepEqual(places(list({ sections: [{ rows: [{ id: 'a', title: '👪'.repeat(24) }] }] }), 'whatsapp', WHATSAPP, 'Which?', false), []);
  assert.deepEqual(places(list({ sections: [{ rows: [...rows(1), ...rows(1)] }] }), 'whatsapp', WHATSAPP, 'Which?', false), ['sections/0/rows/1/title']);
});

test('cards are within what each network takes', () => {
  const link = { type: 'link', text: 'The way', url: 'https://shop.example.com' };
  const answer = { type: 'postback', text: 'Yes' };
  const card = (content) => ({ kind: 'card', content: { title: 'Our shop', actions: [], ...content } });
  assert.deepEqual(places(card({ actions: [link] }), 'whatsapp', WHATSAPP, '', false), []);
  assert.deepEqual(places(card({ actions: [answer, answer, answer] }), 'whatsapp', WHATSAPP, '', false), []);
  for (const actions of [[], [link, answer], [link, link], [answer, answer, answer, answer]]) assert.ok(places(card({ actions }), 'whatsapp', WHATSAPP, '', false).includes('actions'), JSON.stringify(actions));
  // Meta mixes them, and asks for more than a title.
  assert.deepEqual(places(card({ actions: [link, answer] }), 'messenger', META, '', false), []);
  assert.deepEqual(places(card({}), 'messenger', META, '', false), ['description']);
  assert.deepEqual(places(card({ title: 'x'.repeat(81), description: 'y' }), 'instagram', META, '', false), ['title']);
  assert.deepEqual(places(card({ actions: [{ ...link, url: 'javascript:alert(1)' }] }), 'messenger', META, '', false), ['actions/0/url']);
  // Of a network whose limits nobody knows only what cannot be right is refused.
  assert.deepEqual(places(card({ title: 'x'.repeat(500) }), 'open-messaging', META, '', false), []);
  assert.deepEqual(places({ kind: 'list', content: { button: 'x', sections: [{ rows: [{ id: 'a', title: 'a' }] }] } }, 'messenger', META, '', false), ['']);
});

test('answers to choose from are as short as what stands behind them may be', () => {
  const choices = (...all) => ({ kind: 'quick-replies', content: { options: all.map((text) => ({ text })) } });
  const telegram = { structured: ['quick-replies'], quick_reply_payload: { max: 64, unit: 'bytes' } };
  assert.deepEqual(places(choices('x'.repeat(64)), 'telegram', telegram, 'Which?', false), []);
  assert.deepEqual(places(choices('é'.repeat(33)), 'telegram', telegram, 'Which?', false), ['']);
  assert.deepEqual(places(choices('Yes'), 'telegram', telegram, '', false), ['text']);
  assert.deepEqual(places(choices('Yes'), 'telegram', telegram, '', true), []);
  assert.deepEqual(places(choices('x'.repeat(21)), 'messenger', META, 'Which?', false), ['']);
});

test('what was not written yet is nothing', () => {
  for (const blank of [{ kind: 'card', content: { title: '', actions: [] } }, { kind: 'carousel', content: { cards: [{ title: '' }] } }, { kind: 'list', content: { button: 'Choose', sections: [{ rows: [{ id: '', title: '' }] }] } }]) assert.ok(isBlank(blank), blank.kind);
  assert.ok(!isBlank({ kind: 'location-request', content: {} }));
  assert.ok(!isBlank({ kind: 'card', content: { title: 'x' } }));
});
