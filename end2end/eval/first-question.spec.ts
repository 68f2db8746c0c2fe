import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Lab } from '../support/lab';
import { Server } from '../support/server';
import { expect, signUp, test } from '../support/test';

/** A folder of weights that `alumia model install` has filled. */
const MODELS = process.env.ALUMIA_EVAL_MODELS ?? '';

// Its own server ends while the page still listens to it.
test.use({ mayFail: true });

test('on a fresh machine without a provider a newcomer gets the right number and a block', async ({ page, context, narrow }) => {
  const server = await Server.start();
  try {
    mkdirSync(join(server.dataDir, 'models'), { recursive: true });
    for (const file of readdirSync(MODELS).filter((name) => /\.(gguf|seal)$/.test(name))) {
      symlinkSync(join(MODELS, file), join(server.dataDir, 'models', file));
    }
    const person = await signUp(context.request, server.url);
    await page.goto(`${server.url}/${person.org}/lab`);
    const lab = new Lab(page, person, narrow);
    await lab.ready();
    const began = Date.now();
    await lab.say('Compute the mean of the column co2_ppm in mauna-loa-co2.csv and put it on the canvas.');
    await expect(page.locator('.node[data-kind="block"]').filter({ hasText: /355[.,]3/ })).not.toHaveCount(0, { timeout: 600_000 });
    await lab.settled(300_000);
    console.log(`from the question to the answer: ${Math.round((Date.now() - began) / 1000)} s`);
    await expect(lab.calls.filter({ hasText: 'Ran command' })).not.toHaveCount(0);
    await expect(lab.chat).toContainText(/355[.,]3/);
    await page.screenshot({ path: 'test-results/shots/first-question.png' });
  } finally {
    await server.stop();
  }
});
