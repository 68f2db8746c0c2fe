import { Lab } from '../support/lab';
import { Server } from '../support/server';
import { expect, hydrated, signUp, test } from '../support/test';

test.use({ mayFail: true });

test('over the limit a message waits and goes by itself', async ({ page, context, narrow }) => {
  test.setTimeout(120_000);
  const server = await Server.start({ ALUMIA_LIMITS__CHAT_PER_MINUTE: '6' });
  try {
    const person = await signUp(context.request, server.url);
    await page.goto(`${server.url}/${person.org}/lab`);
    const lab = new Lab(page, person, narrow);
    await lab.ready();
    const failed = lab.chat.locator('.said[data-state="failed"]');
    // Whatever the bucket's size: go on until it is empty.
    for (let count = 0; count < 8 && (await failed.count()) === 0; count++) {
      await lab.say(`count to ${count + 2}`);
      await expect(lab.chat.locator('.said[data-state="sending"]')).toHaveCount(0);
    }
    await expect(failed).toHaveCount(1);
    await expect(failed).toContainText('That was a lot at once');
    await expect(failed).toContainText(/Sending again in \d+ s/);
    const text = (await failed.locator('.prose').innerText()).trim();
    await expect(failed).toHaveCount(0, { timeout: 60_000 });
    await expect(lab.chat.locator('.said', { hasText: text })).toHaveCount(1, { timeout: 20_000 });
  } finally {
    await server.stop();
  }
});

test('forms say how long to wait and keep what was typed', async ({ page }) => {
  const server = await Server.start({ ALUMIA_LIMITS__AUTH_PER_MINUTE: '2' });
  try {
    await page.goto(`${server.url}/login`);
    await hydrated(page);
    const submit = page.getByRole('main').locator('button[type=submit]');
    await page.getByLabel('Email').fill('robin@example.org');
    await page.getByLabel('Password', { exact: true }).fill('not the right one');
    await expect(async () => {
      await submit.click();
      await expect(page.getByRole('alert')).toContainText(/Too many tries\. Wait \d+ seconds/, { timeout: 2_000 });
    }).toPass({ timeout: 30_000 });
    await expect(page.getByLabel('Email')).toHaveValue('robin@example.org');
    await expect(page.getByLabel('Password', { exact: true })).toHaveValue('not the right one');

    // The server is away.
    await server.kill('SIGKILL');
    await submit.click();
    await expect(page.getByRole('alert')).toContainText("The server can't be reached");
    await expect(page.getByLabel('Email')).toHaveValue('robin@example.org');
  } finally {
    await server.stop();
  }
});
