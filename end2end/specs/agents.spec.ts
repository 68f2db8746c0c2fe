import { type Page } from '@playwright/test';
import { Lab } from '../support/lab';
import { expect, expectAccessible, hydrated, signUp, test } from '../support/test';

// Forms are refused on purpose.
test.use({ mayFail: true });

async function create(page: Page, org: string, name: string): Promise<void> {
  await page.goto(`/${org}/agents?new`);
  await hydrated(page);
  const dialog = page.getByRole('dialog', { name: 'New agent' });
  await dialog.getByLabel('Name').fill(name);
  await dialog.getByLabel('Emoji').fill('🔎');
  await dialog.getByRole('button', { name: 'Create agent' }).click();
  await expect(page.getByRole('heading', { level: 1, name })).toBeVisible();
  await hydrated(page);
}

const save = (page: Page) => page.getByRole('button', { name: 'Save changes' });
const said = (page: Page, words: string) => expect(page.locator('.toast').filter({ hasText: words }).first()).toBeVisible();

test('an agent is made, found, changed, talked to and deleted', async ({ page, person, narrow }) => {
  test.setTimeout(180_000);
  const shot = (name: string) =>
    page.screenshot({ path: `test-results/shots/agents-${name}-${narrow ? 'phone' : 'desktop'}.png`, fullPage: true });
  await page.goto(`/${person.org}/lab`);
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Agents' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Agents' })).toBeVisible();
  await expect(page.getByText('No agents of your own yet')).toBeVisible();
  await hydrated(page);
  await expectAccessible(page);
  await shot('empty');

  // A name that is Ala's is refused at its field, and what was typed stays.
  await page.getByRole('link', { name: 'New agent' }).click();
  const dialog = page.getByRole('dialog', { name: 'New agent' });
  await dialog.getByLabel('Name').fill('AIa');
  await dialog.getByLabel('Description').fill('Looks things up.');
  await dialog.getByRole('button', { name: 'Create agent' }).click();
  await expect(dialog.locator('#name-note')).toContainText("can't be taken for hers");
  await expectAccessible(page);
  await dialog.getByLabel('Name').fill('Scout');
  await dialog.getByRole('button', { name: 'Create agent' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Scout' })).toBeVisible();
  await hydrated(page);
  await expectAccessible(page);
  await shot('one');

  // By keyboard: the prompt, then Enter on the button.
  await page.getByLabel('Prompt').fill('You are a scout. Look twice.');
  await page.getByLabel('Steps').fill('many');
  await save(page).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByText('Write a whole number')).toBeVisible();
  await page.getByLabel('Steps').fill('12');
  await save(page).click();
  await said(page, 'Saved');
  await page.reload();
  await hydrated(page);
  await expect(page.getByLabel('Prompt')).toHaveValue('You are a scout. Look twice.');
  await expect(page.getByLabel('Steps')).toHaveValue('12');

  // Tools.
  const tool = page.getByRole('switch', { name: 'Fetch page' });
  await expect(tool).toHaveAttribute('aria-checked', 'true');
  await tool.focus();
  await page.keyboard.press('Space');
  await expect(tool).toHaveAttribute('aria-checked', 'false');
  await said(page, 'Fetch page is off');
  await page.reload();
  await hydrated(page);
  await expect(tool).toHaveAttribute('aria-checked', 'false');

  // Off, and on again.
  const active = page.getByRole('switch', { name: 'Active' });
  await active.click();
  await expect(page.getByRole('link', { name: 'Chat with this agent' })).toHaveCount(0);
  await active.click();
  await page.getByRole('link', { name: 'Chat with this agent' }).click();
  await expect(page.getByRole('heading', { name: 'What should Scout work on?' })).toBeVisible();
  const lab = new Lab(page, person, narrow);
  await lab.ready();
  await lab.say('note: seen by Scout');
  await lab.settled();
  await expect(lab.chat.locator('.chat-name').first()).toContainText('Scout');

  // The list, as cards and as a table, and the search.
  await page.goto(`/${person.org}/agents`);
  await hydrated(page);
  await expect(page.getByRole('link', { name: /Scout/ })).toBeVisible();
  await shot('cards');
  await page.getByRole('link', { name: 'Table' }).click();
  await expect(page.getByRole('table')).toBeVisible();
  await expectAccessible(page);
  await shot('table');
  await page.goto(`/${person.org}/agents`);
  await expect(page.getByRole('table')).toBeVisible();
  await hydrated(page);
  await page.getByLabel('Search agents').fill('looks up');
  await expect(page.getByRole('row')).toHaveCount(2);
  await page.getByLabel('Search agents').fill('nobody');
  await expect(page.getByText('No agent by these words')).toBeVisible();
  await page.getByLabel('Search agents').fill('');
  await page.getByRole('link', { name: 'Scout' }).click();

  // What it did, and its end.
  const runs = page.getByRole('region', { name: 'Recent runs' });
  await expect(runs.getByText('Done', { exact: true })).toBeVisible();
  await hydrated(page);
  await shot('full');
  await runs.getByRole('link').first().click();
  await expect(lab.chat.locator('.chat-name').first()).toContainText('Scout');
  await page.goBack();
  await expect(page.getByRole('heading', { level: 1, name: 'Scout' })).toBeVisible();
  await page.locator('summary').filter({ hasText: 'Delete agent' }).click();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Delete now' }).click();
  await expect(page).toHaveURL(/\/agents$/);
  await expect(page.getByText('Scout')).toHaveCount(0);

  // The conversation is there and can't be gone on with.
  await page.goto(`/${person.org}/lab`);
  await lab.ready();
  await expect(lab.chat.locator('.chat-name').first()).toContainText('Scout');
  await lab.say('still there?');
  await expect(lab.chat.locator('.said-failed')).toContainText('was deleted');
});

test('two tabs: what was changed apart comes together, what both changed is asked', async ({ page, person, context }) => {
  test.setTimeout(120_000);
  await create(page, person.org, 'Scout');
  const other = await context.newPage();
  await other.goto(page.url());
  await hydrated(other);
  await page.getByLabel('Prompt').fill('From the first tab.');
  await save(page).click();
  await said(page, 'Saved');

  // Apart.
  await other.getByLabel('Description').fill('From the second tab.');
  await save(other).click();
  await said(other, 'Saved');
  await expect(other.getByLabel('Prompt')).toHaveValue('From the first tab.');

  // Both.
  await page.getByLabel('Description').fill('The first again.');
  await save(page).click();
  const quarrel = page.locator('.agent-clash');
  await expect(quarrel).toContainText('you both changed its description');
  await expectAccessible(page);
  await quarrel.getByRole('button', { name: 'Take theirs' }).click();
  await expect(page.getByLabel('Description')).toHaveValue('From the second tab.');
  await page.getByLabel('Description').fill('Mine at last.');
  await save(page).click();
  await said(page, 'Saved');
  await other.getByLabel('Description').fill('No, mine.');
  await save(other).click();
  await other.locator('.agent-clash').getByRole('button', { name: 'Keep mine' }).click();
  await expect(async () => {
    await page.reload();
    await expect(page.getByLabel('Description')).toHaveValue('No, mine.', { timeout: 1_000 });
  }).toPass();
  await hydrated(page);
  // A switch in one tab is no quarrel with a form in the other.
  await page.getByRole('switch', { name: 'Run command' }).click();
  await said(page, 'Run command is off');
  await other.getByLabel('Prompt').fill('Last.');
  await save(other).click();
  await expect(async () => {
    await page.reload();
    await expect(page.getByLabel('Prompt')).toHaveValue('Last.', { timeout: 1_000 });
  }).toPass();
  await expect(other.locator('.agent-clash')).toHaveCount(0);
  await expect(page.getByRole('switch', { name: 'Run command' })).toHaveAttribute('aria-checked', 'false');
});

test('Ala stays, and who answers is chosen in the lab and from the palette', async ({ page, person, narrow }) => {
  await page.goto(`/${person.org}/agents/ala`);
  await hydrated(page);
  await expect(page.getByRole('heading', { level: 1, name: 'Ala' })).toBeVisible();
  await expect(page.locator('summary').filter({ hasText: 'Delete agent' })).toHaveCount(0);
  await expect(page.getByRole('switch', { name: 'Active' })).toHaveCount(0);
  await expect(page.getByRole('radio')).toHaveCount(1);
  await page.getByLabel('Prompt').fill('Speak in rhymes.');
  await save(page).click();
  await said(page, 'Saved');

  await create(page, person.org, 'Scout');
  const lab = await new Lab(page, person, narrow).open();
  await expect(page.getByRole('heading', { name: 'What should Ala work on?' })).toBeVisible();
  await lab.chat.getByLabel('Agent').selectOption({ label: '🔎 Scout' });
  await expect(page.getByRole('heading', { name: 'What should Scout work on?' })).toBeVisible();
  await expectAccessible(page);
  await lab.say('note: chosen');
  await lab.settled();
  await expect(lab.chat.locator('.chat-name').first()).toContainText('Scout');
  for (const name of ['Ala', 'Scout', 'Scout']) {
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox', { name: /Search projects/ }).fill(`chat with ${name}`);
    await page.keyboard.press('Enter');
    await expect(page.getByRole('heading', { name: `What should ${name} work on?` })).toBeVisible();
  }
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: /Search projects/ }).fill('new agent');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog', { name: 'New agent' })).toBeVisible();
});

test.describe('without script', () => {
  test.use({ javaScriptEnabled: false });

  test('an agent is made, changed, switched and deleted', async ({ page, person }) => {
    await page.goto(`/${person.org}/agents`);
    await page.getByRole('link', { name: 'New agent' }).click();
    await page.getByLabel('Name').fill('ala');
    await page.getByRole('button', { name: 'Create agent' }).click();
    await expect(page.getByText("can't be taken for hers")).toBeVisible();
    await page.getByLabel('Name').fill('Plain');
    await page.getByRole('button', { name: 'Create agent' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Plain' })).toBeVisible();
    await page.getByLabel('Prompt').fill('By hand.');
    await page.getByLabel('Steps').fill('0');
    await save(page).click();
    await expect(page.getByText('Choose from 1 to 1,000 steps')).toBeVisible();
    await expect(page.getByLabel('Prompt')).toHaveValue('By hand.');
    await page.getByLabel('Steps').fill('9');
    await save(page).click();
    await expect(page.getByLabel('Steps')).toHaveValue('9');
    await expect(page.getByLabel('Prompt')).toHaveValue('By hand.');
    const tool = page.getByRole('switch', { name: 'Run command' });
    await tool.click();
    await expect(tool).toHaveAttribute('aria-checked', 'false');
    const active = page.getByRole('switch', { name: 'Active' });
    await active.click();
    await expect(active).toHaveAttribute('aria-checked', 'false');
    await page.goto(`/${person.org}/agents?view=table&q=pla`);
    await expect(page.getByRole('row')).toHaveCount(2);
    await page.getByRole('link', { name: 'Plain' }).click();
    await page.locator('summary').filter({ hasText: 'Delete agent' }).click();
    await page.getByRole('button', { name: 'Delete now' }).click();
    await expect(page.getByText('Plain')).toHaveCount(0);
  });
});

test('another organization sees none of it', async ({ page, person, server, browser }) => {
  await create(page, person.org, 'Secret');
  const context = await browser.newContext();
  await signUp(context.request, server.url);
  const theirs = await context.newPage();
  const answer = await theirs.goto(`${server.url}/${person.org}/agents/secret`);
  expect(answer!.status()).toBe(404);
  await context.close();
});
