import { defineConfig } from '@playwright/test';
import { existsSync } from 'node:fs';

// The browser of the system: nothing is downloaded. The one without windows leaves more of the machine to the pages.
const names = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'];
const chromium = names.map((name) => `/usr/bin/${name}`).find(existsSync);

export default defineConfig({
  testDir: 'specs',
  outputDir: 'test-results',
  fullyParallel: true,
  // Some of them wait for minutes to pass.
  workers: 3,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  // A machine that is shared answers late now and then; a second try that passes is reported as flaky.
  retries: process.env.CI ? 2 : 0,
  reporter: process.env.CI ? [['list']] : [['list'], ['html', { open: 'never' }]],
  use: {
    // Recording takes a good part of the time; where there is a second try that is early enough.
    trace: process.env.CI ? 'on-first-retry' : 'retain-on-failure',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? chromium,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  // Every spec runs on a wide screen in the light theme and on a narrow one in the dark theme.
  projects: [
    { name: 'desktop', use: { viewport: { width: 1440, height: 900 }, colorScheme: 'light' } },
    { name: 'phone', use: { viewport: { width: 360, height: 740 }, colorScheme: 'dark' } },
  ],
});
