import { createServer, type ServerResponse } from 'node:http';
import { Lab } from '../support/lab';
import { Server } from '../support/server';
import { expect, signUp, test } from '../support/test';

// Its own server ends while the page still listens to it.
test.use({ mayFail: true });

test('a model that says nothing is told of, and its run can be stopped', async ({ page, context, narrow }) => {
  // A provider that takes every call and answers none.
  const open = new Set<ServerResponse>();
  const provider = createServer((_, response) => {
    open.add(response);
    response.on('close', () => open.delete(response));
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
  });
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve));
  const { port } = provider.address() as { port: number };
  const model = '{ id = "mute", context = 8000, tools = true, input_price = 0, output_price = 0 }';
  const server = await Server.start({
    ALUMIA_RUNS__SILENCE_SECONDS: '2',
    ALUMIA_PROVIDERS: `[{ id = "slow", dialect = "openai", base_url = "http://127.0.0.1:${port}/v1", api_key = "k", models = [${model}] }]`,
  });
  try {
    const person = await signUp(context.request, server.url);
    await page.goto(`${server.url}/${person.org}/lab`);
    const lab = new Lab(page, person, narrow);
    await lab.ready();
    await lab.say('Are you there?');
    await expect(lab.chat).toContainText(/mute has said nothing for more than/, { timeout: 30_000 });
    await page.screenshot({ path: `test-results/shots/silent-model-${narrow ? 'phone' : 'desktop'}.png` });
    await expect.poll(() => open.size).toBe(1);
    await lab.chat.getByRole('button', { name: 'Stop' }).click();
    await lab.settled();
    await expect(lab.chat).not.toContainText(/mute has said nothing for more than/);
    // Stopping it hangs up.
    await expect.poll(() => open.size).toBe(0);
  } finally {
    await server.stop();
    provider.closeAllConnections();
    provider.close();
  }
});
