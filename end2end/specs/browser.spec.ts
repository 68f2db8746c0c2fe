import { createServer, type Server as Site } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Lab } from '../support/lab';
import { Server } from '../support/server';
import { expect, signUp, test } from '../support/test';

// Its own server ends while the page still listens to it.
test.use({ mayFail: true });

/** A shop with one form, and a page that never ends loading. */
function shop(): Promise<Site> {
  const site = createServer((request, response) => {
    const url = new URL(request.url!, 'http://shop');
    response.setHeader('content-type', 'text/html');
    if (url.pathname === '/never') {
      response.write('<title>Never</title><h1>Half a page</h1><img src="/slow.png">');
      return;
    }
    if (url.pathname === '/slow.png') return;
    if (url.pathname === '/away') {
      response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' });
      response.end();
      return;
    }
    if (url.pathname === '/found') {
      response.end(`<title>Results</title><h1>Three kinds of ${url.searchParams.get('q')}</h1><a href="/">Back</a>`);
      return;
    }
    response.end(
      `<title>The tea shop</title><h1>Tea</h1>
       <form action="/found"><label>Search <input name="q"></label><button>Find</button></form>
       <button onclick="document.querySelector('h1').textContent = 'Tea is ready'; document.body.style.background = 'teal'">Brew</button>`,
    );
  });
  return new Promise((resolve) => site.listen(0, '127.0.0.1', () => resolve(site)));
}

test('an agent opens a page, fills it in and is watched doing so', async ({ page, context, narrow }) => {
  test.slow();
  const site = await shop();
  const server = await Server.start({ ALUMIA_NETWORK__ALLOW: '["127.0.0.1/32"]' });
  try {
    const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
    const person = await signUp(context.request, server.url);
    await page.goto(`${server.url}/${person.org}/lab`);
    const lab = new Lab(page, person, narrow);
    await lab.ready();
    const allow = lab.chat.getByRole('group', { name: 'Allow this call?' });

    await lab.say(`call browser_open {"url": "${origin}/"}`);
    await expect(allow).toContainText(origin, { timeout: 20_000 });
    await allow.getByRole('button', { name: 'Allow in this chat' }).click();
    await expect(lab.calls.last()).toHaveAttribute('data-state', 'done', { timeout: 60_000 });
    await expect(lab.calls.last()).toContainText('Opened page');
    await lab.settled();

    // On the canvas: address, title and what it looks like.
    await lab.showCanvas();
    await lab.fit();
    const block = lab.block('The tea shop');
    await expect(block).toBeVisible();
    await expect(block.locator('figcaption')).toContainText(origin);
    const picture = block.locator('img');
    const drawn = () => picture.evaluate((image: HTMLImageElement) => image.complete && image.naturalWidth > 300);
    await expect.poll(drawn).toBe(true);
    await page.screenshot({ path: `test-results/shots/browser-${narrow ? 'phone' : 'desktop'}.png` });

    // A page that never ends loading is watched live, and answered with what it shows.
    await lab.showChat();
    await lab.say(`call browser_open {"url": "${origin}/never"}`);
    await lab.showCanvas();
    // So far out as a phone shows all of it, a block is its name alone.
    if (narrow) await page.keyboard.press('0');
    await expect(block.locator('.inspector-live')).toBeAttached({ timeout: 30_000 });
    if (!narrow) await expect(block.locator('.inspector-live')).toBeVisible();
    await expect(block.locator('img')).toHaveAttribute('src', /\/browser\?number=\d+/);
    await expect.poll(drawn).toBe(true);
    await page.screenshot({ path: `test-results/shots/browser-live-${narrow ? 'phone' : 'desktop'}.png` });
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.screenshot({ path: `test-results/shots/browser-live-dark-${narrow ? 'phone' : 'desktop'}.png` });
    await page.emulateMedia({ colorScheme: 'light' });
    await expect(lab.block('Never')).toBeVisible({ timeout: 45_000 });
    await expect(lab.blocks).toHaveCount(1);
    await lab.showChat();
    await lab.settled();

    // Type and press Enter; the numbers are the page's own.
    await lab.say(`call browser_open {"url": "${origin}/"}`);
    await expect(lab.calls).toHaveCount(3, { timeout: 20_000 });
    await expect(lab.calls.last()).toHaveAttribute('data-state', 'done', { timeout: 60_000 });
    await lab.settled();
    const ended = (await lab.events()).filter((event) => event.kind === 'tool.completed');
    const { text } = ended.at(-1).data.output;
    const number = /\[(\d+)\][^\n]*Search/.exec(text)?.[1];
    expect(number, text).toBeDefined();
    await lab.say(`call browser_type {"reference": ${number}, "text": "oolong", "submit": true}`);
    await allow.getByRole('button', { name: 'Allow in this chat' }).click({ timeout: 20_000 });
    await expect(lab.calls.last()).toHaveAttribute('data-state', 'done', { timeout: 60_000 });
    await lab.settled();
    await expect(lab.chat).toContainText('Three kinds of oolong');

    // Where it may not go it says so, and nothing was reached.
    await lab.say(`call browser_open {"url": "${origin}/away"}`);
    await expect(lab.calls).toHaveCount(5, { timeout: 20_000 });
    await expect(lab.calls.last()).toHaveAttribute('data-state', 'failed', { timeout: 60_000 });
    await expect(lab.calls.last()).toContainText('not public');
    await lab.settled();

    // Stopping ends the browser too.
    await lab.say(`call browser_open {"url": "${origin}/never"}`);
    await expect(lab.calls).toHaveCount(6, { timeout: 20_000 });
    await expect(lab.calls.last()).toHaveAttribute('data-state', 'running', { timeout: 20_000 });
    await lab.stop.click();
    await lab.settled();
    await lab.say('call browser_read {}');
    await expect(lab.calls).toHaveCount(7, { timeout: 20_000 });
    await expect(lab.calls.last()).toContainText('No page is open', { timeout: 20_000 });
  } finally {
    await server.stop();
    site.closeAllConnections();
    site.close();
  }
});
