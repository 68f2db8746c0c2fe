import { type Page } from '@playwright/test';
import { post, withApp } from '../support/factors';
import { Lab } from '../support/lab';
import { Server } from '../support/server';
import { expect, expectAccessible, hydrated, signUp, test } from '../support/test';

// A second in the sandbox costs 50 credits: what a command may take is more than a new organisation has.
const DEAR = { ALUMIA_BILLING__SANDBOX_SECOND_PRICE: '50000000' };
const CALL = 'call sandbox_exec {"command": "echo paid for", "timeoutSeconds": 5}';

let server: Server;
// Refusals of forms are part of it.
test.use({ mayFail: true });

test.beforeAll(async () => {
  server = await Server.start(DEAR);
});
test.afterAll(async () => server.stop());

async function newcomer(page: Page) {
  const person = await signUp(page.context().request, server.url);
  return { ...person, billing: `${server.url}/${person.org}/billing` };
}

const balance = (page: Page) => page.locator('[data-figure="balance"]');

async function buy(page: Page, credits: string, card: RegExp): Promise<void> {
  const dialog = page.getByRole('dialog', { name: 'Buy credits' });
  await expect(dialog).toBeVisible();
  if (await dialog.getByLabel('Credits', { exact: true }).isVisible()) {
    await dialog.getByLabel('Credits', { exact: true }).fill(credits);
    await dialog.getByRole('button', { name: /^Go on/ }).click();
  }
  await pay(page, card);
}

async function pay(page: Page, card: RegExp): Promise<void> {
  const dialog = page.getByRole('dialog', { name: 'Buy credits' });
  const choice = dialog.getByLabel('Test card');
  await choice.selectOption({ label: (await choice.locator('option', { hasText: card }).textContent())! });
  await dialog.getByRole('button', { name: 'Pay' }).click();
}

test('without credits a run waits, is paid for in the middle of the chat, and goes on', async ({ page, narrow }) => {
  test.setTimeout(120_000);
  const person = await newcomer(page);
  await page.goto(`${server.url}/${person.org}/lab`);
  const lab = new Lab(page, person, narrow);
  await lab.ready();
  await lab.say(CALL);
  const card = lab.chat.getByRole('group', { name: 'Waiting for credits' });
  await expect(card).toContainText("The credits don't reach", { timeout: 30_000 });
  await expect(card).toContainText('600 credits at most');
  await expectAccessible(page);
  await page.screenshot({ path: `test-results/shots/billing-card-${narrow ? 'phone' : 'desktop'}.png` });

  await card.getByRole('link', { name: 'Buy credits' }).click();
  await hydrated(page);
  const dialog = page.getByRole('dialog', { name: 'Buy credits' });
  await expect(dialog).toContainText('Test money');
  await expectAccessible(page);
  await page.screenshot({ path: `test-results/shots/billing-buy-${narrow ? 'phone' : 'desktop'}.png` });
  await buy(page, '500', /· Pays$/);
  await expect(dialog).toContainText('Done: 500 credits more.', { timeout: 20_000 });
  await dialog.getByRole('button', { name: 'Close' }).last().click();

  await page.goto(`${server.url}/${person.org}/lab`);
  await lab.ready();
  await expect(lab.chat.locator('.call[data-state="done"]')).toHaveCount(1, { timeout: 30_000 });
  await expect(lab.chat.getByRole('group', { name: 'Waiting for credits' })).toHaveCount(0);
  await expect(lab.chat).toContainText('The run waited.');

  // What it cost stands in the books, down to the call.
  await page.goto(`${person.billing}?by=operation`);
  await hydrated(page);
  await expectAccessible(page);
  await page.screenshot({ path: `test-results/shots/billing-${narrow ? 'phone' : 'desktop'}.png`, fullPage: true });
  const usage = page.getByRole('region', { name: 'Usage', exact: true }).last();
  await usage.getByRole('link', { name: 'Sandbox' }).click();
  await expect(page.getByRole('heading', { name: 'Calls' })).toBeVisible();
  await expect(page.getByRole('row').filter({ hasText: 'Charged' })).toHaveCount(1);
});

test('a budget that is used up stops, and raised lets go on', async ({ page, narrow }) => {
  test.setTimeout(120_000);
  const person = await newcomer(page);
  await withApp(page.context().request, server.url, person);
  await page.goto(`${person.billing}?buy`);
  await hydrated(page);
  await buy(page, '1000', /· Pays$/);
  const dialog = page.getByRole('dialog', { name: 'Buy credits' });
  await expect(dialog).toContainText('Done', { timeout: 20_000 });
  await dialog.getByRole('button', { name: 'Close' }).last().click();
  await expect(balance(page)).toHaveText('1,200 credits');

  const budgets = page.getByRole('region', { name: 'Budgets' });
  await budgets.getByLabel('Credits').fill('a lot');
  await budgets.getByRole('button', { name: 'Set budget' }).click();
  await expect(budgets.getByRole('alert')).toContainText('Write a number of credits');
  await budgets.getByLabel('Credits').fill('100');
  await budgets.getByRole('button', { name: 'Set budget' }).click();
  await expect(budgets).toContainText('0 of 100 credits a month, 0 %');

  await page.goto(`${server.url}/${person.org}/lab`);
  const lab = new Lab(page, person, narrow);
  await lab.ready();
  await lab.say(CALL);
  const card = lab.chat.getByRole('group', { name: 'Waiting for credits' });
  await expect(card).toContainText('A budget is used up', { timeout: 30_000 });
  await card.getByRole('link', { name: 'Change the budget' }).click();
  await hydrated(page);
  await expect(page.getByText('1 run waits')).toBeVisible();
  await budgets.getByLabel('Credits').fill('1,000');
  await budgets.getByRole('button', { name: 'Set budget' }).click();
  await expect(budgets).toContainText('of 1,000 credits a month');
  await page.goto(`${server.url}/${person.org}/lab`);
  await lab.ready();
  await expect(lab.chat.locator('.call[data-state="done"]')).toHaveCount(1, { timeout: 30_000 });
});

test('cards that are declined, challenged, and news that come late, twice or never', async ({ page, narrow }) => {
  test.setTimeout(180_000);
  const person = await newcomer(page);
  await page.goto(person.billing);
  await hydrated(page);
  await expect(balance(page)).toHaveText('200 credits');
  await page.getByRole('link', { name: 'Buy credits' }).click();
  const dialog = page.getByRole('dialog', { name: 'Buy credits' });

  await dialog.getByLabel('Credits', { exact: true }).fill('12');
  await dialog.getByRole('button', { name: /^Go on/ }).click();
  await expect(dialog.getByRole('alert')).toContainText('Buy from 500');
  await buy(page, '500', /Is declined/);
  await expect(dialog.getByRole('alert')).toContainText('The card was declined');
  await pay(page, /Asks to confirm/);
  await expect(dialog.getByRole('alert')).toContainText('Pay again to confirm');
  await pay(page, /Asks to confirm/);
  await expect(dialog).toContainText('Done: 500 credits more.', { timeout: 20_000 });
  await dialog.getByRole('button', { name: 'Close' }).last().click();
  await expect(balance(page)).toHaveText('700 credits');

  const invoices = page.getByRole('region', { name: 'Invoices and receipts' });
  for (const [card, total] of [
    [/twice/, '1,200 credits'],
    [/late/, '1,700 credits'],
  ] as const) {
    await page.getByRole('link', { name: 'Buy credits' }).click();
    await buy(page, '500', card);
    await expect(dialog).toContainText(/on their way|Done/, { timeout: 20_000 });
    await dialog.getByRole('button', { name: 'Close' }).last().click();
    // By itself, without a reload.
    await expect(balance(page)).toHaveText(total, { timeout: 60_000 });
  }
  await page.getByRole('link', { name: 'Buy credits' }).click();
  await buy(page, '500', /no news/);
  await dialog.getByRole('button', { name: 'Close' }).last().click();
  await expect(balance(page)).toHaveText('2,200 credits', { timeout: 90_000 });
  await expect(invoices.getByText('Done', { exact: true })).toHaveCount(4);
  await page.screenshot({ path: `test-results/shots/billing-payments-${narrow ? 'phone' : 'desktop'}.png`, fullPage: true });

  await invoices.getByRole('link', { name: 'Receipt' }).first().click();
  await expect(page.getByRole('heading', { name: 'Receipt', exact: true })).toBeVisible();
  await expect(page.getByText('$5.00')).toBeVisible();
  await expectAccessible(page);
});

test('credits buy themselves: turned on, bought, turned off by a declined card, and by hand', async ({ page, narrow }) => {
  test.setTimeout(120_000);
  const person = await newcomer(page);
  await withApp(page.context().request, server.url, person);
  await page.goto(person.billing);
  await hydrated(page);
  const part = page.getByRole('region', { name: 'Automatic top-up' });
  await expect(part.getByText('Off', { exact: true })).toBeVisible();
  await expectAccessible(page);
  await part.screenshot({ path: `test-results/shots/auto-top-up-off-${narrow ? 'phone' : 'desktop'}.png` });
  const below = part.getByLabel('When fewer credits are left than');
  const turnOn = part.getByRole('button', { name: 'Turn on' });
  await below.fill('300');
  await part.getByLabel('Buy credits').fill('12');
  await turnOn.click();
  await expect(part.getByRole('alert')).toContainText('Buy from 500');
  await part.getByLabel('Buy credits').fill('500');
  await part.getByLabel('At most in a month').fill('1,000');
  await part.getByLabel('Test card').selectOption({ label: '4242 4242 4242 4242 · Pays' });
  await turnOn.click();
  // 200 are fewer than 300: it buys at once, and the page shows it by itself.
  await expect(part.getByText('On', { exact: true })).toBeVisible();
  await expect(balance(page)).toHaveText('700 credits', { timeout: 20_000 });
  const invoices = page.getByRole('region', { name: 'Invoices and receipts' });
  await expect(invoices.getByText('Automatic', { exact: true })).toHaveCount(1);
  await page.reload();
  await hydrated(page);
  await expect(part).toContainText('500 of 1,000 credits bought this month');
  await expect(part).toContainText('Card •••• 4242');
  await expectAccessible(page);
  await part.screenshot({ path: `test-results/shots/auto-top-up-on-${narrow ? 'phone' : 'desktop'}.png` });

  // A card that can be saved and is declined later turns it off, and says why.
  await below.fill('2,000');
  await part.getByLabel('Test card').selectOption({ label: '4000 0000 0000 0341 · Can be saved, and is declined' });
  await part.getByRole('button', { name: 'Save' }).click();
  await expect(invoices.getByText('Failed', { exact: true })).toHaveCount(1, { timeout: 20_000 });
  await page.reload();
  await hydrated(page);
  await expect(part).toContainText('It was turned off: The card was declined');
  await expect(part.getByText('Off', { exact: true })).toBeVisible();
  await expectAccessible(page);
  await part.screenshot({ path: `test-results/shots/auto-top-up-declined-${narrow ? 'phone' : 'desktop'}.png` });

  await below.fill('1');
  await part.getByLabel('Test card').selectOption({ label: '4242 4242 4242 4242 · Pays' });
  await turnOn.click();
  await expect(part.getByText('On', { exact: true })).toBeVisible();
  await part.getByText('Turn off', { exact: true }).click();
  await part.getByRole('button', { name: 'Turn off now' }).click();
  await expect(part.getByText('Off', { exact: true })).toBeVisible();
  await expect(part).not.toContainText('It was turned off');
});

test('members see the balance and not the books; the page works without script', async ({ browser, page }) => {
  const person = await newcomer(page);
  const context = await browser.newContext({ javaScriptEnabled: false, storageState: await page.context().storageState() });
  const plain = await context.newPage();
  await plain.goto(`${person.billing}?buy`);
  const dialog = plain.getByRole('dialog', { name: 'Buy credits' });
  await dialog.getByLabel('Credits', { exact: true }).fill('500');
  await dialog.getByRole('button', { name: /^Go on/ }).click();
  await dialog.getByLabel('Test card').selectOption({ index: 0 });
  await dialog.getByRole('button', { name: 'Pay' }).click();
  await expect(plain.locator('[data-figure="balance"]')).toHaveText('700 credits');
  await context.close();

  const viewer = await browser.newContext();
  const other = await signUp(viewer.request, server.url);
  await withApp(page.context().request, server.url, person);
  const invited = await post(page.context().request, server.url, `/org/invites?org=${person.org}`, {
    email: other.email,
    role: 'viewer',
  });
  const { data } = await invited.json();
  const theirs = await viewer.newPage();
  await theirs.goto(server.url + data.path);
  await theirs.getByRole('button', { name: 'Join' }).click();
  await theirs.waitForURL(new RegExp(`/${person.org}/lab`));
  await theirs.goto(person.billing);
  await expect(theirs.locator('[data-figure="balance"]')).toHaveText('700 credits');
  await expect(theirs.getByText('The books are for those who look after money')).toBeVisible();
  await expect(theirs.getByRole('region', { name: 'Budgets' })).toHaveCount(0);
  await viewer.close();
});
