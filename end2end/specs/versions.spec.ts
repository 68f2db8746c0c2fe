import { expect, test } from '../support/test';

// That nothing is left to undo is told by a refusal.
test.use({ mayFail: true });

test('what a run did is undone as one, and one block gets an earlier version back', async ({ lab, page, narrow }) => {
  await lab.note('Mine', { x: 0, y: 0 }, 'What I wrote.');
  await lab.say('note: Made by Ala');
  await expect(lab.calls.last()).toHaveAttribute('data-state', 'done', { timeout: 20_000 });
  await lab.settled();
  const { items } = await lab.api('GET', `/projects/${await lab.project()}/blocks`);
  const mine = items.find((block: any) => block.title === 'Mine');
  await lab.say(
    `call update_block ${JSON.stringify({ blockId: mine.id, title: 'Rewritten', spec: { type: 'markdown', text: 'What Ala wrote.' } })}`,
  );
  await expect(lab.calls).toHaveCount(2, { timeout: 20_000 });
  await expect(lab.calls.last()).toHaveAttribute('data-state', 'done', { timeout: 20_000 });
  await lab.settled();
  await lab.showCanvas();
  await lab.fit();
  await expect(lab.block('Rewritten')).toContainText('What Ala wrote.');

  const undo = async () => {
    const canvas = (await lab.canvas.boundingBox())!;
    await page.mouse.click(canvas.x + 8, canvas.y + 8, { button: 'right' });
    await page.getByRole('menuitem', { name: 'Undo the last run' }).click();
  };
  await undo();
  await expect(page.locator('.toast', { hasText: '1 block as before' })).toBeVisible();
  await expect(lab.block('Mine')).toContainText('What I wrote.');
  await expect(lab.block('Made by Ala')).toHaveCount(1);

  // And back, by hand.
  const more = lab.block('Mine').locator('.node-more');
  await lab.block('Mine').focus();
  await more.click();
  await page.getByRole('menuitem', { name: 'Earlier versions' }).click();
  const dialog = page.getByRole('dialog', { name: 'Earlier versions' });
  const row = dialog.getByRole('listitem').filter({ hasText: 'Rewritten' });
  await row.getByRole('button', { name: 'Show' }).click();
  await expect(row).toContainText('What Ala wrote.');
  await page.screenshot({ path: `test-results/shots/versions-${narrow ? 'phone' : 'desktop'}.png` });
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.screenshot({ path: `test-results/shots/versions-dark-${narrow ? 'phone' : 'desktop'}.png` });
  await row.getByRole('button', { name: 'Bring back' }).click();
  await expect(dialog).toBeHidden();
  await expect(lab.block('Rewritten')).toContainText('What Ala wrote.');

  // The run before goes too, with what it made; then nothing is left.
  await undo();
  await expect(lab.block('Made by Ala')).toHaveCount(0);
  await undo();
  await expect(page.locator('.toast', { hasText: "No agent's work is left" })).toBeVisible();
});
