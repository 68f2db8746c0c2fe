import { expect, test } from '../support/test';

test.use({ mayFail: true });

test('the network goes and comes back', async ({ lab, context }) => {
  await expect(lab.connection).toHaveText(/Live/);
  await lab.say('count to 120');
  const answer = lab.chat.locator('.answer').first();
  await expect(answer).toContainText('1 2 3');
  await context.setOffline(true);
  await expect(lab.connection).toHaveText(/Offline/);

  // What is said meanwhile is kept and says what happened to it.
  await lab.say('count to 3');
  const failed = lab.chat.locator('.said[data-state="failed"]');
  await expect(failed).toContainText('count to 3');
  await expect(failed).toContainText("can't be reached");

  await context.setOffline(false);
  await expect(lab.connection).toHaveText(/Live/, { timeout: 30_000 });
  await expect(answer).toHaveText(Array.from({ length: 120 }, (_, index) => index + 1).join(' '), { timeout: 30_000 });
  await failed.getByRole('button', { name: 'Send again' }).click();
  await expect(failed).toBeHidden();
  await expect(lab.chat.locator('.answer').last()).toHaveText('1 2 3');
  await expect(lab.chat.locator('.said')).toHaveCount(2);
});

test('a reload without network loses nothing that was said', async ({ lab, context, page }) => {
  await context.setOffline(true);
  await lab.say('note: written in a tunnel');
  await expect(lab.chat.locator('.said[data-state="failed"]')).toBeVisible();
  await lab.composer.fill('half a thought');
  await context.setOffline(false);
  await page.reload();
  await lab.ready();
  await expect(lab.composer).toHaveValue('half a thought');
  const kept = lab.chat.locator('.said[data-state="failed"]');
  await expect(kept).toContainText('written in a tunnel');
  await kept.getByRole('button', { name: 'Send again' }).click();
  await expect(lab.calls.first()).toHaveAttribute('data-state', 'done', { timeout: 20_000 });
});
