import { once } from 'node:events';
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Lab } from '../support/lab';
import { Server } from '../support/server';
import { expect, expectAccessible, hydrated, signUp, test } from '../support/test';

// Its own server ends while a page still listens to it.
test.use({ mayFail: true });

/** The smallest model; `scripts/test` has fetched it. */
const WEIGHTS = join(process.env.ALUMIA_TEST_MODELS ?? '', 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53.gguf');

/** A hub that has the weights, and sends the second half only to whoever comes again. */
function hub() {
  const size = statSync(WEIGHTS).size;
  const server = createServer(async (request, response) => {
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(from ? 206 : 200, { 'content-length': size - from, 'content-range': `bytes ${from}-${size - 1}/${size}` });
    let sent = 0;
    for await (const piece of createReadStream(WEIGHTS, { start: from, highWaterMark: 2 << 20 })) {
      response.write(piece);
      sent += piece.length;
      if (!from && sent > size / 2) await once(response, 'close');
      if (response.destroyed) return;
      await setTimeout(20);
    }
    response.end();
  });
  return new Promise<{ url: string; close: () => void }>((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      resolve({ url: `http://127.0.0.1:${port}`, close: () => server.close() });
    }),
  );
}

test('a model is installed, answers, and is removed', async ({ page, context, narrow }) => {
  test.setTimeout(180_000);
  const source = await hub();
  const server = await Server.start({
    ALUMIA_LOCAL_MODEL__HUB: source.url,
    ALUMIA_LOCAL_MODEL__PACKAGE_INDEX: '',
    ALUMIA_LOCAL_MODEL__MODEL: 'smollm2-135m',
    ALUMIA_LOCAL_MODEL__THREADS: '1',
  });
  try {
    const person = await signUp(context.request, server.url);
    await page.goto(`${server.url}/${person.org}/settings/models`);
    await hydrated(page);
    const row = page.getByRole('listitem').filter({ hasText: 'SmolLM2 135M' });
    await expect(row).toContainText('Not installed');
    await expect(row).toContainText('98 MB on disk');
    await expect(page.getByRole('main')).toContainText('good for chat, extraction and single steps');
    await expectAccessible(page);

    await row.getByRole('button', { name: 'Install SmolLM2 135M' }).click();
    await expect(row).toContainText('Fetching');
    await expect(row).toContainText(/\d+ MB of 98 MB, \d+ MB\/s/);
    await expectAccessible(page);
    await page.screenshot({ path: `test-results/shots/models-fetching-${narrow ? 'phone' : 'desktop'}.png` });
    await row.getByRole('button', { name: 'Stop fetching SmolLM2 135M' }).click();
    await expect(row).toContainText('Stopped');
    await row.getByRole('button', { name: 'Install SmolLM2 135M' }).click();
    await expect(row).toContainText('Installed', { timeout: 60_000 });

    // It answers whoever chose no model, from this machine.
    await page.goto(`${server.url}/${person.org}/lab`);
    const lab = new Lab(page, person, narrow);
    await lab.ready();
    await lab.say('Hello, who are you?');
    const speed = async () => {
      const models = await lab.api('GET', '/models/local');
      return models.items.find((model: { id: string }) => model.id === 'smollm2-135m').tokensPerSecond;
    };
    await expect.poll(speed, { timeout: 90_000 }).toBeGreaterThan(0);
    await expect(lab.chat).not.toContainText('alumia-tour');

    await page.goto(`${server.url}/${person.org}/settings/models`);
    await hydrated(page);
    await expect(row).toContainText(/In memory.*wrote [\d.]+ tokens\/s last/);
    await page.screenshot({ path: `test-results/shots/models-loaded-${narrow ? 'phone' : 'desktop'}.png` });
    await row.getByText('Remove', { exact: true }).click();
    await row.getByRole('button', { name: 'Remove SmolLM2 135M now' }).click();
    await expect(row).toContainText('Not installed');
  } finally {
    await server.stop();
    source.close();
  }
});
