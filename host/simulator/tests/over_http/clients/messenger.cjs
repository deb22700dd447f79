// Drives a page by an independent Messenger client, with nothing changed but the origin.

const assert = require('node:assert/strict');
const { createRequire } = require('node:module');

const [folder, origin, accessToken, appSecret, psid, comment] = process.argv.slice(2);
const { MessengerClient } = createRequire(`${folder}/`)('messaging-api-messenger');

async function main() {
  const client = new MessengerClient({ origin, accessToken, appSecret, version: '26.0' });

  const page = await client.getPageInfo();
  assert.equal(page.name, 'Simulated Page');
  const profile = await client.getUserProfile(psid, { fields: ['id', 'first_name', 'last_name'] });
  assert.deepEqual(profile, { id: psid, firstName: 'Ada', lastName: 'Brooks' });

  const sent = await client.sendText(psid, 'Hello, wörld 👋');
  assert.equal(sent.recipientId, psid);
  assert.match(sent.messageId, /^m_/);
  await client.sendImage(psid, 'https://example.com/map.png');
  const upload = await client.uploadImage(Buffer.from('png'), { filename: 'map.png', isReusable: true });
  await client.sendImage(psid, { attachmentId: upload.attachmentId });
  await client.sendText(psid, 'Red or blue?', {
    quickReplies: [
      { contentType: 'text', title: 'Red', payload: 'RED' },
      { contentType: 'text', title: 'Blue', payload: 'BLUE' },
    ],
  });
  await client.sendButtonTemplate(psid, 'How was it?', [
    { type: 'postback', title: 'Good', payload: 'GOOD' },
  ]);
  await client.typingOn(psid);
  await client.markSeen(psid);

  // A comment is answered privately, once.
  const answer = await client.sendText({ commentId: comment }, 'In private');
  assert.notEqual(answer.recipientId, undefined);
  await assert.rejects(client.sendText({ commentId: comment }, 'Again'), /10900/);

  // Refusals come in the network's own form.
  await assert.rejects(client.sendText('1', 'nobody'), /No matching user found/);
  await assert.rejects(client.sendText(psid, 'x'.repeat(2001)), /100 OAuthException/);
  const stranger = new MessengerClient({ origin, accessToken: 'wrong', appSecret });
  await assert.rejects(stranger.sendText(psid, 'x'), /190 OAuthException/);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
