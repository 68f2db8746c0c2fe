import { expect, hydrated, test } from '../support/test';

test('back and forward', async ({ lab, page, person }) => {
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Projects' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Projects' })).toBeVisible();
  await page.getByRole('link', { name: /Getting started/ }).first().click();
  await page.waitForURL(/projects\/getting-started/);
  await lab.ready();
  await page.goBack();
  await expect(page.getByRole('heading', { level: 1, name: 'Projects' })).toBeVisible();
  await page.goBack();
  await page.waitForURL(`**/${person.org}/lab`);
  await lab.ready();
  await page.goForward();
  await expect(page.getByRole('heading', { level: 1, name: 'Projects' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Projects' }).first()).toHaveAttribute('aria-current', 'page');
});

test('two clicks on a button make one thing', async ({ page, person, lab }) => {
  await page.goto(`/${person.org}/projects`);
  await hydrated(page);
  await page.getByRole('link', { name: 'New project' }).click();
  const dialog = page.getByRole('dialog', { name: 'New project' });
  await dialog.getByLabel('Name').fill('Only once');
  await dialog.getByRole('button', { name: 'Create project' }).dblclick();
  await page.waitForURL(/projects\/only-once/);
  const { items } = await lab.api('GET', '/projects');
  expect(items.map((project: any) => project.name).filter((name: string) => name === 'Only once')).toHaveLength(1);
});

test('an empty project invites, and Enter twice says a thing once', async ({ lab, page }) => {
  await lab.composer.fill('count to 5');
  await lab.composer.press('Enter');
  await lab.composer.press('Enter');
  await lab.settled();
  await expect(lab.chat.locator('.said')).toHaveCount(1);
  await page.getByRole('button', { name: 'New chat' }).click();
  await expect(lab.chat).toContainText('What should Ala work on?');
  for (const name of ['List the files', 'What can you do?']) {
    await page.getByRole('button', { name: 'New chat' }).click();
    await lab.chat.getByRole('button', { name }).click();
    await lab.settled();
    await expect(lab.chat).not.toContainText("I can't answer that");
  }
});
