import type { Page } from '@playwright/test';
import { withApp } from '../support/factors';
import { expect, expectAccessible, hydrated, test } from '../support/test';

async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await hydrated(page);
}

async function createKey(page: Page, name: string): Promise<string> {
  await page.getByRole('button', { name: 'Create key' }).click();
  const dialog = page.getByRole('dialog', { name: 'Create key' });
  await dialog.getByLabel('Name').fill(name);
  await expect(dialog.getByRole('checkbox', { name: /^terminal/ })).not.toBeChecked();
  await expect(dialog.getByRole('checkbox', { name: /^projects:read/ })).toBeChecked();
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Create key' }).click();
  const shown = page.getByRole('dialog', { name: 'Your new key' });
  const key = await shown.getByRole('region', { name: 'the key' }).textContent();
  expect(key).toMatch(/^alm_test_[0-9a-f]{48}$/);
  await expect(shown.getByRole('region', { name: 'the command' })).toContainText(`Bearer ${key}`);
  await expectAccessible(page);
  return key!;
}

test('J7: a key is made, used, revoked', async ({ page, person, server }) => {
  await withApp(page.request, server.url, person);
  await open(page, `/${person.org}/developers`);
  await expectAccessible(page);
  const key = await createKey(page, 'CI bot');

  // Closing asks first, and not answering leads back to the key.
  const shown = page.getByRole('dialog', { name: 'Your new key' });
  await shown.getByRole('button', { name: 'Done' }).click();
  const asking = page.getByRole('dialog', { name: 'Have you stored the key?' });
  await asking.getByRole('button', { name: 'Show it again' }).click();
  await expect(shown).toBeVisible();
  await page.keyboard.press('Escape');
  await asking.getByRole('button', { name: 'I have stored it' }).click();
  await expect(shown).toBeHidden();
  await expect(page.getByText(key)).toHaveCount(0);

  const ask = () => fetch(`${server.url}/api/v1/projects`, { headers: { authorization: `Bearer ${key}` } });
  expect((await ask()).status).toBe(200);

  await page.getByRole('button', { name: 'Revoke CI bot' }).click();
  await page.getByRole('dialog', { name: 'Revoke key' }).getByRole('button', { name: 'Revoke' }).click();
  await expect(page.getByText('No keys yet')).toBeVisible();
  const refused = await ask();
  expect(refused.status).toBe(401);
  expect((await refused.json()).error.reason).toBe('revoked_key');
});

test('J5: what no key may do, a person does in the dashboard', async ({ page, person, server }) => {
  await withApp(page.request, server.url, person);
  await open(page, `/${person.org}/developers`);
  const key = await createKey(page, 'Deploy');
  const answer = await fetch(`${server.url}/api/v1/api-keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Made by a key', scopes: ['models:read'] }),
  });
  expect(answer.status).toBe(403);
  const { error } = await answer.json();
  expect(error.reason).toBe('browser_session_required');
  expect(error.message).toContain('API key management requires a browser session');
  // The same, as the person.
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'I have stored it' }).click();
  await createKey(page, 'Made by a person');
});

test('routes are tried and shown in four languages', async ({ page, person }) => {
  await open(page, `/${person.org}/developers`);
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByRole('region', { name: 'the answer' })).toContainText('Getting started');
  for (const [language, words] of [
    ['JavaScript', 'await fetch'],
    ['Python', 'requests.request'],
    ['Rust', 'reqwest::Client'],
    ['curl', 'Authorization: Bearer $ALUMIA_KEY'],
  ]) {
    await page.getByRole('tab', { name: language }).click();
    const sample = page.getByRole('region', { name: 'the sample' });
    await expect(sample).toContainText(words);
    await expect(sample).toContainText(person.org);
  }
  await expectAccessible(page);
});

test('the API reference lists every route and finds one', async ({ page, person }) => {
  await open(page, '/docs/api');
  await expect(page.getByText('POST').first()).toBeVisible();
  await page.getByLabel('Find a route').fill('GET everything page');
  await expect(page.getByRole('status').filter({ hasText: 'routes' })).toHaveText(/^1 of \d+ routes$/);
  const route = page.locator('#projects_snapshot');
  await route.locator('summary').click();
  await expect(route.getByRole('region', { name: /^the sample of/ })).toContainText(person.org);
  await expectAccessible(page);
});
