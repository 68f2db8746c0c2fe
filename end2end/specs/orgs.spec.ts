import { expect, expectAccessible, hydrated, signUp, test } from '../support/test';
import { post, withApp } from '../support/factors';

test('invited, joined, promoted, kept out of what is private, and removed at once', async ({
  page,
  person,
  server,
  browser,
  narrow,
}) => {
  test.setTimeout(180_000);
  await withApp(page.context().request, server.url, person);
  await post(page.request, server.url, `/projects?org=${person.org}`, { name: 'Shared plan' });
  await post(page.request, server.url, `/projects?org=${person.org}`, { name: 'Diary', visibility: 'private' });

  // Settings are there, one after the other, and nothing is wrong with them.
  for (const tab of ['general', 'members', 'workspaces', 'audit']) {
    await page.goto(`/${person.org}/settings/${tab}`);
    await hydrated(page);
    await expect(page.getByRole('heading', { name: 'Settings' })).toBeVisible();
    await expectAccessible(page);
    await page.screenshot({ path: `test-results/shots/settings-${tab}-${narrow ? 'phone' : 'desktop'}.png`, fullPage: true });
  }

  // The invitation's link is shown once.
  const context = await browser.newContext({ viewport: page.viewportSize() });
  const mia = await signUp(context.request, server.url);
  await page.goto(`/${person.org}/settings/members`);
  await hydrated(page);
  await page.getByLabel('Email').fill(mia.email);
  await page.getByRole('button', { name: 'Send invitation' }).click();
  const link = await page.locator('.settings-link code').textContent();
  expect(link).toMatch(/\/invite\/[0-9a-f]{64}$/);
  await expect(page.getByText(mia.email)).toBeVisible();

  const theirs = await context.newPage();
  await theirs.goto(link!.replace(/^https?:\/\/[^/]+/, server.url));
  await expectAccessible(theirs);
  await theirs.screenshot({ path: `test-results/shots/invite-${narrow ? 'phone' : 'desktop'}.png` });
  await theirs.getByRole('button', { name: 'Join' }).click();
  await theirs.waitForURL(new RegExp(`/${person.org}/lab`));
  await theirs.goto(`/${person.org}/projects`);
  await expect(theirs.getByRole('link', { name: /^Shared plan/ })).toBeVisible();
  await expect(theirs.getByText('Diary')).toHaveCount(0);
  const hidden = await theirs.goto(`/${person.org}/projects/diary`);
  expect(hidden!.status()).toBe(404);
  await theirs.goto(`/${person.org}/settings/members`);
  await expect(theirs.getByRole('button', { name: 'Send invitation' })).toHaveCount(0);

  await page.reload();
  await hydrated(page);
  await page.getByLabel(`Role of ${mia.name}`, { exact: true }).selectOption('admin');
  await page.getByRole('button', { name: `Change the role of ${mia.name}` }).click();
  await expect(async () => {
    await theirs.reload();
    await expect(theirs.getByRole('button', { name: 'Send invitation' })).toBeVisible({ timeout: 2_000 });
  }).toPass({ timeout: 30_000 });

  // Their open page ends the moment that they are removed.
  await theirs.goto(`/${person.org}/projects/shared-plan`);
  await hydrated(theirs);
  await expect(theirs.getByText('Live', { exact: true })).toBeVisible({ timeout: 30_000 });
  await page.reload();
  await hydrated(page);
  await page.getByLabel(`Remove ${mia.name}`).click();
  await page.getByRole('button', { name: 'Remove now' }).click();
  await expect(page.getByText(mia.email)).toHaveCount(0);
  await expect(theirs.getByText('No longer available')).toBeVisible({ timeout: 12_000 });
  const gone = await theirs.goto(`/${person.org}/projects`);
  expect(gone!.status()).toBe(404);

  await page.goto(`/${person.org}/settings/audit?action=member`);
  for (const action of ['member.joined', 'member.role_changed', 'member.removed']) {
    await expect(page.getByRole('row').filter({ hasText: action })).toBeVisible();
  }
  await context.close();
});

test('a newcomer makes an account with the invitation, without script', async ({ page, person, server, browser }) => {
  await withApp(page.context().request, server.url, person);
  const email = `new-${process.pid}-${Date.now()}@example.org`;
  const answer = await post(page.request, server.url, `/org/invites?org=${person.org}`, { email, role: 'viewer' });
  expect(answer.status(), await answer.text()).toBe(201);
  const { path } = (await answer.json()).data;

  // The inviter's own account is the wrong one.
  await page.goto(path);
  await expect(page.getByText(`This invitation is for ${email} alone`)).toBeVisible();
  await expectAccessible(page);

  const context = await browser.newContext({ javaScriptEnabled: false });
  const newcomer = await context.newPage();
  await newcomer.goto(server.url + path);
  await newcomer.getByLabel('Name').fill('Nia New');
  await newcomer.getByLabel('Password', { exact: true }).fill('short');
  await newcomer.getByRole('button', { name: 'Create account and join' }).click();
  await expect(newcomer.getByText('Use at least 12 characters')).toBeVisible();
  await expect(newcomer.getByLabel('Name')).toHaveValue('Nia New');
  await newcomer.getByLabel('Password', { exact: true }).fill('gravel otter plinth mural');
  await newcomer.getByRole('button', { name: 'Create account and join' }).click();
  await newcomer.waitForURL(new RegExp(`/${person.org}/lab`));
  const again = await newcomer.goto(server.url + path);
  expect(again!.status()).toBe(409);
  await context.close();
});

test('workspaces and organisations are made and switched', async ({ page, person, server, narrow }) => {
  await withApp(page.context().request, server.url, person);
  await page.goto(`/${person.org}/settings/workspaces`);
  await hydrated(page);
  await page.getByLabel('Name', { exact: true }).fill('Client X');
  await page.getByRole('button', { name: 'Create workspace' }).click();
  await expect(page.getByRole('region', { name: 'Client X' })).toBeVisible();

  await page.reload();
  await hydrated(page);
  await page.locator('.rail-org summary').click();
  await page.screenshot({ path: `test-results/shots/switcher-${narrow ? 'phone' : 'desktop'}.png` });
  await page.locator('.rail-org').getByRole('button', { name: 'Client X' }).click();
  await page.waitForURL(/\/projects/);
  await expect(page.getByText('No projects yet')).toBeVisible();

  await page.goto('/orgs');
  await hydrated(page);
  await expectAccessible(page);
  await page.screenshot({ path: `test-results/shots/orgs-${narrow ? 'phone' : 'desktop'}.png` });
  await page.getByLabel('Name').fill(`Second ${Date.now()}`);
  await page.getByRole('button', { name: 'Create organization' }).click();
  await page.waitForURL(/\/second-.*\/lab/);
});
