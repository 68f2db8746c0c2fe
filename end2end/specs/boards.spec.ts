import { expect, test } from '../support/test';

const text = (title: string, text: string) => ({ title, spec: { type: 'markdown', text } });

test('an agent composes a workboard, a person moves it as one, the agent reworks it, and both are undone', async ({
  lab,
  page,
  narrow,
}) => {
  const shot = (name: string) =>
    page.screenshot({ path: `test-results/shots/boards-${name}-${narrow ? 'phone' : 'desktop'}.png` });
  const done = async (count: number) => {
    await expect(lab.calls).toHaveCount(count, { timeout: 20_000 });
    await expect(lab.calls.last()).toHaveAttribute('data-state', 'done', { timeout: 20_000 });
    await lab.settled();
  };
  const blocks = async () => (await lab.api('GET', `/projects/${await lab.project()}/blocks`)).items;
  await lab.note('Mine', { x: 0, y: -400 }, 'Not part of it.');
  const parts = [
    text('Verdict', 'Raise the dues by **4 %**.'),
    { title: 'Dues by year', spec: { type: 'chart', kind: 'bar', labels: ['2024', '2025'], series: [{ name: 'Dues', values: [3, 4] }] } },
    text('Risks', 'Two ships may go elsewhere.'),
    { title: 'Query', content: { type: 'code', code: 'select sum(dues) from calls', language: 'sql' } },
  ];
  await lab.say(
    `call compose_canvas ${JSON.stringify({ label: 'Harbour dues', preset: 'decision-brief', blocks: parts })}`,
  );
  await done(1);
  await lab.showCanvas();
  await lab.fit();
  const head = lab.canvas.getByRole('button', { name: 'Workboard Harbour dues, 4 blocks' });
  await expect(head).toContainText('Decision brief');
  await expect(lab.block('Verdict')).toContainText('Raise the dues');
  await shot('made');

  // By its name all of it moves.
  const places = async () => {
    const of = (await blocks()).filter((block: any) => block.position.groupId);
    return of.map((block: any) => [block.title, block.position.x, block.position.y]);
  };
  const before = await places();
  const box = (await head.boundingBox())!;
  await page.mouse.move(box.x + 30, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + 60, box.y + 60, { steps: 4 });
  await page.mouse.up();
  await expect.poll(async () => (await places())[0][2] - before[0][2]).toBeGreaterThan(10);
  const moved = await places();
  const shift = (at: any, from: any) => [Math.round(at[1] - from[1]), Math.round(at[2] - from[2])];
  expect(new Set(moved.map((at: any, index: number) => shift(at, before[index]).join())).size).toBe(1);
  const mine = (await blocks()).find((block: any) => block.title === 'Mine');
  expect([mine.position.x, mine.position.y]).toEqual([0, -400]);

  // The agent brings it up to date: one stays, one is new, two go.
  const [verdict] = (await blocks()).filter((block: any) => block.title === 'Verdict');
  const next = {
    boardId: verdict.position.groupId,
    blocks: [{ blockId: verdict.id, version: verdict.version }, text('Next steps', 'Tell the shipping lines.')],
  };
  await lab.showChat();
  await lab.say(`call recompose_canvas ${JSON.stringify(next)}`);
  await done(2);
  await lab.showCanvas();
  await expect(lab.canvas.getByRole('button', { name: 'Workboard Harbour dues, 2 blocks' })).toBeVisible();
  await expect(lab.block('Risks')).toHaveCount(0);
  await lab.fit();
  await shot('reworked');

  const menu = async (name: string) => {
    await lab.fit();
    // Where nothing stands once all of it is in view.
    await page.waitForTimeout(400);
    const canvas = (await lab.canvas.boundingBox())!;
    await page.mouse.click(canvas.x + 8, canvas.y + 8, { button: 'right' });
    await page.getByRole('menuitem', { name }).click();
  };
  await menu('Undo the last run');
  await expect(lab.canvas.getByRole('button', { name: 'Workboard Harbour dues, 4 blocks' })).toBeVisible();
  expect(await places()).toEqual(moved);

  // Arranging keeps it together; a part leaves it only when it is taken apart.
  await menu('Arrange');
  await expect.poll(async () => (await places()).join()).not.toBe(moved.join());
  const arranged = await places();
  expect(new Set(arranged.map((at: any, index: number) => shift(at, moved[index]).join())).size).toBe(1);
  await lab.block('Risks').click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Take workboard apart' }).click();
  await expect(lab.canvas.locator('.board')).toHaveCount(0);
  await expect.poll(async () => (await places()).length).toBe(0);
  await lab.canvas.focus();
  await page.keyboard.press('Control+z');
  await expect(lab.canvas.locator('.board')).toHaveCount(1);
  await page.emulateMedia({ colorScheme: 'dark' });
  await lab.fit();
  await shot('dark');
});
