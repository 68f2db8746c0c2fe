import { type Page } from '@playwright/test';
import { Lab } from '../support/lab';
import { expect, expectAccessible, hydrated, test } from '../support/test';

/** Makes agents; each may write to those after it, and the last to the first. */
async function hire(lab: Lab, names: string[]): Promise<Record<string, any>> {
  const agents: Record<string, any> = {};
  for (const name of [...names].reverse()) {
    const allowedPeers = Object.values(agents).map((agent) => agent.id);
    agents[name] = await lab.api('POST', '/agents', { name, allowedPeers, avatar: name === 'Writer' ? '✒️' : '' });
  }
  return agents;
}

const call = (tool: string, args: unknown) => `call ${tool} ${JSON.stringify(args)}`;
const shot = (page: Page, name: string, narrow: boolean) =>
  page.screenshot({ path: `test-results/shots/peers-${name}-${narrow ? 'phone' : 'desktop'}.png` });

async function talkTo(page: Page, lab: Lab, slug: string): Promise<void> {
  await page.goto(`/${lab.person.org}/lab?agent=${slug}`);
  await lab.ready();
  await lab.showChat();
}

test('a researcher gives work to a writer, who gives it to a reviewer, and each is told of the end', async ({ page, person, narrow }) => {
  test.setTimeout(120_000);
  await page.goto(`/${person.org}/lab`);
  const lab = new Lab(page, person, narrow);
  await lab.ready();
  await hire(lab, ['Researcher', 'Writer', 'Reviewer']);
  await talkTo(page, lab, 'researcher');
  const review = call('spawn_agent', { agent: 'reviewer', label: 'Review', task: 'note: # Reviewed\nHerons do stand.' });
  await lab.say(call('spawn_agent', { agent: 'writer', label: 'Draft', task: review }));

  // The writer's end comes back as a message, and so does what it said.
  const told = lab.chat.getByRole('article', { name: 'Message from Writer' });
  await expect(told).toContainText('I am done.', { timeout: 45_000 });
  await lab.settled();
  await shot(page, 'told', narrow);

  await lab.showCanvas();
  await lab.fit();
  const node = (name: string) => page.getByRole('article', { name: new RegExp(`^Agent ${name}:`) });
  for (const name of ['Researcher', 'Writer', 'Reviewer']) await expect(node(name)).toBeVisible();
  await expect(lab.block('Reviewed')).toBeVisible({ timeout: 45_000 });
  await expect(node('Reviewer')).toContainText('Reviewed');
  const envelope = page.getByRole('button', { name: /^Writer to Reviewer: note: # Reviewed/ });
  await expect(envelope).toBeVisible();
  await expect(page.getByRole('button', { name: /^Reviewer to Writer: I am done/ })).toBeVisible({ timeout: 45_000 });
  await shot(page, 'canvas', narrow);
  await expectAccessible(page);

  // A page that is opened now shows the same, and an envelope leads to its reader.
  await page.reload();
  await lab.ready();
  await lab.showCanvas();
  await lab.fit();
  await envelope.click();
  await lab.showChat();
  await expect(lab.chat.getByRole('article', { name: 'Message from Writer' })).toContainText('Reviewed');
  await lab.chat.getByRole('button', { name: 'Writer' }).first().click();
  await expect(lab.chat.getByRole('article', { name: 'Message from Reviewer' })).toBeVisible();
});

test('who waits for whom is seen, nudged and ended from the inspector', async ({ page, person, narrow }) => {
  test.setTimeout(120_000);
  await page.goto(`/${person.org}/lab`);
  const lab = new Lab(page, person, narrow);
  await lab.ready();
  await hire(lab, ['Researcher', 'Writer']);
  await talkTo(page, lab, 'researcher');
  await lab.say(call('spawn_agent', { agent: 'writer', label: 'Long work', task: 'run echo begun; sleep 600' }));
  await lab.settled();
  await lab.say(call('check_messages', { from: ['writer'], waitSeconds: 900 }));
  const wait = lab.calls.last();
  await expect(wait).toContainText('Waiting for messages from writer');

  await lab.showCanvas();
  await lab.fit();
  await expect(page.locator('.agent-state', { hasText: 'Waiting for Writer' })).toBeVisible({ timeout: 30_000 });
  await page.locator('.chip', { hasText: 'Waiting for messages' }).click();
  const inspector = page.getByRole('complementary', { name: 'Tool call' });
  const chain = inspector.locator('.peer-chain');
  await expect(chain).toContainText('Waits for a message of');
  await expect(chain).toContainText('Writer');
  await expect(chain).toContainText('Long work');
  await expect(chain).toContainText('Working');
  await expect(chain.locator('.peer-doing')).toContainText(/Running command .* s$/);
  await shot(page, 'chain', narrow);
  await expectAccessible(page);

  await chain.getByRole('button', { name: 'Nudge' }).click();
  await expect(page.locator('.toast', { hasText: 'Writer reads that at the next step' })).toBeVisible();
  await chain.getByRole('button', { name: 'Open chat' }).click();
  await lab.showChat();
  await expect(lab.chat.locator('.queued')).toContainText('Researcher waits for you.');
  await lab.showCanvas();

  // Its call is cancelled from here: the writer ends, and with it the wait.
  await chain.getByRole('button', { name: 'Look at its call' }).click();
  await expect(inspector).toContainText('begun');
  await inspector.getByRole('button', { name: 'Cancel call' }).click();
  await expect(page.locator('.agent-state', { hasText: 'Waiting for Writer' })).toHaveCount(0, { timeout: 30_000 });
  await inspector.getByRole('button', { name: 'Close' }).click();
  await lab.showChat();
  await page.goto(`/${person.org}/lab`);
  await lab.ready();
  await lab.showCanvas();
  await expect(page.locator('.agent-state', { hasText: 'Idle' }).first()).toBeVisible();
});

test('an agent has the peers that people tick, and no others', async ({ page, person, narrow }) => {
  await page.goto(`/${person.org}/lab`);
  const lab = new Lab(page, person, narrow);
  await lab.ready();
  const { Writer: writer } = await hire(lab, ['Researcher', 'Writer']);
  await page.goto(`/${person.org}/agents/writer`);
  await hydrated(page);
  const peers = page.getByRole('group', { name: 'Peers' });
  await expect(peers.getByLabel('Researcher')).not.toBeChecked();
  await peers.getByLabel('Researcher').check();
  await page.getByRole('button', { name: 'Save changes' }).click();
  await expect(page.locator('.toast', { hasText: 'Saved' })).toBeVisible();
  await peers.scrollIntoViewIfNeeded();
  await shot(page, 'form', narrow);
  await expectAccessible(page);
  expect((await lab.api('GET', `/agents/${writer.id}/peers`)).items.map((peer: any) => peer.name)).toEqual(['Researcher']);
  await page.reload();
  await hydrated(page);
  await expect(peers.getByLabel('Researcher')).toBeChecked();
  await expect(peers.getByLabel('Ala')).not.toBeChecked();

  // To one that isn't ticked nothing is sent.
  await talkTo(page, lab, 'writer');
  await lab.say(call('message_agent', { to: 'ala', message: 'Psst.' }));
  await lab.calls.last().click();
  await expect(page.getByRole('complementary', { name: 'Tool call' })).toContainText("Ala isn't among your peers");
});
