// A hub with one network around it, for measurements: the real program on a data folder of its own, and a simulated
// middleware by which customers write.

import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The password of everybody. */
export const PASSWORD = 'a password for measurements';
/** How long anything may take to answer, in milliseconds. */
const SILENCE = 120_000;

/** A port that is free now. @returns {Promise<number>} */
const free = () => new Promise((done) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => done(port));
  });
});

/** Asks again until there is an answer. */
export async function eventually(what, look, within = 120_000) {
  const end = Date.now() + within;
  for (;;) {
    const found = await look().catch(() => undefined);
    if (found) return found;
    if (Date.now() > end) throw new Error(`${what}: not within ${within / 1000} s`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

async function ask(method, url, body, headers = {}) {
  // Whoever does not answer at all is named.
  const signal = AbortSignal.timeout(SILENCE);
  const answer = await fetch(url, { method, signal, headers: { 'content-type': 'application/json', ...headers }, body: body && JSON.stringify(body) })
    .catch((error) => { throw new Error(`${method} ${url}: ${error.message}`); });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}

/**
 * Starts both. `site` is what the site file has beside the channel `web`. What the program compiles once for its
 * plug-ins is kept in `kept`.
 */
export async function start(program, kept, site) {
  const folder = mkdtempSync(join(tmpdir(), 'linecard-measure-'));
  const origin = join(kept, 'compiled');
  const listed = spawnSync(program, ['--data', origin, 'plugins'], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (listed.status !== 0) throw new Error(`${program} cannot be run`);
  mkdirSync(join(folder, 'data'), { mode: 0o700 });
  for (const name of ['cache.key', 'cache']) cpSync(join(origin, name), join(folder, 'data', name), { recursive: true });
  const [port, simulated] = [await free(), await free()];
  const [base, network] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${simulated}`];
  const env = { ...process.env, MEASURED_PASSWORD: PASSWORD, MIDDLEWARE_SECRET: 'simulated-client-secret' };
  writeFileSync(join(folder, 'linecard.toml'), 'practice_listen = "127.0.0.1:0"\n');
  const middleware = spawn(program, ['simulate', 'open-messaging', '--at', `127.0.0.1:${simulated}`, '--hub', base], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const told = await new Promise((done) => {
    let text = '';
    middleware.stdout.on('data', (more) => {
      text += more;
      if (text.includes('Ctrl-C')) done(text);
    });
  });
  // The block for the site file, and the secrets that it names.
  const block = told.slice(told.indexOf('[keys'), told.indexOf('with, in'));
  for (const [, name, value] of told.matchAll(/([A-Z_]+)=(\S+)/g)) env[name] = value;
  const serve = spawn(program, ['serve', '--listen', `127.0.0.1:${port}`, '--data', 'data', '--log', 'error'], { cwd: folder, env, stdio: ['ignore', 'ignore', 'inherit'] });
  await eventually('the hub is ready', async () => (await fetch(`${base}/readyz`)).ok);
  writeFileSync(join(folder, 'site.toml'), `${site}\n${block}`);
  const applied = spawnSync(program, ['apply', '--yes', 'site.toml', '--data', 'data', '--listen', `127.0.0.1:${port}`], { cwd: folder, env, encoding: 'utf8' });
  if (applied.status !== 0) throw new Error(applied.stderr);
  return {
    base,
    /** A customer writes. */
    say: (customer, text) => ask('POST', `${network}/_sim/customers/${customer}/say`, { type: 'text', text }),
    /** Somebody signs in without a browser. */
    async signIn(name) {
      const { token } = await ask('POST', `${base}/api/v1/session`, { name, password: PASSWORD });
      return { token, call: (method, path, body) => ask(method, `${base}/api/v1/${path}`, body, { authorization: `Bearer ${token}` }) };
    },
    async end() {
      for (const child of [serve, middleware]) {
        const gone = new Promise((done) => { child.once('exit', done); });
        child.kill('SIGTERM');
        await gone;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
