// Bytes on the wire: what dist/ holds, raw and brotli, and the pages' HTML.
import { brotliCompressSync } from 'node:zlib';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { account, binary, number, row, serve } from './server.mjs';

const kb = (bytes) => `${number(bytes / 1024)} KB`;
const show = (name, bytes) => row(name, `${kb(bytes.length)} raw, ${kb(brotliCompressSync(bytes).length)} brotli`);
const pkg = new URL('../../dist/pkg/', import.meta.url);
for (const name of readdirSync(pkg).filter((name) => /\.(js|wasm|css)$/.test(name)).sort()) {
  show(name, readFileSync(new URL(name, pkg)));
}
row('binary with assets', `${number(statSync(binary).size / 1048576)} MB`);
const server = await serve();
const { org, cookie } = await account(server.url);
for (const [name, path] of [['/', '/'], ['/login', '/login'], ['/<org>/lab', `/${org}/lab`], ['/<org>/projects', `/${org}/projects`]]) {
  const html = await (await fetch(server.url + path, { headers: { cookie, 'accept-encoding': 'identity' } })).arrayBuffer();
  show(`HTML of ${name}`, Buffer.from(html));
}
await server.stop();
