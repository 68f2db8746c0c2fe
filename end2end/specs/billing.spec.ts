import { createServer, type Server as Http } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from '@playwright/test';
import { withApp } from '../support/factors';
import { Server } from '../support/server';
import { expect, expectAccessible, hydrated, test as base } from '../support/test';

const KEYS = ['operator', 'sk-own-0123456789'];
const ANSWER = [
  { choices: [{ delta: { content: 'Paid for.' } }] },
  { choices: [{ delta: {}, finish_reason: 'stop' }] },
  { choices: [], usage: { prompt_tokens: 1000, completion_tokens: 200 } },
];

/** A model provider of the OpenAI dialect that takes these keys. */
async function provider(): Promise<Http> {
  const http = createServer((request, response) => {
    const key = (request.headers.authorization ?? '').replace('Bearer ', '');
    request.resume().on('end', () => {
      if (!KEYS.includes(key)) {
        response.writeHead(401, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ error: { message: 'Incorrect API key provided.' } }));
        return;
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const event of ANSWER) response.write(`data: ${JSON.stringify(event)}\n\n`);
      response.end('data: [DONE]\n\n');
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return http;
}

/** A server whose only model costs something and whose organisations begin with nothing. */
const test = base.extend<object, { server: Server }>({
  server: [
    async ({}, use) => {
      const http = await provider();
      const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/v1`;
      const server = await Server.start({
        ALUMIA_PROVIDERS:
          `[{id="paid",dialect="openai",base_url="${url}",api_key="operator",` +
          'models=[{id="m-1",context=10000,input_price=3000000,output_price=15000000}]}]',
        ALUMIA_BILLING__PACKAGES:
          '[{id="personal",name="Personal",price_cents=0,monthly_credits=0,tiers=["free","standard"],caps={members=3}}]',
      });
      await use(server);
      await server.stop();
      http.close();
    },
    { scope: 'worker' },
  ],
});

// A key is refused on purpose.
test.use({ mayFail: true });

async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await hydrated(page);
}

/** Buys 500 credits with a test card, as far as its dialog goes. */
async function buy(page: Page, card: string): Promise<void> {
  await page.getByRole('button', { name: 'Buy credits' }).click();
  const dialog = page.getByRole('dialog', { name: 'Buy credits' });
  await dialog.getByRole('button', { name: '500 credits', exact: false }).first().click();
  await dialog.getByLabel('Test card').selectOption(card);
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Pay $5.00' }).click();
}

test('J1: a run that can not be paid waits, and goes on when credits are bought', async ({ page, person, lab }) => {
  await lab.showChat();
  await lab.say('hello');
  const card = lab.chat.getByRole('group', { name: 'This run waits to be paid' });
  await expect(card).toContainText('Out of credits');
  await expectAccessible(page);
  await card.getByRole('link', { name: 'Buy credits' }).click();
  await expect(page).toHaveURL(`/${person.org}/billing`);
  await expect(page.getByText('1 run waits to be paid')).toBeVisible();
  await expect(page.getByText('test money', { exact: false }).first()).toBeVisible();
  await expectAccessible(page);

  await buy(page, '4000000000000002');
  const dialog = page.getByRole('dialog', { name: 'Buy credits' });
  await expect(dialog.locator('[data-error="true"]')).toContainText('declined');
  await dialog.getByLabel('Test card').selectOption('4242424242424242');
  await dialog.getByRole('button', { name: 'Pay $5.00' }).click();
  await expect(dialog).toBeHidden();
  const payments = page.getByRole('table', { name: 'Payments' });
  await expect(payments).toContainText('done');
  await expect(payments).toContainText('test money');

  await open(page, `/${person.org}/lab`);
  await lab.showChat();
  await expect(lab.chat.getByText('Paid for.')).toBeVisible();
  await expect(lab.chat.getByText('This waited until it could be paid.')).toBeVisible();
  await open(page, `/${person.org}/billing`);
  await expect(page.getByRole('table', { name: 'Usage' })).toContainText('m-1');
  await expectAccessible(page);
});

test('J6: credits whose event is late are there in the end, once', async ({ page, person }) => {
  await open(page, `/${person.org}/billing`);
  await buy(page, '4000000000000077');
  const payments = page.getByRole('table', { name: 'Payments' });
  await expect(payments).toContainText('processing');
  await expect(async () => {
    await open(page, `/${person.org}/billing`);
    await expect(payments).toContainText('done', { timeout: 500 });
  }).toPass({ timeout: 45_000 });
  await expect(page.locator('.billing-figure', { hasText: 'Available' })).toContainText('500 credits');
});

test('a key of ones own is tried, used and removed; a budget is set', async ({ page, person, server }) => {
  await withApp(page.request, server.url, person);
  await open(page, `/${person.org}/billing`);
  await page.getByRole('button', { name: 'Add key' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add a provider key' });
  await dialog.getByLabel('Provider').selectOption('paid');
  await dialog.getByLabel('Key', { exact: true }).fill('sk-wrong');
  await dialog.getByRole('button', { name: 'Try and add' }).click();
  await expect(dialog.locator('.form-error')).toContainText('refuses this key');
  await dialog.getByLabel('Key', { exact: true }).fill('sk-own-0123456789');
  await dialog.getByRole('button', { name: 'Try and add' }).click();
  await expect(dialog).toBeHidden();
  const keys = page.getByRole('table', { name: 'Provider keys' });
  await expect(keys).toContainText('…6789');
  await expectAccessible(page);

  await page.getByLabel('Credits', { exact: true }).fill('50');
  await page.getByRole('button', { name: 'Set budget' }).click();
  const budgets = page.getByRole('table', { name: 'Budgets that are set' });
  await expect(budgets).toContainText('a month');
  await expectAccessible(page);
  await page.reload();
  await hydrated(page);
  await expect(budgets).toContainText('50');
  await budgets.getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByText('No limits yet')).toBeVisible();

  await keys.getByRole('button', { name: 'Remove' }).click();
  await expect(keys).toBeHidden();
});
