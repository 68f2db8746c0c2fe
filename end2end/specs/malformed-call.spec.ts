import { expect, test } from '../support/test';

test('a malformed call is shown with its reason and tried again', async ({ lab, narrow }) => {
  await lab.say('call data_block {"title": 5}');
  await lab.settled();
  const bad = lab.chat.locator('.call[data-state="retrying"]');
  await expect(bad).toHaveCount(1);
  await expect(bad).toContainText('Malformed call, attempt 1');
  await expect(bad).toContainText('/spec is missing');
  await expect(lab.chat.locator('.call[data-state="done"]')).toHaveCount(1);
  // What the model reads is not what a person should.
  await expect(lab.chat).not.toContainText('tool_output');

  await bad.getByRole('button').click();
  const inspector = lab.page.getByRole('complementary', { name: 'Tool call' });
  await expect(inspector).toContainText("a call that doesn't fit");
  await expect(inspector).toContainText('attempt 1');
  await lab.page.keyboard.press('Escape');
  await expect(inspector).toBeHidden();
  if (narrow) await lab.showCanvas();
  await expect(lab.canvas.locator('.chip[data-state="retrying"]')).toHaveCount(1);
});
