// 10,000 idle event streams: memory of the server, and the time until the last of 1,000 watchers has an event.
import net from 'node:net';
import { account, number, row, rss, serve, summary } from './server.mjs';

const server = await serve();
const person = await account(server.url);
const { port } = new URL(server.url);
const sockets = [];
const open = (project) =>
  new Promise((resolve, reject) => {
    const socket = net.connect(Number(port), '127.0.0.1', () =>
      socket.write(`GET /api/v1/projects/${project}/stream HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nCookie: ${person.cookie}\r\n\r\n`),
    );
    socket.once('error', reject);
    socket.once('data', () => resolve(socket));
    sockets.push(socket);
  });

async function openMany(count) {
  while (count > 0) {
    const batch = Math.min(count, 200);
    await Promise.all(Array.from({ length: batch }, () => open(person.project)));
    count -= batch;
  }
}

await openMany(1000);
const waits = [];
for (let run = 0; run < 20; run++) {
  const arrivals = sockets.map(
    (socket) => new Promise((resolve) => {
      const listen = (piece) => {
        if (!piece.includes(`round ${run}"`)) return;
        socket.off('data', listen);
        resolve(performance.now());
      };
      socket.on('data', listen);
    }),
  );
  const body = JSON.stringify({ title: `round ${run}`, content: { kind: 'data', data: { type: 'markdown', text: 'x' } } });
  const answered = fetch(`${server.url}/api/v1/projects/${person.project}/blocks`, { method: 'POST', headers: person.headers, body })
    .then(() => performance.now());
  const times = await Promise.all(arrivals);
  waits.push(Math.max(...times) - Math.min(...times, await answered));
}
row('first → last of 1,000 watchers has an event, p50 / max of 20', `${number(summary(waits).p50)} / ${number(summary(waits).max)} ms`);
for (const socket of sockets.splice(0)) socket.destroy();
await new Promise((resolve) => setTimeout(resolve, 2000));
const before = rss(server.pid);
await openMany(10_000);
await new Promise((resolve) => setTimeout(resolve, 3000));
row('10,000 idle event streams', `${number(rss(server.pid))} MB (${number(before)} MB before)`);
for (const socket of sockets) socket.destroy();
await server.stop();
