import { expect, test } from '../support/test';

/** A picture of one pixel. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

test('text, CSV and pictures go with a message', async ({ lab, page }) => {
  await lab.chat.locator('input[type=file]').setInputFiles([
    { name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('Remember the milk.\n') },
    { name: 'sales.csv', mimeType: 'text/csv', buffer: Buffer.from('month,sales\nJan,3\nFeb,5\n') },
    { name: 'pixel.png', mimeType: 'image/png', buffer: PIXEL },
  ]);
  const chosen = lab.chat.locator('.composer .attachment');
  await expect(chosen).toHaveCount(3);
  await expect(lab.chat.locator('.composer .attachment[aria-busy]')).toHaveCount(0);
  await chosen.filter({ hasText: 'notes.txt' }).getByRole('button', { name: 'Remove notes.txt' }).click();
  await expect(chosen).toHaveCount(2);
  await lab.say('list files');

  const said = lab.chat.locator('.said');
  await expect(said.locator('.attachment')).toHaveCount(2);
  const picture = said.locator('.attachment img');
  await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(1);
  const link = said.getByRole('link', { name: /sales\.csv/ });
  const file = await page.request.get((await link.getAttribute('href'))!);
  expect(await file.text()).toContain('Feb,5');
  await lab.settled();
  await expect(lab.chat.locator('.answer').last()).toContainText('mauna-loa-co2.csv');
});

test('what can not go with a message is refused in words', async ({ lab, page }) => {
  await lab.chat.locator('input[type=file]').setInputFiles([
    { name: 'setup.exe', mimeType: 'application/x-msdownload', buffer: Buffer.from('MZ') },
  ]);
  await expect(page.locator('.toast')).toContainText('setup.exe is not text, CSV or a picture');
  await expect(lab.chat.locator('.composer .attachment')).toHaveCount(0);
});
