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

test('what is said before a chat has begun goes to the same one, and the next one is not disturbed', async ({ lab, page }) => {
  let release = () => {};
  const hold = async () => {
    const held = new Promise<void>((resolve) => (release = resolve));
    await page.route('**/api/v1/chat', async (route) => {
      await held;
      await route.continue();
    });
  };
  const said = ['note: one', 'note: two', 'note: three'];
  await hold();
  for (const text of said) await lab.say(text);
  await expect(lab.chat.locator('.said')).toHaveText(said);
  release();
  await expect.poll(() => page.url()).toContain('session=');
  await expect(lab.chat.locator('.said[data-state="sending"]')).toHaveCount(0);
  await lab.settled();
  await expect(lab.chat.locator('.said')).toHaveText(said);
  const sessions = async () => (await lab.api('GET', `/sessions?projectId=${await lab.project()}`)).items.length;
  expect(await sessions()).toBe(1);

  await page.unrouteAll();
  await hold();
  await page.getByRole('button', { name: 'New chat' }).click();
  await lab.say('note: four');
  await page.getByRole('button', { name: 'New chat' }).click();
  await expect(lab.chat.locator('.said')).toHaveCount(0);
  release();
  await expect.poll(sessions).toBe(2);
  await page.waitForTimeout(500);
  await expect(lab.chat).toContainText('What should Ala work on?');
  expect(page.url()).not.toContain('session=');
});
