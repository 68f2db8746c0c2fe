import type { Locator } from '@playwright/test';
import { Lab } from '../support/lab';
import { expect, test } from '../support/test';

/** Where a node stands on the canvas, whatever the view. */
const place = (node: Locator) => node.evaluate((element: HTMLElement) => element.style.transform);

test('two tabs on one canvas stay equal', async ({ lab, context, person, narrow }) => {
  await lab.note('First', { x: 0, y: 0 });
  await lab.put(
    'Plan',
    {
      kind: 'data',
      data: {
        type: 'kanban',
        columns: [
          { id: 'todo', title: 'To do', cards: [{ id: 'a', title: 'Write the plan' }] },
          { id: 'done', title: 'Done', cards: [] },
        ],
      },
    },
    { x: 360, y: 0, width: 480, height: 240 },
  );
  const other = await new Lab(await context.newPage(), person, narrow).open();
  const tabs = [lab, other];
  for (const tab of tabs) {
    await tab.showCanvas();
    await tab.fit();
    await expect(tab.blocks).toHaveCount(2);
  }

  // Moving.
  const before = await place(other.block('First'));
  await lab.block('First').focus();
  await lab.page.keyboard.press('Shift+ArrowDown');
  await lab.page.keyboard.press('Shift+ArrowDown');
  await expect.poll(() => place(other.block('First'))).not.toBe(before);
  await expect.poll(() => place(other.block('First'))).toBe(await place(lab.block('First')));

  // Editing what is in a block.
  await other.block('Plan').focus();
  await other.page.keyboard.press('Enter');
  await other.page.keyboard.press('Enter');
  await expect(lab.block('Plan').getByLabel('Done, 1 cards')).toContainText('Write the plan');

  // Deleting and taking it back.
  await lab.block('First').focus();
  await lab.page.keyboard.press('Delete');
  for (const tab of tabs) await expect(tab.blocks).toHaveCount(1);
  await lab.page.keyboard.press('Control+z');
  for (const tab of tabs) {
    await tab.fit();
    await expect(tab.blocks).toHaveCount(2);
  }
  await lab.page.keyboard.press('Control+z');
  await expect.poll(() => place(lab.block('First'))).toBe(before);
  await expect.poll(() => place(other.block('First'))).toBe(before);
});
