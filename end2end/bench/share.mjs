// Viewers of one shared canvas: memory, the time until the last of them has a change, and CPU of the server for it.
// As many as `ALUMIA_VIEWERS` says, 5,000 at most, on the loopback address.
import { createHmac } from 'node:crypto';
import net from 'node:net';
import { account, cpu, number, row, rss, serve, summary } from './server.mjs';

const viewers = Math.min(Number(process.env.ALUMIA_VIEWERS ?? 5000), 5000);
const server = await serve({ limits: 'shares_per_minute = 100000000\n' });
const person = await account(server.url);
const api = async (method, path, body) => {
  const answer = await fetch(`${server.url}/api/v1${path}`, { method, headers: person.headers, body: body && JSON.stringify(body) });
  const cookies = answer.headers.getSetCookie().map((set) => set.split(';')[0]);
  if (cookies.length) person.headers.cookie = cookies.join('; ');
  return answer;
};
// Sharing needs a step-up, which setting up an authenticator app is.
const { secret } = (await (await api('POST', '/auth/totp/enroll', { password: person.password })).json()).data;
const bits = [...secret].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
const counter = Buffer.alloc(8);
counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
const hash = createHmac('sha1', Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)))).update(counter).digest();
const code = ((hash.readUInt32BE(hash[19] & 15) & 0x7fffffff) % 1_000_000).toString().padStart(6, '0');
await api('POST', '/auth/totp/confirm', { code });
const note = (title) => ({ title, content: { kind: 'data', data: { type: 'markdown', text: 'x'.repeat(400) } } });
for (let n = 0; n < 100; n++) await api('POST', `/projects/${person.project}/blocks`, note(`Note ${n}`));
const made = await api('POST', `/projects/${person.project}/share`, {});
if (made.status !== 201) throw new Error(`sharing answered ${made.status}: ${await made.text()}`);
const { token } = (await made.json()).data;

// The author goes on working, as quickly as a person drags: how long each edit takes to be answered.
const edits = async () => {
  const times = [];
  for (let n = 0; n < 40; n++) {
    const sent = performance.now();
    const answer = await api('POST', `/projects/${person.project}/blocks`, note(`Edit ${n}`));
    if (answer.status !== 201) throw new Error(`an edit answered ${answer.status}`);
    times.push(performance.now() - sent);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  return summary(times);
};
const alone = await edits();

const { port } = new URL(server.url);
const sockets = [];
const open = () =>
  new Promise((resolve, reject) => {
    const socket = net.connect(Number(port), '127.0.0.1', () =>
      socket.write(`GET /api/v1/share/project/${token}/stream HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`),
    );
    let text = '';
    const listen = (piece) => {
      text += piece;
      if (!text.includes('event: snapshot')) return;
      socket.off('data', listen);
      socket.resume();
      resolve();
    };
    socket.once('error', reject);
    socket.on('data', listen);
    sockets.push(socket);
  });
const before = rss(server.pid);
const began = performance.now();
const cpuBefore = cpu(server.pid);
for (let left = viewers; left > 0; left -= 200) await Promise.all(Array.from({ length: Math.min(left, 200) }, open));
row(`${number(viewers)} viewers of one canvas of 100 blocks, all have come`, `${number(performance.now() - began, 0)} ms, ${number(cpu(server.pid) - cpuBefore, 0)} ms of CPU`);
await new Promise((resolve) => setTimeout(resolve, 3000));
row('their memory', `${number(rss(server.pid) - before)} MB (${number(before)} MB before)`);

const watched = await edits();
row(
  "the author's edit is answered, alone → with them",
  `p50 ${number(alone.p50)} → ${number(watched.p50)} ms; p99 ${number(alone.p99)} → ${number(watched.p99)} ms`,
);
const waits = [];
const costs = [];
for (let round = 0; round < 10; round++) {
  const used = cpu(server.pid);
  const arrivals = sockets.map(
    (socket) => new Promise((resolve) => {
      const listen = (piece) => {
        if (!piece.includes(`round ${round}"`)) return;
        socket.off('data', listen);
        resolve(performance.now());
      };
      socket.on('data', listen);
    }),
  );
  const sent = performance.now();
  await api('POST', `/projects/${person.project}/blocks`, note(`round ${round}`));
  const times = await Promise.all(arrivals);
  waits.push(Math.max(...times) - sent);
  costs.push(cpu(server.pid) - used);
}
row('a change → the last viewer has it, p50 / max of 10', `${number(summary(waits).p50)} / ${number(summary(waits).max)} ms`);
row('CPU for one change', `${number(summary(costs).p50)} ms`);
const ended = sockets.map((socket) => new Promise((resolve) => socket.once('close', () => resolve(performance.now()))));
const off = performance.now();
await api('DELETE', `/projects/${person.project}/share`);
const last = Math.max(...(await Promise.all(ended)));
row('turned off → the last stream has ended', `${number(last - off, 0)} ms`);
await server.stop();
