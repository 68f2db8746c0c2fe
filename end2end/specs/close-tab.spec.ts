import { Lab } from '../support/lab';
import { expect, test } from '../support/test';

test('a turn goes on without its tab', async ({ lab, context, person, narrow }) => {
  await lab.say('count to 150');
  await expect(lab.chat.locator('.answer')).toContainText('1 2 3 4 5');
  await lab.page.close();

  const again = await new Lab(await context.newPage(), person, narrow).open();
  const answer = again.chat.locator('.answer');
  await expect(answer).toContainText('149 150', { timeout: 30_000 });
  await again.settled();
  const all = Array.from({ length: 150 }, (_, index) => index + 1).join(' ');
  await expect(answer).toHaveText(all);
  await expect(again.chat.locator('.said')).toHaveCount(1);
  const ends = (await again.events()).filter((event) => event.kind === 'run.completed');
  expect(ends).toHaveLength(1);
});
