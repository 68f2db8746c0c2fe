import { expect, test } from '../support/test';

test.use({ javaScriptEnabled: false });

test('pages show their content and forms work without script', async ({ page }) => {
  await page.goto('/');
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Watch your agents work');
  await page.getByRole('link', { name: 'Create an account' }).click();

  // What was typed survives a refusal, except the password.
  const tag = `${process.pid}-${Date.now()}`;
  const email = `plain-${tag}@example.org`;
  const password = `plain old forms ${tag}`;
  await page.getByLabel('Name').fill('Robin Plain');
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password', { exact: true }).fill('short');
  await page.getByRole('main').locator('button[type=submit]').click();
  await expect(page.getByText('Use at least 12 characters.')).toBeVisible();
  await expect(page.getByLabel('Name')).toHaveValue('Robin Plain');
  await expect(page.getByLabel('Email')).toHaveValue(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('main').locator('button[type=submit]').click();
  await expect(page).toHaveURL(/\/lab$/);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Getting started');

  // Projects: the list, the form, the project.
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Projects' }).click();
  await page.getByRole('link', { name: 'New project' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('By hand');
  await page.getByRole('button', { name: 'Create project' }).click();
  await expect(page).toHaveURL(/\/projects\/by-hand$/);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('By hand');

  // Out and in again, back to where the door was.
  const here = page.url();
  await page.context().clearCookies();
  await page.goto(here);
  await expect(page).toHaveURL(/\/login\?next=/);
  await page.getByLabel('Email').fill(email);
  await page.getByLabel('Password', { exact: true }).fill('not the right one');
  await page.getByRole('main').locator('button[type=submit]').click();
  await expect(page.getByText('The email address or the password is wrong.')).toBeVisible();
  await expect(page.getByLabel('Email')).toHaveValue(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('main').locator('button[type=submit]').click();
  await expect(page).toHaveURL(here);
});

test('what an agent made is readable without script', async ({ page, person, context }) => {
  await page.goto(`/${person.org}/lab`);
  const base = new URL(page.url()).origin;
  const headers = { origin: base, 'sec-fetch-site': 'same-origin' };
  const projects = await (await context.request.get(`${base}/api/v1/projects`)).json();
  const answer = await context.request.post(`${base}/api/v1/projects/${projects.data.items[0].id}/blocks`, {
    headers,
    data: { title: 'Readable', content: { kind: 'data', data: { type: 'markdown', text: 'In **plain** HTML.' } } },
  });
  expect(answer.status(), await answer.text()).toBe(201);
  await page.reload();
  await expect(page.getByRole('article', { name: 'Note block: Readable' })).toContainText('In plain HTML.');
});
