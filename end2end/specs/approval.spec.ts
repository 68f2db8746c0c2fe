import { expect, hydrated, test } from '../support/test';

test('a call that reaches outside asks first, exactly as it will be sent', async ({ lab, page }) => {
  await lab.say('call http_fetch {"url": "https://example.org/a\u200Bb"}');
  const card = lab.chat.getByRole('group', { name: 'Allow this call?' });
  await expect(card).toContainText('Ala wants to reach outside the project.', { timeout: 20_000 });
  await expect(card.locator('mark')).toHaveText('U+200B');
  await expect(card).toContainText("can't be seen");
  await expect(card).toContainText('Without an answer within 24 h, Ala goes on without it.');
  await expect(lab.chat.locator('.session-bar')).toContainText('Waiting for you');

  // Nothing is lost by leaving: the question is the server's.
  await page.reload();
  await lab.ready();
  await expect(card).toBeVisible();
  await card.getByRole('button', { name: "Don't allow" }).click();
  await expect(card).toBeHidden();
  await expect(lab.calls.last()).toHaveAttribute('data-state', 'failed');
  await expect(lab.calls.last()).toContainText('You did not allow this call.');
  await lab.settled();
  await expect(lab.chat).not.toContainText('restarted');
});

test('what was allowed for a chat is not asked again in it', async ({ lab }) => {
  // An address that is refused at once: nothing leaves this machine.
  await lab.say('fetch http://127.0.0.1:9/');
  const card = lab.chat.getByRole('group', { name: 'Allow this call?' });
  await card.getByRole('button', { name: 'Allow in this chat' }).click({ timeout: 20_000 });
  await expect(lab.calls.last()).toHaveAttribute('data-state', 'failed', { timeout: 20_000 });
  await lab.settled();
  await lab.say('fetch http://127.0.0.1:9/again');
  await expect(lab.calls).toHaveCount(2, { timeout: 20_000 });
  await expect(lab.calls.last()).toHaveAttribute('data-state', 'failed', { timeout: 20_000 });
  await expect(card).toBeHidden();
});

test('what was always allowed is taken back on the agent\'s page', async ({ lab, page, person, narrow }) => {
  await lab.say('fetch http://127.0.0.1:9/');
  const card = lab.chat.getByRole('group', { name: 'Allow this call?' });
  await card.getByRole('button', { name: 'Always for Ala' }).click({ timeout: 20_000 });
  await expect(lab.calls.last()).toHaveAttribute('data-state', 'failed', { timeout: 20_000 });
  await lab.settled();

  await page.goto(`/${person.org}/agents/ala`);
  await hydrated(page);
  const row = page.locator('.tool-row', { hasText: 'http_fetch' });
  await expect(row).toContainText('Allowed without asking');
  await row.scrollIntoViewIfNeeded();
  await page.screenshot({ path: `test-results/shots/approval-granted-${narrow ? 'phone' : 'desktop'}.png` });
  await row.getByRole('button', { name: 'Ask again' }).click();
  await expect(row.getByText('Allowed without asking')).toBeHidden();
  await expect(page.locator('.toast', { hasText: 'It asks again' })).toBeVisible();

  await lab.open();
  await lab.showChat();
  await lab.say('fetch http://127.0.0.1:9/again');
  await expect(card).toBeVisible({ timeout: 20_000 });
});
