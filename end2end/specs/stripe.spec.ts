import { type Page } from '@playwright/test';
import { withApp } from '../support/factors';
import { Lab } from '../support/lab';
import { Server } from '../support/server';
import { CHALLENGED, DECLINED, PAYS, Stripe } from '../support/stripe';
import { expect, expectAccessible, hydrated, signUp, test } from '../support/test';

let stripe: Stripe;
let server: Server;
// The simulator refuses cards with 402, and its script complains about itself.
test.use({ mayFail: true });

test.beforeAll(async () => {
  stripe = await Stripe.start();
  server = await Server.start(stripe.settings);
});
test.afterAll(async () => {
  await server.stop();
  stripe.stop();
});

const dialog = (page: Page) => page.getByRole('dialog', { name: 'Buy credits' });
const balance = (page: Page) => page.locator('[data-figure="balance"]');

async function begin(page: Page, credits: string): Promise<void> {
  await dialog(page).getByLabel('Credits', { exact: true }).fill(credits);
  await dialog(page).getByRole('button', { name: /^Go on/ }).click();
}

async function type(page: Page, number: string): Promise<void> {
  const card = dialog(page).locator('.stripe-fields');
  for (const [name, value] of [['number', number], ['exp_month', '12'], ['exp_year', '50'], ['cvc', '123']]) {
    await card.getByPlaceholder(name).fill(value);
  }
  await dialog(page).getByRole('button', { name: 'Pay', exact: true }).click();
}

test('credits are bought with a card: nothing typed, declined, refused by the bank, paid', async ({ page, narrow }) => {
  const person = await signUp(page.context().request, server.url);
  await stripe.serve(page);
  await page.goto(`${server.url}/${person.org}/billing`);
  await hydrated(page);
  await page.getByRole('link', { name: 'Buy credits' }).click();
  await expect(dialog(page)).toContainText('Test money');
  await begin(page, '1000');
  await expect(dialog(page)).toContainText('1,000 credits for $10.00');
  const pay = dialog(page).getByRole('button', { name: 'Pay', exact: true });
  await pay.click();
  await expect(dialog(page).getByRole('alert')).toContainText('incomplete');
  await type(page, DECLINED);
  await expect(dialog(page).getByRole('alert')).toContainText('Your card was declined.');
  await page.screenshot({ path: `test-results/shots/stripe-declined-${narrow ? 'phone' : 'desktop'}.png` });
  await type(page, CHALLENGED);
  // The bank's question is part of the page, as Stripe's own is: the dialog must let it through.
  await page.getByRole('button', { name: 'Fail authentication' }).click();
  await expect(dialog(page).getByRole('alert')).toContainText('failed authentication');
  await type(page, CHALLENGED);
  await page.screenshot({ path: `test-results/shots/stripe-bank-${narrow ? 'phone' : 'desktop'}.png` });
  await page.getByRole('button', { name: 'Complete authentication' }).click();
  // No event was sent: the answer to the person's own question brings them.
  await expect(dialog(page)).toContainText('Done: 1,000 credits more.');
  await dialog(page).getByRole('button', { name: 'Close' }).last().click();
  await expect(balance(page)).toHaveText('1,200 credits');
  const invoices = page.getByRole('region', { name: 'Invoices and receipts' });
  await expect(invoices.getByText('Done', { exact: true })).toHaveCount(1);
  await expect(invoices.getByText('Test money')).toBeVisible();
});

test('a tab that is closed while it is paid finds the credits later', async ({ page }) => {
  const person = await signUp(page.context().request, server.url);
  await stripe.tell(server.url);
  await stripe.serve(page);
  await page.goto(`${server.url}/${person.org}/billing?buy`);
  await hydrated(page);
  await begin(page, '500');
  // What the person's own page would ask never arrives.
  await page.route('**/fn/look_at_payment*', (route) => route.abort());
  await type(page, PAYS);
  await expect(dialog(page)).toContainText('Paid. The credits are on their way');
  await page.goto(`${server.url}/${person.org}/billing`);
  await expect(balance(page)).toHaveText('700 credits', { timeout: 30_000 });
});

test('where Stripe cannot be reached the dialog says so', async ({ page }) => {
  const person = await signUp(page.context().request, server.url);
  await page.route('https://js.stripe.com/**', (route) => route.abort());
  await page.goto(`${server.url}/${person.org}/billing?buy`);
  await hydrated(page);
  await begin(page, '500');
  await expect(dialog(page).getByRole('alert')).toContainText("can't be loaded");
  await expect(dialog(page).getByRole('button', { name: 'Pay', exact: true })).toBeDisabled();
});

test('a package is subscribed to, changed and ended on the pages of Stripe', async ({ page, narrow }) => {
  const person = await signUp(page.context().request, server.url);
  const billing = `${server.url}/${person.org}/billing`;
  await page.goto(billing);
  await hydrated(page);
  const packages = page.getByRole('region', { name: 'Packages' });
  await packages.getByRole('button', { name: 'Subscribe to Pro' }).click();
  // Turned back at Stripe's door, nothing has changed.
  await expect(page).toHaveTitle('Stripe');
  await page.goto(billing);
  await hydrated(page);
  await expect(packages.getByRole('listitem').filter({ hasText: 'Your package' })).toContainText('Personal');
  await packages.getByRole('button', { name: 'Subscribe to Pro' }).click();
  await page.getByRole('button', { name: 'subscribe', exact: true }).click();
  await page.waitForURL(/billing\?returned$/);
  await hydrated(page);
  await expect(packages.getByRole('listitem').filter({ hasText: 'Your package' })).toContainText('Pro');
  await expect(packages).toContainText(/Paid until .*, then renewed/);
  await expect(balance(page)).toHaveText('2,200 credits');
  await expect(packages.getByRole('button', { name: /^Subscribe/ })).toHaveCount(0);
  await expectAccessible(page);
  await packages.screenshot({ path: `test-results/shots/stripe-packages-${narrow ? 'phone' : 'desktop'}.png` });
  if (!narrow) await expect(page.getByRole('link', { name: /^Balance/ })).toContainText('2,200 credits');

  const manage = packages.getByRole('button', { name: 'Manage subscription' });
  await manage.click();
  await page.getByRole('button', { name: 'price_team' }).click();
  await page.waitForURL(/billing\?returned$/);
  await hydrated(page);
  await expect(balance(page)).toHaveText('9,200 credits');
  await manage.click();
  await page.getByRole('button', { name: 'cancel' }).click();
  await page.waitForURL(/billing\?returned$/);
  await hydrated(page);
  await expect(packages).toContainText(/Ends on/);
  await manage.click();
  await page.getByRole('button', { name: 'end', exact: true }).click();
  await page.waitForURL(/billing\?returned$/);
  await hydrated(page);
  await expect(packages.getByRole('listitem').filter({ hasText: 'Your package' })).toContainText('Personal');
  await expect(packages.getByRole('button', { name: 'Subscribe to Team' })).toBeVisible();
});

test('a card is saved on a page of Stripe, and credits buy themselves with it', async ({ page, narrow }) => {
  const person = await signUp(page.context().request, server.url);
  await withApp(page.context().request, server.url, person);
  await page.goto(`${server.url}/${person.org}/billing`);
  await hydrated(page);
  const part = page.getByRole('region', { name: 'Automatic top-up' });
  await part.getByLabel('When fewer credits are left than').fill('300');
  await part.getByLabel('Buy credits').fill('500');
  const turnOn = part.getByRole('button', { name: 'Turn on' });
  await turnOn.click();
  // Turned back at Stripe's door, it stays off.
  await expect(page).toHaveTitle('Stripe');
  await page.goto(`${server.url}/${person.org}/billing?returned`);
  await hydrated(page);
  await expect(part.getByText('Off', { exact: true })).toBeVisible();
  await turnOn.click();
  await page.getByLabel('Card').fill(PAYS);
  await page.getByRole('button', { name: 'save' }).click();
  await page.waitForURL(/billing\?returned$/);
  await hydrated(page);
  await expect(part.getByText('On', { exact: true })).toBeVisible();
  await expect(part).toContainText('Card •••• 4242');
  await expect(async () => {
    await page.reload();
    await expect(balance(page)).toHaveText('700 credits', { timeout: 1_000 });
  }).toPass({ timeout: 20_000 });
  await hydrated(page);
  await expectAccessible(page);
  await part.screenshot({ path: `test-results/shots/stripe-auto-top-up-${narrow ? 'phone' : 'desktop'}.png` });
});

test('what a package does not include waits, and goes on when another is subscribed to', async ({ page, narrow }) => {
  test.setTimeout(120_000);
  const small = await Server.start({
    ...stripe.settings,
    ALUMIA_BILLING__PACKAGES:
      '[{id="personal",name="Personal",price_cents=0,monthly_credits=200,tiers=["free"],caps={sandbox_minutes=0}}]',
  });
  const person = await signUp(page.context().request, small.url);
  const lab = new Lab(page, person, narrow);
  await page.goto(`${small.url}/${person.org}/lab`);
  await lab.ready();
  await lab.say('call sandbox_exec {"command": "echo included", "timeoutSeconds": 5}');
  const card = lab.chat.getByRole('group', { name: 'Waiting for the package' });
  await expect(card).toContainText("This month's sandbox minutes don't reach", { timeout: 30_000 });
  await expect(card).toContainText('Pro, Team and Scale include more.');
  await expectAccessible(page);
  await page.screenshot({ path: `test-results/shots/billing-package-${narrow ? 'phone' : 'desktop'}.png` });
  await card.getByRole('link', { name: 'See the packages' }).click();
  await hydrated(page);
  await page.getByRole('button', { name: 'Subscribe to Pro' }).click();
  await page.getByRole('button', { name: 'subscribe', exact: true }).click();
  await page.waitForURL(/billing\?returned$/);
  await page.goto(`${small.url}/${person.org}/lab`);
  await lab.ready();
  await expect(lab.chat.locator('.call[data-state="done"]')).toHaveCount(1, { timeout: 30_000 });
  await small.stop();
});
