import { post, withApp } from '../support/factors';
import { Lab } from '../support/lab';
import { expect, signUp, test } from '../support/test';

test('three people see each other on one canvas: pointers, selections, edits, coming and going', async ({
  lab,
  browser,
  page,
  person,
  server,
  narrow,
}, info) => {
  test.slow();
  await lab.note('Alpha', { x: 0, y: 0 });
  await lab.note('Beta', { x: 0, y: 320 });
  await withApp(page.context().request, server.url, person);
  const colleagues: Lab[] = [];
  for (let number = 0; number < 2; number++) {
    const context = await browser.newContext({ viewport: page.viewportSize(), baseURL: server.url });
    const theirs = await signUp(context.request, server.url);
    const invited = await post(page.request, server.url, `/org/invites?org=${person.org}`, {
      email: theirs.email,
      role: 'member',
    });
    const { path } = (await invited.json()).data;
    const accepted = await post(context.request, server.url, `${path.replace('/invite/', '/invites/')}/accept`, {});
    expect(accepted.status(), await accepted.text()).toBe(200);
    const member = { ...theirs, org: person.org };
    colleagues.push(await new Lab(await context.newPage(), member, narrow).open());
  }
  const [grace, mary] = colleagues;
  const faces = page.getByRole('list', { name: 'Also here' }).getByRole('button');
  for (const one of [lab, grace, mary]) {
    await one.showCanvas();
    await one.fit();
    await expect(one.blocks).toHaveCount(2);
    await expect(one.page.getByRole('list', { name: 'Also here' }).getByRole('button')).toHaveCount(2);
  }

  // A pointer, with its name, at the same place of the canvas.
  const alpha = (await grace.block('Alpha').boundingBox())!;
  await grace.page.mouse.move(alpha.x + 40, alpha.y + 30);
  await grace.page.mouse.move(alpha.x + 60, alpha.y + 40, { steps: 5 });
  const cursor = page.locator('.guest-cursor').filter({ hasText: grace.person.name });
  await expect(cursor).toBeVisible();
  const here = (await lab.block('Alpha').boundingBox())!;
  await expect
    .poll(async () => {
      const at = (await cursor.locator('svg').boundingBox())!;
      return Math.hypot(at.x - here.x - 60, at.y - here.y - 40) < 12;
    })
    .toBe(true);
  await expect(mary.page.locator('.guest-cursor').filter({ hasText: grace.person.name })).toBeVisible();

  // What is selected, and where it goes.
  await mary.block('Beta').locator('.node-head').click({ position: { x: 60, y: 8 } });
  const mark = page.locator('.guest-mark').filter({ hasText: mary.person.name });
  await expect(mark).toBeVisible();
  const around = async () => {
    const [outer, inner] = [(await mark.boundingBox())!, (await lab.block('Beta').boundingBox())!];
    return Math.abs(outer.x - inner.x) + Math.abs(outer.y - inner.y) < 8;
  };
  await expect.poll(around).toBe(true);
  const before = (await lab.block('Beta').boundingBox())!;
  await mary.block('Beta').focus();
  await mary.page.keyboard.press('Shift+ArrowDown');
  await expect.poll(async () => (await lab.block('Beta').boundingBox())!.y).toBeGreaterThan(before.y);
  await expect.poll(around).toBe(true);
  await page.screenshot({ path: `test-results/shots/presence-${info.project.name}.png` });
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.screenshot({ path: `test-results/shots/presence-${info.project.name}-dark.png` });

  // Pressing a face goes there; a pointer that leaves the canvas is gone.
  await page.getByRole('button', { name: `Go to where this person is: ${grace.person.name}` }).click();
  await expect(cursor).toBeVisible();
  await grace.page.mouse.move(2, 2);
  await expect(cursor).toBeHidden();

  // Nothing is told of who has left, and who comes back after a break is known again.
  await mary.page.context().setOffline(true);
  await expect(mark).toHaveCount(0, { timeout: 60_000 });
  await mary.page.context().setOffline(false);
  await expect(mark).toBeVisible({ timeout: 30_000 });
  await mary.page.close();
  await expect(faces).toHaveCount(1);
  await grace.page.context().close();
  await expect(faces).toHaveCount(0);
  await mary.page.context().close();
});
