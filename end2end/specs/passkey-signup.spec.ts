import type { Page } from '@playwright/test';
import { Device, open, passkeyRows, post, security, stepUpDialog, withApp } from '../support/factors';
import { expect, expectAccessible, hydrated, test } from '../support/test';

// What is refused here is refused on purpose.
test.use({ mayFail: true });

let people = 0;
const newcomer = () => {
  const tag = `${process.pid}-${people++}-${Date.now()}`;
  return { name: `Kim ${tag}`, email: `kim-${tag}@example.org` };
};
const way = (page: Page) => page.getByRole('button', { name: 'Create account with a passkey' });

test('no password: in, out, in again, step up, and a password later', async ({ page, context, server, narrow }) => {
  const device = await Device.plugIn(page);
  const { name, email } = newcomer();
  await open(page, '/signup');
  await expectAccessible(page);
  if (narrow) expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  // By keyboard alone.
  await page.getByLabel('Name').focus();
  await page.keyboard.type(name);
  await page.keyboard.press('Tab');
  await page.keyboard.type(email);
  await expect(async () => {
    await page.keyboard.press('Tab');
    await expect(way(page)).toBeFocused({ timeout: 100 });
  }).toPass();
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/lab$/);
  const org = new URL(page.url()).pathname.split('/')[1];
  expect(await device.credentials()).toHaveLength(1);

  // The only way in stays; making it was a step-up.
  const settings = `/${org}/settings/security`;
  await open(page, settings);
  await expect(passkeyRows(page)).toHaveCount(1);
  await page.getByRole('button', { name: /^Remove / }).click();
  await expect(page.getByText('the only way into your account').first()).toBeVisible();
  await expect(passkeyRows(page)).toHaveCount(1);
  await expectAccessible(page);

  await context.clearCookies();
  await device.touched(false);
  await open(page, `/login?next=${settings}`);
  await device.touched(true);
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click({ timeout: 5_000 }).catch(() => {});
  await page.waitForURL(settings);
  await hydrated(page);

  const password = `a second way in ${email}`;
  const form = page.getByRole('region', { name: 'Password' });
  await expect(form.getByLabel('Current password', { exact: true })).toHaveCount(0);
  await form.getByLabel('New password', { exact: true }).fill(password);
  await form.getByRole('button', { name: 'Set password' }).click();
  const dialog = stepUpDialog(page);
  await expect(dialog.getByLabel('Your password', { exact: true })).toHaveCount(0);
  await dialog.getByRole('button', { name: 'Use a passkey' }).click();
  await expect(page.getByText('Your account has a password now')).toBeVisible();
  await expect(form.getByLabel('Current password', { exact: true })).toBeVisible();
  expect((await post(context.request, server.url, '/auth/login', { email, password })).status()).toBe(200);
});

test('what is wrong stands at its field, before a passkey is made', async ({ page, person }) => {
  const device = await Device.plugIn(page);
  await open(page, '/signup');
  await page.getByLabel('Email').fill('nobody');
  await way(page).click();
  await expect(page.getByText('Write at least one character here.')).toBeVisible();
  await expect(page.getByText('Enter an email address like')).toBeVisible();
  await expectAccessible(page);
  await page.getByLabel('Name').fill('Eve');
  await page.getByLabel('Email').fill(person.email.toUpperCase());
  await way(page).click();
  await expect(page.getByText('There is already an account with this email address')).toBeVisible();
  // The other way says its own.
  await page.getByLabel('Password', { exact: true }).fill('short');
  await page.getByRole('button', { name: 'Create account', exact: true }).click();
  await expect(page.getByText('Use at least 12 characters.')).toBeVisible();
  await expect(page.getByText('There is already an account')).toHaveCount(0);
  expect(await device.credentials()).toHaveLength(0);
});

test('cancelled, it leaves nothing behind', async ({ page, context, server }) => {
  const device = await Device.plugIn(page);
  const { name, email } = newcomer();
  await device.recognises(false);
  await open(page, '/signup');
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Email').fill(email);
  await way(page).click();
  await expect(page.getByRole('alert').filter({ hasText: 'No passkey was made' })).toBeVisible();
  await expect(page.getByLabel('Email')).toHaveValue(email);
  await expectAccessible(page);
  const form = { name, email, password: `a fine long password ${email}` };
  expect((await post(context.request, server.url, '/auth/signup', form)).status()).toBe(201);
});

test('an answer counts once and in the browser it was made for', async ({ page, context, browser, server }) => {
  await Device.plugIn(page);
  const { name, email } = newcomer();
  // Held back: it is to come from elsewhere first.
  let kept = '';
  await page.route('**/auth/passkeys/signup/finish', async (route) => {
    kept = route.request().postData() ?? '';
    await route.abort();
  });
  await open(page, '/signup');
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Email').fill(email);
  await way(page).click();
  await expect.poll(() => kept).toBeTruthy();
  const finish = '/auth/passkeys/signup/finish';
  const other = await browser.newContext();
  expect((await post(other.request, server.url, finish, JSON.parse(kept))).status()).toBe(400);
  const again = await post(other.request, server.url, '/auth/passkeys/signup/start', newcomer());
  const swapped = { ...JSON.parse(kept), ceremony: (await again.json()).data.ceremony };
  expect((await post(other.request, server.url, finish, swapped)).status()).toBe(401);
  await other.close();
  expect((await post(context.request, server.url, finish, JSON.parse(kept))).status()).toBe(201);
  expect((await post(context.request, server.url, finish, JSON.parse(kept))).status()).toBe(400);
});

test('a browser without passkeys is not offered one', async ({ page }) => {
  await page.addInitScript(() => Reflect.deleteProperty(window, 'PublicKeyCredential'));
  for (const [path, button] of [['/signup', 'Create account with a passkey'], ['/login', 'Sign in with a passkey']]) {
    await open(page, path);
    await expect(page.getByRole('button', { name: button })).toHaveCount(0);
    await expect(page.getByRole('main').locator('button[type=submit]')).toBeVisible();
  }
});

test('an invited person joins with a passkey alone', async ({ page, person, server, browser }) => {
  await withApp(page.context().request, server.url, person);
  const { email } = newcomer();
  const invited = await post(page.request, server.url, `/org/invites?org=${person.org}`, { email, role: 'member' });
  expect(invited.status(), await invited.text()).toBe(201);
  const { path } = (await invited.json()).data;
  const context = await browser.newContext({ baseURL: server.url });
  const theirs = await context.newPage();
  await Device.plugIn(theirs);
  await open(theirs, path);
  await theirs.getByRole('link', { name: 'Use a passkey instead of a password' }).click();
  await hydrated(theirs);
  await expect(theirs.getByLabel('Email')).toHaveValue(email);
  await expectAccessible(theirs);
  await theirs.getByLabel('Name').fill('Nia New');
  await way(theirs).click();
  await theirs.waitForURL(path);
  await theirs.getByRole('button', { name: 'Join' }).click();
  await theirs.waitForURL(new RegExp(`/${person.org}/lab`));
  await context.close();
});
