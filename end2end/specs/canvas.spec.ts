import type { Locator } from '@playwright/test';
import { expect, test } from '../support/test';

const style = (node: Locator) => node.evaluate((element: HTMLElement) => element.getAttribute('style')!);
const shift = (text: string) => /translate\(([-\d.]+)px, ?([-\d.]+)px\)/.exec(text)!.slice(1).map(Number);

async function drag(node: Locator, from: [number, number], by: [number, number]): Promise<void> {
  const page = node.page();
  // Only what stands still can be taken hold of.
  let box = (await node.boundingBox())!;
  await expect(async () => {
    const before = box;
    box = (await node.boundingBox())!;
    expect(box).toEqual(before);
  }).toPass();
  const [x, y] = [box.x + from[0], box.y + from[1]];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x + by[0] / 2, y + by[1] / 2, { steps: 4 });
  await page.mouse.move(x + by[0], y + by[1], { steps: 4 });
}

test('drag, resize, undo, redo, and places that stay', async ({ lab, page }) => {
  await lab.note('Alpha', { x: 0, y: 0 });
  await lab.note('Beta', { x: 0, y: 264 });
  await lab.showCanvas();
  await lab.fit();
  const alpha = lab.block('Alpha');
  await expect(lab.blocks).toHaveCount(2);
  await expect(page.locator('.canvas')).not.toHaveAttribute('data-moving');
  const [undo, redo] = [page.getByRole('button', { name: 'Undo' }), page.getByRole('button', { name: 'Redo' })];
  await expect(undo).toBeDisabled();

  // From anywhere on an unselected block, here from its text.
  const first = shift(await style(alpha));
  await drag(alpha, [60, 60], [50, 12]);
  await page.mouse.up();
  await expect.poll(async () => shift(await style(alpha))[0]).toBeGreaterThan(first[0] + 20);
  const moved = shift(await style(alpha));
  await undo.click();
  await expect.poll(async () => shift(await style(alpha))).toEqual(first);
  await redo.click();
  await expect.poll(async () => shift(await style(alpha))).toEqual(moved);

  // By a corner of the selected one.
  await lab.fit();
  await alpha.locator('.node-head').click({ position: { x: 60, y: 8 } });
  await expect(alpha).toHaveAttribute('data-mark', 'solo');
  const height = async () => Number(/height: ?([\d.]+)px/.exec(await style(alpha))![1]);
  const before = await height();
  await drag(alpha.locator('[data-handle="se"]'), [5, 5], [0, 36]);
  await page.mouse.up();
  await expect.poll(height).toBeGreaterThan(before + 10);
  const after = await height();
  await undo.click();
  await expect.poll(height).toBe(before);
  await redo.click();
  await expect.poll(height).toBe(after);

  // Saved: a fresh page has them where they were put.
  await expect
    .poll(async () => {
      const { blocks } = await lab.api('GET', `/projects/${await lab.project()}/snapshot`);
      const stored = blocks.find((block: any) => block.title === 'Alpha').position.height;
      // The page writes tenths of pixels into its styles.
      return Number(stored.toFixed(1));
    })
    .toBe(after);
  await page.reload();
  await lab.ready();
  await lab.showCanvas();
  await lab.fit();
  await expect.poll(async () => shift(await style(alpha))).toEqual(moved);
  expect(await height()).toBe(after);
});

// The snap switch and the room to align in are the wide screen's.
test.describe('wide', () => {
  test.use({ viewport: { width: 1440, height: 900 } });

  test('guides with distances, the grid, and Alt that suspends both', async ({ lab, page }) => {
    await lab.note('Alpha', { x: 0, y: 0 });
    await lab.note('Beta', { x: 420, y: 4 });
    await lab.showCanvas();
    await page.keyboard.press('0');
    await lab.fit();
    const beta = lab.block('Beta');
    await expect(lab.blocks).toHaveCount(2);
    await expect(lab.canvas).not.toHaveAttribute('data-moving');
    await drag(beta, [80, 80], [0, -2]);
    await page.mouse.move((await beta.boundingBox())!.x + 90, (await beta.boundingBox())!.y + 82);
    await page.mouse.up();

    await drag(beta, [80, 18], [30, 0]);
    await expect(page.locator('.canvas-overlay .guide').first()).toBeAttached();
    await expect(page.locator('.canvas-overlay .pill-text').first()).toHaveText(/^\d+$/);
    await page.keyboard.down('Alt');
    const box = (await beta.boundingBox())!;
    await page.mouse.move(box.x + 95, box.y + 21);
    await expect(page.locator('.canvas-overlay .guide')).toHaveCount(0);
    await page.keyboard.up('Alt');
    await page.mouse.up();

    const snap = page.getByRole('button', { name: 'Snap to grid' });
    await snap.click();
    await expect(snap).toHaveAttribute('aria-pressed', 'true');
    await beta.focus();
    const [x] = shift(await style(beta));
    await page.keyboard.press('ArrowRight');
    await expect.poll(async () => shift(await style(beta))[0]).toBe(x + 24);
    await page.reload();
    await lab.ready();
    await expect(snap).toHaveAttribute('aria-pressed', 'true');
  });
});

test('pan, zoom at the pointer, marquee, map, focused view', async ({ lab, page, narrow }) => {
  await lab.note('Alpha', { x: 0, y: 0 });
  await lab.note('Beta', { x: 360, y: 0 });
  await lab.showCanvas();
  await lab.fit();
  await expect(lab.blocks).toHaveCount(2);
  await expect(lab.canvas).not.toHaveAttribute('data-moving');
  const alpha = lab.block('Alpha');
  const canvas = (await lab.canvas.boundingBox())!;

  // The wheel pans; with Control it zooms, and what is under the pointer stays there.
  const before = (await alpha.boundingBox())!;
  await page.mouse.move(before.x + 10, before.y + 10);
  await page.mouse.wheel(0, 40);
  await expect.poll(async () => Math.round((await alpha.boundingBox())!.y - before.y)).toBe(-40);
  await page.mouse.wheel(0, -40);
  await expect.poll(async () => Math.round((await alpha.boundingBox())!.y - before.y)).toBe(0);
  await page.keyboard.down('Control');
  await page.mouse.wheel(0, -60);
  await page.keyboard.up('Control');
  await expect.poll(async () => (await alpha.boundingBox())!.width).toBeGreaterThan(before.width * 1.1);
  const zoomed = (await alpha.boundingBox())!;
  expect(Math.abs(zoomed.x - before.x)).toBeLessThan(8);
  await lab.fit();
  await expect(lab.canvas).not.toHaveAttribute('data-moving');

  // A rectangle drawn around both.
  const [a, b] = [(await alpha.boundingBox())!, (await lab.block('Beta').boundingBox())!];
  await page.mouse.move(Math.max(a.x - 8, canvas.x + 3), a.y - 12);
  await page.mouse.down();
  await page.mouse.move(b.x + b.width - 4, b.y + b.height - 4, { steps: 5 });
  await expect(page.locator('.marquee')).toBeVisible();
  await page.mouse.up();
  await expect(page.locator('.node[data-mark="selected"]')).toHaveCount(2);

  if (!narrow) {
    const map = (await page.locator('.canvas-map').boundingBox())!;
    await page.mouse.click(map.x + 8, map.y + 8);
    await expect.poll(async () => (await alpha.boundingBox())?.x).not.toBe(a.x);
    await lab.fit();
  }

  await page.keyboard.press('Escape');
  await alpha.locator('.node-more').click();
  await page.getByRole('menuitem', { name: 'Pin focused view' }).click();
  const focused = page.getByRole('region', { name: 'Focused view' });
  await expect(focused).toContainText('The text of Alpha.');
  await page.reload();
  await lab.ready();
  await lab.showCanvas();
  await focused.getByRole('button', { name: 'Show full canvas' }).click();
  await expect(focused).toBeHidden();
});

test('an empty canvas says what to do, and new results come into view', async ({ lab }) => {
  await lab.showCanvas();
  await expect(lab.canvas).toContainText('Nothing on the canvas yet');
  await lab.showChat();
  await lab.say('note: Here I am');
  await lab.settled();
  await lab.showCanvas();
  await expect(lab.block('Here I am')).toBeInViewport();
  await expect(lab.canvas).not.toContainText('Nothing on the canvas yet');
});
