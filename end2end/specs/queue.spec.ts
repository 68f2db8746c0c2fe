import { expect, test } from '../support/test';

test('messages wait for the next step, can be changed and taken back', async ({ lab }) => {
  await lab.say('run until [ -e go ]; do sleep 0.2; done; echo waited');
  await expect(lab.calls.last()).toHaveAttribute('data-state', 'running', { timeout: 20_000 });
  const queue = lab.chat.locator('.queue');
  for (const text of ['count to 4', 'note: never mind', 'count to 5']) await lab.say(text);
  await expect(queue.locator('.queued')).toHaveCount(3);

  await queue.locator('.queued', { hasText: 'never mind' }).getByRole('button', { name: 'Remove' }).click();
  await expect(queue.locator('.queued')).toHaveCount(2);
  await queue.locator('.queued', { hasText: 'count to 5' }).getByRole('button', { name: 'Edit' }).click();
  const field = queue.getByRole('textbox');
  await field.fill('count to 6');
  await field.press('Enter');
  await expect(queue.locator('.queued').nth(1)).toContainText('count to 6');

  // They are the server's, not the page's.
  await lab.page.reload();
  await lab.ready();
  await expect(queue.locator('.queued')).toHaveCount(2);

  await lab.calls.last().getByRole('button').first().click();
  await lab.page.getByRole('button', { name: 'Cancel call' }).click();
  await lab.page.getByRole('button', { name: 'Close' }).first().click();
  await lab.showChat();
  await expect(queue).toBeHidden({ timeout: 20_000 });
  await expect(lab.chat).toContainText('1 2 3 4 5 6', { timeout: 20_000 });
  await lab.settled();
  await expect(lab.chat.locator('.said')).toHaveText([/run until/, 'count to 4', 'count to 6']);
  await expect(lab.chat).not.toContainText('never mind');
});
