import AxeBuilder from '@axe-core/playwright';
import { expect, test as base, type APIRequestContext, type Page } from '@playwright/test';
import { Lab } from './lab';
import { Server } from './server';

export { expect };

export interface Person {
  name: string;
  email: string;
  password: string;
  /** First part of the paths of the person's organisation. */
  org: string;
}

interface Fixtures {
  /** A new account, signed in. */
  person: Person;
  /** The person's lab, open. */
  lab: Lab;
  /** Requests are refused or cut on purpose; the browser's own word about them is no complaint. */
  mayFail: boolean;
  /** Something tries what it may not on purpose; that the browser stopped it is no complaint. */
  hostile: boolean;
  /** Fails the test when the page logged an error or a warning, broke the content policy or threw. */
  quiet: void;
  /** Whether the screen is so narrow that chat and canvas are tabs. */
  narrow: boolean;
}

interface WorkerFixtures {
  server: Server;
}

export const test = base.extend<Fixtures, WorkerFixtures>({
  server: [
    async ({}, use) => {
      const server = await Server.start();
      await use(server);
      await server.stop();
    },
    { scope: 'worker' },
  ],
  baseURL: async ({ server }, use) => use(server.url),
  narrow: async ({ viewport }, use) => use((viewport?.width ?? 1440) <= 640),
  person: async ({ context, server }, use) => use(await signUp(context.request, server.url)),
  lab: async ({ page, person, narrow }, use) => use(await new Lab(page, person, narrow).open()),
  mayFail: [false, { option: true }],
  hostile: [false, { option: true }],
  quiet: [
    async ({ page, mayFail, hostile }, use) => {
      const complaints: string[] = [];
      page.on('console', (message) => {
        const text = message.text();
        const cut = /net::ERR_|Failed to load resource/.test(text);
        const stopped = /Content Security Policy|sandboxed|Fetch API cannot load|'TrustedScript' assignment/.test(text);
        // Under load the module can come later than the browser likes.
        const late = /was preloaded using link preload but not used/.test(text);
        if (['error', 'warning'].includes(message.type()) && !(mayFail && cut) && !(hostile && stopped) && !late) complaints.push(text);
      });
      page.on('pageerror', (error) => complaints.push(String(error)));
      await use();
      expect(complaints, 'errors in the browser console').toEqual([]);
    },
    { auto: true },
  ],
});

let people = 0;

export async function signUp(request: APIRequestContext, url: string): Promise<Person> {
  const tag = `${process.pid}-${people++}-${Date.now()}`;
  const name = `Robin ${tag}`;
  const email = `robin-${tag}@example.org`;
  const password = `correct horse ${tag}`;
  const answer = await request.post(`${url}/api/v1/auth/signup`, {
    data: { name, email, password },
    headers: { origin: url, 'sec-fetch-site': 'same-origin' },
  });
  expect(answer.status(), await answer.text()).toBe(201);
  const { data } = await answer.json();
  return { name, email, password, org: data.org.slug };
}

/** Nothing for axe to say, WCAG 2.2 AA. What is still fading in is waited for: it has no contrast yet. */
export async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(() => {
    const ending = document.getAnimations().filter((each) => each.effect?.getComputedTiming().endTime !== Infinity);
    const patience = new Promise((resolve) => setTimeout(resolve, 1_000));
    return Promise.race([patience, Promise.allSettled(ending.map((each) => each.finished))]).then(() => {});
  });
  const found = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .disableRules('target-size')
    .analyze();
  // What is zoomed out on the canvas is smaller than a finger; the same call has a row in the chat, and
  // zooming in makes the rest as large as anywhere (2.5.8, "equivalent").
  const size = await new AxeBuilder({ page }).withRules('target-size').exclude('.canvas-layer').analyze();
  const summary = [...found.violations, ...size.violations].map(
    (violation) => `${violation.id}: ${violation.help}\n  ${violation.nodes.map((node) => node.html).join('\n  ')}`,
  );
  expect(summary, 'accessibility').toEqual([]);
}

/** Waits until the page's script has taken over. */
export async function hydrated(page: Page): Promise<void> {
  await page.waitForFunction(() => document.documentElement.dataset.ready === 'true');
}
