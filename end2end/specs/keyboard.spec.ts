import { expect, test } from '../support/test';

test('the canvas without a mouse', async ({ lab, page }) => {
  await lab.note('Alpha', { x: 0, y: 0 });
  await lab.note('Beta', { x: 360, y: 0 });
  await lab.showCanvas();
  await lab.fit();
  await expect(lab.blocks).toHaveCount(2);

  // Tab walks in reading order, also backwards, and leaves at the end.
  await page.keyboard.press('Tab');
  await expect(lab.block('Alpha')).toBeFocused();
  await page.keyboard.press('Tab');
  await expect(lab.block('Beta')).toBeFocused();
  await page.keyboard.press('Shift+Tab');
  await expect(lab.block('Alpha')).toBeFocused();
  await expect(lab.block('Alpha')).toHaveAttribute('data-mark', 'solo');

  // All, none, find.
  const news = lab.canvas.locator('[role=status]').last();
  await page.keyboard.press('Control+a');
  await expect(news).toHaveText('2 selected');
  await page.keyboard.press('Escape');
  await page.keyboard.press('f');
  const find = page.getByRole('combobox', { name: 'Find a node' });
  await expect(find).toBeFocused();
  await page.keyboard.type('bet');
  await page.keyboard.press('Enter');
  await expect(lab.block('Beta')).toBeFocused();
  await expect(find).toBeHidden();

  // Zoom.
  await page.keyboard.press('0');
  await expect(page.locator('.canvas-percent')).toHaveText('100 %');
  await page.keyboard.press('-');
  await expect(page.locator('.canvas-percent')).toHaveText('80 %');

  // The menu of a node.
  await page.keyboard.press('Shift+F10');
  const menu = page.getByRole('menu', { name: 'Actions' });
  await expect(menu.getByRole('menuitem').first()).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(menu).toBeHidden();
  await expect(lab.block('Beta')).toBeFocused();
});

test('the palette finds pages, projects and actions', async ({ lab, page, person }) => {
  const palette = page.getByRole('dialog', { name: 'Search and commands' });
  await page.keyboard.press('Control+k');
  await expect(palette.getByRole('combobox')).toBeFocused();
  await page.keyboard.type('zzz');
  await expect(palette).toContainText('Nothing by that name');
  await palette.getByRole('combobox').fill('');
  await page.keyboard.type('toggle th');
  await page.keyboard.press('Enter');
  await expect(palette).toBeHidden();
  await expect(page.locator('html')).toHaveAttribute('data-theme', /light|dark/);
  await page.keyboard.press('Control+k');
  await page.keyboard.type('projects');
  await page.keyboard.press('Enter');
  await page.waitForURL(`**/${person.org}/projects`);
  await page.keyboard.press('Control+k');
  await page.keyboard.type('getting');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await page.waitForURL(/projects\/getting-started/);
  await lab.ready();
});

test('the skip link is first and leads to the content', async ({ lab, page, person }) => {
  await page.goto(`/${person.org}/projects`);
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.locator('#main')).toBeFocused();
});
