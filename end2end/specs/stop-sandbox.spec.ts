import { readFileSync, readdirSync } from 'node:fs';
import { expect, test } from '../support/test';

/** Whether a process with exactly these arguments runs on this machine. */
function runs(...wanted: string[]): boolean {
  return readdirSync('/proc').some((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    try {
      return readFileSync(`/proc/${entry}/cmdline`, 'utf8') === `${wanted.join('\0')}\0`;
    } catch {
      return false; // It ended while we looked.
    }
  });
}

test('stop ends a command with everything that it started', async ({ lab }) => {
  // A duration that no other test's process has.
  const seconds = `600.${process.pid}${Date.now() % 1_000_000}`;
  await lab.say(`run sh -c 'sleep ${seconds} & wait'`);
  await expect(lab.calls.last()).toHaveAttribute('data-state', 'running', { timeout: 20_000 });
  await expect.poll(() => runs('sleep', seconds), { timeout: 20_000 }).toBe(true);
  await lab.stop.click();
  await expect.poll(() => runs('sleep', seconds), { timeout: 10_000 }).toBe(false);
  await expect(lab.chat.locator('.chat-line', { hasText: 'Stopped.' })).toBeVisible();
  await lab.settled();
  await lab.say('count to 3');
  await expect(lab.chat.locator('.answer').last()).toHaveText('1 2 3');
});

test('one call is cancelled and the run goes on', async ({ lab }) => {
  await lab.say('run sleep 500');
  const call = lab.calls.last();
  await expect(call).toHaveAttribute('data-state', 'running', { timeout: 20_000 });
  await call.getByRole('button').first().click();
  await lab.page.getByRole('button', { name: 'Cancel call' }).click();
  await lab.page.getByRole('button', { name: 'Close' }).first().click();
  await lab.showChat();
  await expect(call).toHaveAttribute('data-state', 'failed', { timeout: 20_000 });
  await lab.settled();
});
