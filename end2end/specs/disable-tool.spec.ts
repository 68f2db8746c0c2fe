import { expect, test } from '../support/test';

test('a tool is disabled where its call is seen, and enabled again', async ({ lab, page }) => {
  await lab.say('list files');
  await expect(lab.calls.first()).toHaveAttribute('data-state', 'done', { timeout: 20_000 });
  await lab.settled();
  await lab.calls.first().getByRole('button').click();
  const inspector = page.getByRole('complementary', { name: 'Tool call' });
  await inspector.getByRole('button', { name: 'Disable on this agent' }).click();
  await expect(page.locator('.toast')).toContainText('file_list is off for Ala');
  const enable = inspector.getByRole('button', { name: 'Enable on this agent' });
  await expect(enable).toBeVisible();
  await page.keyboard.press('Escape');
  await lab.showChat();
  await lab.say('list files');
  await expect(lab.chat.locator('.answer').last()).toContainText('switched off for this agent', { timeout: 20_000 });
  await expect(lab.calls).toHaveCount(1);
  await lab.settled();

  // Found off by a page that is new.
  await page.reload();
  await lab.ready();
  await lab.calls.first().getByRole('button').click();
  await enable.click();
  await expect(page.locator('.toast')).toContainText('file_list is on for Ala');
  await page.keyboard.press('Escape');
  await lab.showChat();
  await lab.say('list files');
  await expect(lab.calls).toHaveCount(2, { timeout: 20_000 });
});
