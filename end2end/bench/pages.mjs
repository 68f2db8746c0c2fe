// Pages and lists under load: wrk at 16 connections.
import { execFileSync } from 'node:child_process';
import { account, row, serve } from './server.mjs';

const server = await serve();
const { org, cookie, project, headers } = await account(server.url);
// A canvas as people have them: 30 blocks.
for (let n = 0; n < 30; n++) {
  const body = JSON.stringify({ title: `Note ${n}`, content: { kind: 'data', data: { type: 'markdown', text: `Note **${n}**` } } });
  await fetch(`${server.url}/api/v1/projects/${project}/blocks`, { method: 'POST', headers, body });
}
for (const path of ['/login', `/${org}/lab`, `/${org}/projects`, '/api/v1/projects', '/api/v1/sessions']) {
  const report = execFileSync('wrk', ['-t1', '-c16', '-d8s', '--latency', '-H', `Cookie: ${cookie}`, server.url + path], { encoding: 'utf8' });
  const rate = /Requests\/sec:\s+(\S+)/.exec(report)[1];
  const p99 = /99%\s+(\S+)/.exec(report)[1];
  const bad = /Non-2xx[^\n]*/.exec(report)?.[0] ?? '';
  row(`${path.replace(org, '<org>')} at 16 connections`, `${Math.round(rate)} req/s, p99 ${p99} ${bad}`);
}
await server.stop();
