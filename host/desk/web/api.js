// The public API, as every program uses it. The session is a cookie that no script can read.

/** @typedef {{type?: string, title?: string, detail?: string, status?: number, pointer?: string, interaction?: string, errors?: {pointer: string, detail: string}[]}} ProblemBody */

/** What the hub refused, or that it could not be reached (`status` 0). */
export class Problem extends Error {
  /** @param {number} status @param {ProblemBody} body @param {number} [retryAfter] seconds */
  constructor(status, body, retryAfter) {
    super(body.detail || body.title || `HTTP ${status}`);
    this.status = status;
    this.kind = (body.type || '').replace(/^.*\/problems\//, '');
    this.retryAfter = retryAfter;
    /** The interaction that is in the way, if one is. */
    this.interaction = body.interaction || '';
    /** What is wrong, by its place in the request. @type {{pointer: string, detail: string}[]} */
    this.faults = body.errors || (body.pointer ? [{ pointer: body.pointer, detail: this.message }] : []);
  }
}

// The desk may lie under a path of its own: the API is beside it.
export const base = new URL('../api/v1/', import.meta.url).href;

/** Where an answer 401 is told: the session is over. */
export const signedOut = new EventTarget();

export const headers = { 'x-linecard-session': 'cookie' };

/** A key under which repeating a request has one effect. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A path's part. @param {string} text */
export const part = (text) => encodeURIComponent(text);

const SILENCE = 30_000;

/**
 * @param {string} method
 * @param {string} path below `/api/v1/`
 * @param {unknown} [body]
 * @param {string} [key] the idempotency key, where the caller repeats the request itself
 * @returns {Promise<any>}
 */
export async function call(method, path, body, key) {
  return (await ask(method, path, body, { key })).value;
}

/**
 * As `call`, with the version of what was read, and a condition on the version of what is changed.
 * @param {string} method
 * @param {string} path below `/api/v1/`
 * @param {unknown} [body]
 * @param {{key?: string, match?: string, none?: boolean, bearer?: string}} [more] `none`: only if there is none yet; `bearer`: a key in the place of the session
 * @returns {Promise<{value: any, etag: string}>}
 */
export async function ask(method, path, body, { key, match, none, bearer } = {}) {
  /** @type {Record<string, string>} */
  const sent = bearer ? { authorization: `Bearer ${bearer}` } : { ...headers };
  if (match) sent['if-match'] = match;
  if (none) sent['if-none-match'] = '*';
  if (body !== undefined) sent['content-type'] = 'application/json';
  if (method !== 'GET' && path !== 'session') sent['idempotency-key'] = key || newKey();
  /** @type {Response} */
  let answer;
  try {
    answer = await fetch(base + path, {
      method,
      headers: sent,
      credentials: bearer ? 'omit' : 'same-origin',
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(SILENCE),
    });
  } catch (error) {
    throw new Problem(0, { detail: String(error) });
  }
  return { value: await read(answer, path, bearer), etag: answer.headers.get('etag') || '' };
}

/** @param {Response} answer @param {string} path @param {string} [bearer] */
async function read(answer, path, bearer) {
  const text = await answer.text();
  let value;
  try {
    value = text ? JSON.parse(text) : undefined;
  } catch {
    value = { title: text.slice(0, 200) };
  }
  if (answer.ok) return value;
  if (answer.status === 401 && path !== 'session' && !bearer) signedOut.dispatchEvent(new Event('out'));
  throw new Problem(answer.status, value || {}, Number(answer.headers.get('retry-after')) || undefined);
}

/** Gives the hub a file. @param {File} file */
export async function upload(file) {
  const answer = await fetch(base + 'media', {
    method: 'POST',
    headers: { ...headers, 'content-type': file.type || 'application/octet-stream' },
    body: file,
  }).catch((error) => { throw new Problem(0, { detail: String(error) }); });
  return read(answer, 'media');
}
