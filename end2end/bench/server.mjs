// What the measurements share: the binary under test, an account, figures of the process.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const binary = process.env.ALUMIA_BIN;
const ticks = Number(execFileSync('getconf', ['CLK_TCK']));

export async function serve({ config = '', limits = '', dataDir = mkdtempSync(join(tmpdir(), 'alumia-bench-')) } = {}) {
  const file = join(dataDir, 'alumia.toml');
  writeFileSync(file, `[limits]\nauth_per_minute = 100000\nchat_per_minute = 1000000\nreads_per_minute = 100000000\nwrites_per_minute = 10000000\n${limits}[billing]\npackage = "scale"\n${config}`);
  const started = performance.now();
  const child = spawn(binary, ['serve', '--dev', '--listen', '127.0.0.1:0', '--data-dir', dataDir, '--config', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, RUST_LOG: 'warn' },
  });
  const url = await new Promise((resolve, reject) => {
    let text = '';
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
    child.stdout.on('data', (piece) => {
      const found = /listening on (http:\S+)/.exec((text += piece));
      if (found) resolve(found[1]);
    });
  });
  return {
    url,
    pid: child.pid,
    started,
    dataDir,
    async stop({ keep = false } = {}) {
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
      if (!keep) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Resident memory in MB. */
export const rss = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;

/** CPU time of a process so far, in milliseconds. */
export function cpu(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return ((Number(fields[11]) + Number(fields[12])) / ticks) * 1000;
}

/** A new account: its cookie, organisation and first project. */
export async function account(url) {
  const headers = { 'content-type': 'application/json', origin: url };
  const tag = `${process.pid}-${Date.now()}-${Math.random()}`;
  const password = `a long password ${tag}`;
  const body = JSON.stringify({ name: 'Bench', email: `bench-${tag}@example.org`, password });
  const answer = await fetch(`${url}/api/v1/auth/signup`, { method: 'POST', headers, body });
  if (answer.status !== 201) throw new Error(`sign-up answered ${answer.status}: ${await answer.text()}`);
  const cookie = answer.headers.getSetCookie().map((set) => set.split(';')[0]).join('; ');
  const org = (await answer.json()).data.org.slug;
  const projects = await (await fetch(`${url}/api/v1/projects`, { headers: { cookie } })).json();
  return { cookie, org, password, project: projects.data.items[0].id, headers: { ...headers, cookie } };
}

export const uuid = () => {
  const time = Date.now().toString(16).padStart(12, '0');
  const noise = crypto.randomUUID().slice(15);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${noise.slice(0, 3)}-${noise.slice(4)}`;
};

/** Milliseconds from sending to the first piece of text that `wanted` accepts, and to the end. */
export function stream(agent, target, headers, body, wanted) {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    let first;
    const request = http.request(target, { method: 'POST', agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece) => {
        if (first === undefined && wanted.test((text += piece))) first = performance.now() - began;
      });
      response.on('end', () => {
        if (first === undefined) reject(new Error(`${response.statusCode}: no text came: ${text.slice(0, 500)}`));
        else resolve({ first, total: performance.now() - began });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

export function summary(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
  return { p50: at(0.5), p99: at(0.99), min: sorted[0], max: sorted.at(-1) };
}
export const row = (what, figure) => console.log(`| ${what} | ${figure} |`);
export const number = (value, digits = 1) => value.toLocaleString('en', { maximumFractionDigits: digits });
