import { post, withApp } from '../support/factors';
import { Lab } from '../support/lab';
import { Server } from '../support/server';
import { expect, expectAccessible, hydrated, signUp, test } from '../support/test';

// What a package doesn't include: said in the chat, with the packages that do, and the way there.
const PACKAGE = (caps: string, tiers = '"free"') =>
  `[{id="personal",name="Personal",price_cents=0,monthly_credits=200,tiers=[${tiers}],caps={${caps}}}]`;
const shot = (narrow: boolean, name: string) => `test-results/shots/${name}-${narrow ? 'phone' : 'desktop'}.png`;

test.use({ mayFail: true });

test('a model that the package does not include: the card says which does, and another model goes on', async ({
  page,
  narrow,
}) => {
  test.setTimeout(120_000);
  const server = await Server.start({
    ALUMIA_BILLING__PACKAGES: PACKAGE(''),
    // Nobody is ever asked: the package comes first.
    ALUMIA_PROVIDERS:
      '[{id="fake",dialect="openai",base_url="http://127.0.0.1:9/v1",api_key="k",models=[{id="dear-1",context=32768,tools=true,input_price=3000000000,output_price=3000000000}]}]',
  });
  const person = await signUp(page.context().request, server.url);
  await withApp(page.context().request, server.url, person);
  await page.goto(`${server.url}/${person.org}/lab`);
  const lab = new Lab(page, person, narrow);
  await lab.ready();
  await lab.say('count to 3');
  const card = lab.chat.getByRole('group', { name: 'Waiting for the package' });
  await expect(card).toContainText("Your package doesn't include this model", { timeout: 30_000 });
  await expect(card).toContainText("The package Personal doesn't include premium models.");
  await expect(card).toContainText('Pro, Team and Scale include it.');
  await expect(card).not.toContainText('credits');
  await expect(lab.chat.locator('.session-bar')).toContainText('Waiting for the package');
  await expectAccessible(page);
  await page.screenshot({ path: shot(narrow, 'package-model') });
  await expect(card.getByRole('link', { name: 'See the packages' })).toHaveAttribute(
    'href',
    `/${person.org}/billing#packages`,
  );
  await card.getByRole('link', { name: 'Choose another model' }).click();
  await page.waitForURL(/\/settings\/general$/);
  await hydrated(page);
  await page.getByLabel('Default model').selectOption({ label: 'Built-in guide' });
  const saved = page.waitForResponse(/\/fn\/update_org/);
  await page.getByRole('button', { name: 'Save' }).click();
  expect((await saved).ok()).toBe(true);
  await page.goto(`${server.url}/${person.org}/lab`);
  await lab.ready();
  await card.getByRole('button', { name: 'Try again' }).click();
  await expect(lab.chat).toContainText('1 2 3', { timeout: 30_000 });
  await expect(card).toHaveCount(0);
  await server.stop();
});

test('runs beyond the number of the package are queued, say so, and begin by themselves', async ({ page, narrow }) => {
  test.setTimeout(120_000);
  const server = await Server.start({ ALUMIA_BILLING__PACKAGES: PACKAGE('concurrent_runs=1') });
  const person = await signUp(page.context().request, server.url);
  await page.goto(`${server.url}/${person.org}/lab`);
  const lab = new Lab(page, person, narrow);
  await lab.ready();
  await lab.say('run sleep 600');
  await expect(lab.calls.last()).toHaveAttribute('data-state', 'running', { timeout: 30_000 });
  await lab.chat.getByRole('button', { name: 'New chat' }).click();
  await lab.say('count to 4');
  const words = 'Waiting for another run to end: the package Personal runs 1 at once.';
  await expect(lab.chat).toContainText(words, { timeout: 20_000 });
  await expect(lab.chat.locator('.session-bar')).toContainText('Queued');
  await expectAccessible(page);
  await page.screenshot({ path: shot(narrow, 'run-queued') });
  const sessions = await page.context().request.get(`${server.url}/api/v1/sessions`);
  const queued = (await sessions.json()).data.items.filter((session: { delayed?: unknown }) => session.delayed);
  expect(queued).toHaveLength(1);
  expect(queued[0].delayed).toEqual({ message: words, package: 'personal', atOnce: 1 });
  // Said by the page that the server renders too.
  await page.reload();
  await lab.ready();
  const choose = async (name: RegExp) => {
    await lab.chat.locator('.session-bar summary').click();
    await lab.chat.getByRole('button', { name }).click();
  };
  await choose(/Queued/);
  await expect(lab.chat).toContainText(words);
  await page.goto(`${server.url}/${person.org}/billing`);
  await hydrated(page);
  const used = page.getByRole('region', { name: 'Used of the package' });
  await expect(used).toContainText('1 of 1, 1 queued');
  await expect(used).toContainText(/KB, without an end|B, without an end/);
  await expectAccessible(page);
  await page.screenshot({ path: shot(narrow, 'package-used'), fullPage: true });

  const running = (await sessions.json()).data.items.find((session: { delayed?: unknown }) => !session.delayed);
  const stopped = await post(page.context().request, server.url, `/chat/${running.id}/stop`, {});
  expect(stopped.ok()).toBe(true);
  await page.goto(`${server.url}/${person.org}/lab`);
  await lab.ready();
  await choose(/Count to 4/);
  await expect(lab.chat).toContainText('1 2 3 4', { timeout: 30_000 });
  await server.stop();
});
