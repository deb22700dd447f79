import { call } from '../api.js';

/** The newest interaction with a contact, what is open first. @param {string} contact @returns {Promise<string | undefined>} its id */
export async function newestWith(contact) {
  for (const state of ['open', 'ended']) {
    const page = await call('GET', `interactions?contact=${encodeURIComponent(contact)}&state=${state}&limit=1`);
    if (page.items[0]) return page.items[0].id;
  }
  return undefined;
}
