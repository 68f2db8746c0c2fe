import { Lab } from '../support/lab';
import { Server } from '../support/server';
import { expect, signUp, test } from '../support/test';

// Its own server ends while the page still listens to it.
test.use({ mayFail: true });

test('a command that says nothing is marked, says when it ends, and is cancelled from the chat', async ({ page, context, narrow }) => {
  const server = await Server.start({ ALUMIA_RUNS__SILENCE_SECONDS: '2' });
  try {
    const person = await signUp(context.request, server.url);
    await page.goto(`${server.url}/${person.org}/lab`);
    const lab = new Lab(page, person, narrow);
    await lab.ready();
    await lab.say("run echo begun; sleep 500");
    const call = lab.calls.last();
    const quiet = call.locator('.call-quiet');
    await expect(quiet).toContainText(/No output for more than 2.* It is stopped at its limit of/, { timeout: 30_000 });
    await page.screenshot({ path: `test-results/shots/stalled-chat-${narrow ? 'phone' : 'desktop'}.png` });

    await lab.showCanvas();
    await expect(page.locator('.chip-quiet', { hasText: 'no output' })).toBeVisible();
    await page.locator('.chip', { hasText: 'no output' }).click();
    const inspector = page.getByRole('complementary', { name: 'Tool call' });
    await expect(inspector).toContainText('No output for more than 2');
    await expect(inspector).toContainText('begun');
    await page.screenshot({ path: `test-results/shots/stalled-inspector-${narrow ? 'phone' : 'desktop'}.png` });
    await inspector.getByRole('button', { name: 'Close' }).click();

    // A page that is opened now knows it too.
    await page.reload();
    await lab.ready();
    await lab.showChat();
    await expect(quiet).toBeVisible();
    await quiet.getByRole('button', { name: 'Cancel call' }).click();
    await expect(call).toHaveAttribute('data-state', 'failed', { timeout: 20_000 });
    await expect(quiet).toHaveCount(0);
    await lab.settled();
  } finally {
    await server.stop();
  }
});
