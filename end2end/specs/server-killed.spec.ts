import { Lab } from '../support/lab';
import { Server } from '../support/server';
import { expect, signUp, test } from '../support/test';

test.use({ mayFail: true });

test('the server is killed in the middle of a turn and started again', async ({ page, context, narrow }) => {
  test.setTimeout(120_000);
  const server = await Server.start();
  try {
    const person = await signUp(context.request, server.url);
    await page.goto(`${server.url}/${person.org}/lab`);
    const lab = new Lab(page, person, narrow);
    await lab.ready();
    await lab.say('Show me around');
    await expect(lab.chat.locator('.call[data-state="done"]').first()).toBeVisible({ timeout: 30_000 });
    await server.kill('SIGKILL');
    await expect(lab.connection).toHaveText(/Reconnecting/);
    await server.restart();
    await expect(lab.connection).toHaveText(/Live/, { timeout: 40_000 });

    // The lease of the worker that died runs out, then the run goes on from its last finished step.
    await expect(lab.chat).toContainText('Things to try next', { timeout: 60_000 });
    await lab.settled();
    await expect(lab.chat.locator('.said')).toHaveCount(1);
    const snapshot = await lab.api('GET', `/projects/${await lab.project()}/snapshot`);
    expect(snapshot.blocks.map((block: any) => block.title).sort()).toEqual([
      'Carbon dioxide at Mauna Loa',
      'Growth by decade',
      'What the record shows',
    ]);
    const events = await lab.events();
    expect(events.filter((event) => event.kind === 'run.completed')).toHaveLength(1);
    expect(new Set(events.map((event) => event.seq)).size, 'every event once').toBe(events.length);

    // What the page put together from the stream is what a fresh page shows.
    const shown = await lab.chat.locator('.answer').allInnerTexts();
    await page.reload();
    await lab.ready();
    expect(await lab.chat.locator('.answer').allInnerTexts()).toEqual(shown);
  } finally {
    await server.stop();
  }
});
