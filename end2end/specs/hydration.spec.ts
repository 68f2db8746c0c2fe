import type { Page } from '@playwright/test';
import { expect, hydrated, test } from '../support/test';

/** How much the page's parts have moved by themselves, as the browser counts it. */
async function shifted(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        let sum = 0;
        const add = (list: PerformanceObserverEntryList) => {
          for (const entry of list.getEntries() as any[]) if (!entry.hadRecentInput) sum += entry.value;
        };
        new PerformanceObserver(add).observe({ type: 'layout-shift', buffered: true });
        // Two frames: what is buffered is handed over by then.
        requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve(sum), 0)));
      }),
  );
}

// That nothing is said in the console is checked for every test.
test('pages stand still while they load, and say nothing in the console', async ({ page, lab, person }) => {
  await lab.say('note: Something to see');
  await lab.settled();
  for (const path of [`/${person.org}/lab`, `/${person.org}/projects`, `/${person.org}/projects/getting-started`, '/']) {
    await page.goto(path);
    await hydrated(page);
    expect(await shifted(page), path).toBeLessThan(0.02);
  }
});
