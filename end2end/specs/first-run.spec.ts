import { expect, expectAccessible, test } from '../support/test';

test('a newcomer signs up, is shown around, and finds everything again', async ({ page, narrow }) => {
  await page.goto('/signup');
  await expectAccessible(page);
  const tag = `${process.pid}-${Date.now()}`;
  await page.getByLabel('Name').fill('Robin Example');
  await page.getByLabel('Email').fill(`first-${tag}@example.org`);
  await page.getByLabel('Password', { exact: true }).fill(`a fine long password ${tag}`);
  await page.getByRole('main').locator('button[type=submit]').click();
  await page.waitForURL(/\/lab/);

  const suggestion = page.getByRole('button', { name: /^Show me around/ });
  await expect(page.locator('.canvas[data-ready]')).toBeAttached();
  await suggestion.click();
  const chat = page.getByRole('region', { name: 'Chat' });
  await expect(chat.locator('.call[data-state="done"]').first()).toBeVisible({ timeout: 30_000 });

  const canvas = page.getByRole('tab', { name: 'Canvas' });
  if (narrow) await canvas.click();
  const nodes = page.locator('.node[data-kind="block"]');
  // Nodes off the screen are not drawn: "1" shows everything.
  const allShown = () =>
    expect(async () => {
      await page.locator('.canvas').press('1');
      await expect(nodes).toHaveCount(3, { timeout: 1_000 });
    }).toPass({ timeout: 45_000 });
  await allShown();
  // The second agent that it asked has a node too, and its answer is in what the guide says last.
  const second = page.getByRole('article', { name: /^Agent Ala: Second opinion/ });
  await expect(async () => {
    await page.locator('.canvas').press('1');
    await expect(second).toBeVisible({ timeout: 1_000 });
  }).toPass({ timeout: 30_000 });
  if (narrow) await page.getByRole('tab', { name: 'Chat' }).click();
  await expect(chat).toContainText('The second agent came to the same ends of the chart', { timeout: 45_000 });
  await page.screenshot({ path: `test-results/shots/first-run-${narrow ? 'phone' : 'desktop'}.png` });
  await page.reload();
  if (narrow) await canvas.click();
  await allShown();
});
