import { Lab } from '../support/lab';
import { expect, expectAccessible, hydrated, test } from '../support/test';

const THEMES = ['light', 'dark'] as const;
test.use({ mayFail: true });

for (const theme of THEMES) {
  test.describe(theme, () => {
    test.use({ colorScheme: theme });

    for (const path of ['/', '/signup', '/login', '/docs/components', '/nothing/here']) {
      test(path, async ({ page }) => {
        await page.goto(path);
        await hydrated(page);
        await expectAccessible(page);
      });
    }

    test('forms with errors', async ({ page }) => {
      for (const path of ['/signup', '/login']) {
        await page.goto(path);
        await hydrated(page);
        if (path === '/signup') await page.getByLabel('Name').fill('R');
        await page.getByLabel('Email').fill('robin@example.org');
        await page.getByLabel('Password', { exact: true }).fill('short');
        await page.getByRole('main').locator('button[type=submit]').click();
        await expect(page.locator('[data-error="true"], .form-error').first()).toBeVisible();
        await expectAccessible(page);
      }
    });

    test('projects, empty and full, with dialog', async ({ page, person, lab }) => {
      await page.goto(`/${person.org}/projects`);
      await hydrated(page);
      await expectAccessible(page);
      await page.getByRole('link', { name: 'New project' }).click();
      await expect(page.getByRole('dialog')).toBeVisible();
      await expectAccessible(page);
      await lab.api('DELETE', `/projects/${await lab.project()}`);
      await page.goto(`/${person.org}/projects`);
      await hydrated(page);
      await expect(page.getByText('No projects yet')).toBeVisible();
      await expectAccessible(page);
      await page.goto(`/${person.org}/lab`);
      await hydrated(page);
      await expect(page.getByText('Start with a project')).toBeVisible();
      await expectAccessible(page);
    });

    test('lab: empty, running, full, and all that opens in it', async ({ lab, page, narrow }) => {
      test.setTimeout(180_000);
      await expectAccessible(page);
      if (narrow) {
        await lab.showCanvas();
        await expectAccessible(page);
        await lab.showChat();
      }
      await lab.say('Show me around');
      await expect(lab.calls.first()).toBeVisible({ timeout: 20_000 });
      await expectAccessible(page);
      await expect(lab.chat).toContainText('Things to try next', { timeout: 45_000 });
      await lab.settled();
      await expectAccessible(page);
      await lab.showCanvas();
      await lab.fit();
      await expect(lab.blocks).toHaveCount(3);
      // At 100 %: what is zoomed out is smaller than a finger, and zooming in is how to reach it.
      await page.keyboard.press('0');
      await expect(page.locator('.canvas-percent')).toHaveText('100 %');
      await expectAccessible(page);

      await opened(lab, 'node menu', async () => {
        await lab.canvas.focus();
        await page.keyboard.press('Tab');
        // The browser asks for a menu where the node is now, which may be under the tool bar until the view has moved.
        await expect(async () => {
          await page.keyboard.press('Shift+F10');
          await expect(page.getByRole('menu', { name: 'Actions' })).toBeVisible({ timeout: 1_000 });
        }).toPass();
      });
      await opened(lab, 'find', async () => {
        await lab.canvas.focus();
        await page.keyboard.press('f');
        await expect(page.getByRole('combobox', { name: 'Find a node' })).toBeVisible();
      });
      await lab.showChat();
      await opened(lab, 'inspector', async () => {
        await lab.calls.nth(2).getByRole('button').first().click();
        await expect(page.getByRole('complementary', { name: 'Tool call' })).toBeVisible();
      });
      await lab.showChat();
      for (const menu of ['.session-bar', '.switcher', '.rail-foot']) {
        await opened(lab, menu, async () => {
          await page.locator(`${menu} summary`).click();
          await expect(page.locator(`${menu} .menu-list`)).toBeVisible();
        });
      }
      await opened(lab, 'palette', async () => {
        await page.keyboard.press('Control+k');
        await expect(page.getByRole('dialog', { name: 'Search and commands' })).toBeVisible();
      });
      await lab.say('call http_fetch {"url": "https://example.org/"}');
      await expect(page.locator('.approval').first()).toBeVisible({ timeout: 20_000 });
      await expectAccessible(page);
      await lab.stop.click();
      await lab.settled();
      await expectAccessible(page);
    });
  });
}

async function opened(lab: Lab, what: string, open: () => Promise<void>): Promise<void> {
  await test.step(what, async () => {
    await open();
    await expectAccessible(lab.page);
    await lab.page.keyboard.press('Escape');
  });
}
