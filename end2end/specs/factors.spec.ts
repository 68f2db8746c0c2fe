import type { Page } from '@playwright/test';
import { Device, open, passkeyRows, post, security, stepUpDialog, totp, withApp } from '../support/factors';
import { Server } from '../support/server';
import { expect, expectAccessible, hydrated, signUp, test, type Person } from '../support/test';

// What is refused here is refused on purpose.
test.use({ mayFail: true });

async function addPasskey(page: Page, person: Person): Promise<void> {
  await open(page, security(person));
  await page.getByRole('button', { name: 'Add a factor' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add a factor' });
  await dialog.getByLabel('Your password', { exact: true }).fill(person.password);
  await dialog.getByRole('button', { name: 'Add a passkey' }).click();
  await expect(passkeyRows(page)).toHaveCount(1);
}

async function passwordForm(page: Page, person: Person): Promise<void> {
  await page.getByLabel('Email').fill(person.email);
  await page.getByLabel('Password', { exact: true }).fill(person.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

test.describe('passkeys', () => {
  test('enrol, sign in, step up, remove', async ({ page, context, person }) => {
    const device = await Device.plugIn(page);
    await addPasskey(page, person);
    await expectAccessible(page);

    await page.getByRole('button', { name: /^Rename / }).click();
    const rename = page.getByRole('dialog', { name: 'Rename passkey' });
    await rename.getByLabel('Name').fill('My laptop');
    await rename.getByRole('button', { name: 'Rename' }).click();
    await expect(passkeyRows(page)).toContainText('My laptop');

    await context.clearCookies();
    await device.touched(false);
    await open(page, `/login?next=${security(person)}`);
    await expectAccessible(page);
    await device.touched(true);
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click({ timeout: 5_000 }).catch(() => {});
    await page.waitForURL(security(person));
    await hydrated(page);
    await expect(passkeyRows(page)).toContainText('last used');

    // Signed in, but not stepped up.
    await page.getByRole('button', { name: 'Remove My laptop' }).click();
    const dialog = stepUpDialog(page);
    await expect(dialog).toBeVisible();
    await expectAccessible(page);
    await dialog.getByRole('button', { name: 'Use a passkey' }).click();
    await expect(dialog).toBeHidden();
    await expect(passkeyRows(page)).toHaveCount(0);
  });

  test('cancelled, not recognised, lost, or another device', async ({ page, context, person }) => {
    const device = await Device.plugIn(page);
    await addPasskey(page, person);
    await context.clearCookies();

    await device.recognises(false);
    await open(page, '/login');
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await expect(page.getByRole('alert').filter({ hasText: 'No passkey was used' })).toBeVisible();
    await device.recognises(true);

    await device.wipe();
    await open(page, '/login');
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await expect(page.getByRole('alert').filter({ hasText: 'No passkey was used' })).toBeVisible();
    await device.unplug();
    await Device.plugIn(page);
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await expect(page.getByRole('alert').filter({ hasText: 'No passkey was used' })).toBeVisible();

    // The password still opens the account; what needs the lost factor is not done.
    await passwordForm(page, person);
    await page.waitForURL(/\/lab/);
    await open(page, security(person));
    await page.getByRole('button', { name: /^Remove / }).click();
    const dialog = stepUpDialog(page);
    await dialog.getByRole('button', { name: 'Use a passkey' }).click();
    await expect(dialog.getByRole('alert')).toContainText('No passkey was used');
    await dialog.getByRole('button', { name: 'Close' }).click();
    await expect(dialog).toBeHidden();
    await expect(passkeyRows(page)).toHaveCount(1);
  });

  test('an answer counts once, for the account and the browser it was made for', async ({ page, context, person, server }) => {
    const device = await Device.plugIn(page);
    await addPasskey(page, person);

    // The passkey of a stolen copy: its counter lags behind.
    const seen: Record<string, string> = {};
    page.on('request', (request) => {
      if (request.url().endsWith('/finish')) seen[new URL(request.url()).pathname] = request.postData() ?? '';
    });
    await context.clearCookies();
    await device.touched(false);
    await open(page, '/login');
    await device.touched(true);
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click({ timeout: 5_000 }).catch(() => {});
    await page.waitForURL(/\/lab/);
    const login = JSON.parse(seen['/api/v1/auth/passkeys/login/finish']);
    const replayed = await post(page.request, server.url, '/auth/passkeys/login/finish', login);
    expect(replayed.status()).toBe(400);
    // The same answer to a challenge of its own.
    const fresh = (await (await post(page.request, server.url, '/auth/passkeys/login/start', null)).json()).data;
    const swapped = { ...login, ceremony: fresh.ceremony };
    expect((await post(page.request, server.url, '/auth/passkeys/login/finish', swapped)).status()).toBe(401);
    // A wrong answer uses its challenge up.
    expect((await post(page.request, server.url, '/auth/passkeys/login/finish', swapped)).status()).toBe(400);

    // A step-up that was begun in another browser.
    const begun = (await (await post(page.request, server.url, '/auth/passkeys/step-up/start', null)).json()).data;
    const other = await (await page.context().browser()!.newContext()).newPage();
    await signUp(other.request, server.url);
    const foreign = { ceremony: begun.ceremony, credential: login.credential };
    expect((await post(other.request, server.url, '/auth/passkeys/step-up/finish', foreign)).status()).toBe(400);
    await other.context().close();

    await device.copyFrom(0);
    await context.clearCookies();
    await device.touched(false);
    await open(page, '/login');
    await device.touched(true);
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await expect(page.getByRole('alert').filter({ hasText: 'was not accepted' })).toBeVisible();
  });
});

test.describe('authenticator apps', () => {
  test('enrol, sign in with a code, a code counts once', async ({ page, context, person }) => {
    await open(page, security(person));
    await page.getByRole('button', { name: 'Add a factor' }).click();
    const dialog = page.getByRole('dialog', { name: 'Add a factor' });
    await dialog.getByLabel('Your password', { exact: true }).fill('not my password');
    await dialog.getByRole('button', { name: 'Use an authenticator app' }).click();
    await expect(dialog.getByText('This is not your password.')).toBeVisible();
    await dialog.getByLabel('Your password', { exact: true }).fill(person.password);
    await dialog.getByRole('button', { name: 'Use an authenticator app' }).click();
    await expect(dialog.getByRole('img', { name: /QR code/ })).toBeVisible();
    await expectAccessible(page);
    const secret = (await dialog.locator('[data-secret]').getAttribute('data-secret'))!;
    await dialog.getByLabel('Code from the app').fill('12345');
    await dialog.getByRole('button', { name: 'Confirm' }).click();
    await expect(dialog.getByText("This code doesn't fit")).toBeVisible();
    await dialog.getByLabel('Code from the app').fill(totp(secret));
    await dialog.getByRole('button', { name: 'Confirm' }).click();
    const codes = dialog.getByRole('group', { name: 'Recovery codes' }).getByRole('listitem');
    await expect(codes).toHaveCount(10);
    const recovery = (await codes.first().textContent())!;
    const download = page.waitForEvent('download');
    await dialog.getByRole('link', { name: 'Download' }).click();
    expect((await download).suggestedFilename()).toBe('alumia-recovery-codes.txt');
    await expectAccessible(page);
    await dialog.getByRole('button', { name: 'I have kept them' }).click();
    await expect(page.getByText('10 recovery codes left')).toBeVisible();

    await context.clearCookies();
    await open(page, '/login');
    await passwordForm(page, person);
    const code = page.getByLabel('Code', { exact: true });
    await expect(code).toBeVisible();
    await expectAccessible(page);
    const fresh = totp(secret, 1);
    await code.fill(fresh);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.waitForURL(/\/lab/);

    await context.clearCookies();
    await open(page, '/login');
    await passwordForm(page, person);
    await code.fill(fresh);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await expect(page.getByText('used already')).toBeVisible();
    await code.fill(recovery);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.waitForURL(/\/lab/);

    await context.clearCookies();
    await open(page, '/login');
    await passwordForm(page, person);
    await code.fill(recovery);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await expect(page.getByText('used already')).toBeVisible();
  });

  test('of twenty requests with one code one steps up', async ({ person, context, server }) => {
    const { secret } = await withApp(context.request, server.url, person);
    const code = totp(secret, 1);
    const tries = await Promise.all(
      Array.from({ length: 20 }, () => post(context.request, server.url, '/auth/step-up/totp', { code })),
    );
    expect(tries.filter((answer) => answer.status() === 200)).toHaveLength(1);
  });
});

test.describe('step-up', () => {
  test('asked for by a refused request, which is then sent again by itself', async ({ page, context, person, server }) => {
    const { recoveryCodes } = await withApp(context.request, server.url, person);
    await context.clearCookies();
    await open(page, `/login?next=${security(person)}`);
    await passwordForm(page, person);
    await page.getByLabel('Code', { exact: true }).fill(recoveryCodes[0]);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.waitForURL(security(person));
    await hydrated(page);
    const cookie = async () => (await context.cookies()).find(({ name }) => name === 'alumia')?.value;
    const before = await cookie();

    // Through the API; closed without an answer, nothing happens.
    await page.getByRole('button', { name: 'New recovery codes' }).click();
    const dialog = stepUpDialog(page);
    await expect(dialog).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(dialog).toBeHidden();
    await expect(page.getByText('Confirm first that it is you')).toBeVisible();

    await page.getByRole('button', { name: 'New recovery codes' }).click();
    await dialog.getByLabel('Code', { exact: true }).fill('000000');
    await dialog.getByRole('button', { name: 'Confirm' }).click();
    await expect(dialog.getByText('This code is wrong')).toBeVisible();
    await expectAccessible(page);
    await dialog.getByLabel('Code', { exact: true }).fill(recoveryCodes[1]);
    await dialog.getByRole('button', { name: 'Confirm' }).click();
    const fresh = page.getByRole('dialog', { name: 'New recovery codes' });
    await expect(fresh.getByRole('listitem')).toHaveCount(10);
    await fresh.getByRole('button', { name: 'I have kept them' }).click();
    expect(await cookie()).not.toBe(before);

    // Stepped up for a while: the next one isn't asked again.
    const form = page.getByRole('region', { name: 'Password' });
    const password = `another fine ${person.password}`;
    await form.getByLabel('Current password', { exact: true }).fill(person.password);
    await form.getByLabel('New password', { exact: true }).fill(password);
    await form.getByRole('button', { name: 'Change password' }).click();
    await expect(page.getByText('Your password is changed')).toBeVisible();
    await expect(dialog).toBeHidden();
  });

  test('a form that was typed survives the dialog', async ({ page, context, person, server }) => {
    const { recoveryCodes } = await withApp(context.request, server.url, person);
    await context.clearCookies();
    await post(context.request, server.url, '/auth/login', { ...person, code: recoveryCodes[0] });
    await open(page, security(person));
    const form = page.getByRole('region', { name: 'Email address' });
    await form.getByLabel('New address').fill(`new-${person.email}`);
    await form.getByRole('button', { name: 'Change address' }).click();
    const dialog = stepUpDialog(page);
    await dialog.getByLabel('Code', { exact: true }).fill(recoveryCodes[1]);
    await dialog.getByRole('button', { name: 'Confirm' }).click();
    await expect(page.getByText('We sent a link to the new address')).toBeVisible();
    // Letters are sent by a job of their own.
    const letter = async () => {
      const letters = await (await page.request.get('/dev/mailbox.json')).json();
      return letters.find(({ to }: { to: string }) => to === `new-${person.email}`);
    };
    await expect.poll(letter).toBeTruthy();
    const link = new URL(/http\S+/.exec((await letter()).text)![0]);
    await open(page, link.pathname);
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Yes, it is mine' }).click();
    await expect(page.getByText('the address is confirmed')).toBeVisible();
    await open(page, security(person));
    await expect(page.getByRole('region', { name: 'Email address' })).toContainText(`new-${person.email}`);
  });

  test('runs out, and is asked for again', async ({ page, context }) => {
    test.setTimeout(180_000);
    const server = await Server.start({ ALUMIA_SECURITY__STEP_UP_MINUTES: '1' });
    try {
      const person = await signUp(context.request, server.url);
      const { recoveryCodes } = await withApp(context.request, server.url, person);
      const state = async () => (await (await context.request.get(`${server.url}/api/v1/auth/step-up`)).json()).data;
      const { steppedUp, until } = await state();
      expect(steppedUp).toBe(true);
      await open(page, server.url + security(person));
      await page.waitForTimeout(Math.max(0, Date.parse(until) - Date.now()) + 1_000);
      expect((await state()).steppedUp).toBe(false);
      await page.getByRole('button', { name: 'New recovery codes' }).click();
      const dialog = stepUpDialog(page);
      await dialog.getByLabel('Code', { exact: true }).fill(recoveryCodes[2]);
      await dialog.getByRole('button', { name: 'Confirm' }).click();
      await expect(page.getByRole('dialog', { name: 'New recovery codes' }).getByRole('listitem')).toHaveCount(10);
    } finally {
      await server.stop();
    }
  });

  test('without any factor leads to one, then goes on', async ({ page, person }) => {
    await open(page, security(person));
    const form = page.getByRole('region', { name: 'Password' });
    await form.getByLabel('Current password', { exact: true }).fill(person.password);
    await form.getByLabel('New password', { exact: true }).fill(`another fine ${person.password}`);
    await form.getByRole('button', { name: 'Change password' }).click();
    const dialog = stepUpDialog(page);
    await expect(dialog.getByText('your account has none yet')).toBeVisible();
    await expectAccessible(page);
    await dialog.getByLabel('Your password', { exact: true }).fill(person.password);
    await dialog.getByRole('button', { name: 'Use an authenticator app' }).click();
    const secret = (await dialog.locator('[data-secret]').getAttribute('data-secret'))!;
    await dialog.getByLabel('Code from the app').fill(totp(secret));
    await dialog.getByRole('button', { name: 'Confirm' }).click();
    await dialog.getByRole('button', { name: 'I have kept them' }).click();
    await expect(page.getByText('Your password is changed')).toBeVisible();
  });

  test('on a page of its own, and nowhere but back here', async ({ page, context, person, server }) => {
    const { recoveryCodes } = await withApp(context.request, server.url, person);
    for (const [index, next] of ['https://evil.example/', '//evil.example', '/\\evil.example', '%2F%2Fevil.example'].entries()) {
      await open(page, `/auth/step-up?next=${encodeURIComponent(next)}`);
      await page.getByLabel('Code', { exact: true }).fill(recoveryCodes[index]);
      await page.getByRole('button', { name: 'Confirm' }).click();
      await page.waitForURL(`${server.url}/`);
    }
    await open(page, `/auth/step-up?next=${security(person)}`);
    await expectAccessible(page);
    await page.getByLabel('Code', { exact: true }).fill(recoveryCodes[5]);
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.waitForURL(security(person));
  });
});

test('a forgotten password is set anew by a link that works once', async ({ page, context, person }) => {
  await context.clearCookies();
  await open(page, '/forgot');
  await expectAccessible(page);
  const said: string[] = [];
  for (const email of [`nobody-${person.email}`, person.email]) {
    await open(page, '/forgot');
    await page.getByLabel('Email').fill(email);
    await page.getByRole('button', { name: 'Send me a link' }).click();
    said.push((await page.getByRole('status').filter({ hasText: 'letter' }).textContent()) ?? '');
  }
  expect(said[0]).toBe(said[1]);
  const reset = async () => {
    const letters = await (await page.request.get('/dev/mailbox.json')).json();
    return letters.find(
      ({ to, subject }: { to: string; subject: string }) => to === person.email && subject.startsWith('Set a new password'),
    );
  };
  await expect.poll(reset).toBeTruthy();
  await page.goto('/dev/mailbox');
  await expectAccessible(page);
  const link = new URL(/http\S+/.exec((await reset()).text)![0]);
  await open(page, link.pathname);
  await expectAccessible(page);
  await page.getByLabel('New password', { exact: true }).fill('short');
  await page.getByRole('button', { name: 'Set password' }).click();
  await expect(page.getByText('Use at least 12 characters.')).toBeVisible();
  const password = `another fine ${person.password}`;
  await page.getByLabel('New password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Set password' }).click();
  await page.waitForURL(/\/login\?reset/);
  await hydrated(page);
  await passwordForm(page, { ...person, password });
  await page.waitForURL(/\/lab/);
  await open(page, link.pathname);
  await expect(page.getByText('used already or is too old')).toBeVisible();
});

test('sessions are listed and ended', async ({ page, browser, person, server }) => {
  const other = await browser.newContext();
  await post(other.request, server.url, '/auth/login', person);
  await open(page, security(person));
  const sessions = page.getByRole('region', { name: 'Sessions' }).getByRole('listitem');
  await expect(sessions).toHaveCount(2);
  await page.getByRole('button', { name: /^End the session/ }).click();
  await expect(sessions).toHaveCount(1);
  expect((await other.request.get(`${server.url}/api/v1/me`)).status()).toBe(401);
  expect((await page.request.get('/api/v1/me')).status()).toBe(200);
  await other.close();
});

test.describe('without script', () => {
  test.use({ javaScriptEnabled: false });

  test('no passkey is offered', async ({ page }) => {
    for (const path of ['/signup', '/login']) {
      await page.goto(path);
      await expect(page.getByRole('button', { name: /passkey/ })).toHaveCount(0);
    }
  });

  test('a step-up leads to its page and back, and the form does its work', async ({ page, context, person, server }) => {
    const { recoveryCodes } = await withApp(context.request, server.url, person);
    await context.clearCookies();
    await page.goto('/login');
    await passwordForm(page, person);
    await expect(page.getByText('Enter the code that your authenticator app shows')).toBeVisible();
    await page.getByLabel('Password', { exact: true }).fill(person.password);
    await page.getByLabel('Code', { exact: true }).fill(recoveryCodes[0]);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.waitForURL(/\/lab/);
    await page.goto(security(person));
    const change = async () => {
      await page.getByLabel('Current password', { exact: true }).fill(person.password);
      await page.getByLabel('New password', { exact: true }).fill(`another fine ${person.password}`);
      await page.getByRole('button', { name: 'Change password' }).click();
    };
    await change();
    await page.waitForURL(/\/auth\/step-up/);
    await page.getByLabel('Code', { exact: true }).fill(recoveryCodes[1]);
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.waitForURL(security(person));
    await change();
    await page.waitForURL(security(person));
    const answer = await post(page.request, server.url, '/auth/login', { ...person, code: recoveryCodes[2] });
    expect(answer.status()).toBe(401);
  });
});
