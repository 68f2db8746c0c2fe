import type { Page } from '@playwright/test';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { post, withApp } from '../support/factors';
import { expect, hydrated, test } from '../support/test';

const run = promisify(execFile);
// What `scripts/setup python` made, which has `requests`.
const cache = process.env.ALUMIA_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'alumia');
const own = join(cache, 'python/bin/python');
const python = existsSync(own) ? own : 'python3';

const RUNNERS: Record<string, { file: string; command: string }> = {
  curl: { file: 'sample.sh', command: 'sh' },
  JavaScript: { file: 'sample.mjs', command: 'node' },
  Python: { file: 'sample.py', command: python },
};
const SUCCESS = /success\W+true/i;

/** Every route's sample in a language, by the route's id. */
async function samples(page: Page, language: string): Promise<Record<string, string>> {
  const button = page.getByRole('button', { name: language, exact: true });
  await button.click();
  await expect(button).toHaveAttribute('aria-pressed', 'true');
  return page.evaluate(() =>
    Object.fromEntries(
      [...document.querySelectorAll('.api-route')].map((route) => [route.id, route.querySelector('.code-box code')!.textContent!]),
    ),
  );
}

test('what the reference shows does what it says', async ({ page, person, server }) => {
  test.setTimeout(180_000);
  await withApp(page.request, server.url, person);
  const minted = await post(page.request, server.url, '/api-keys', { name: 'samples', scopes: ['*'] });
  const { key } = (await minted.json()).data;
  const project = (await (await page.request.get('/api/v1/projects')).json()).data.items[0].id;
  await page.goto('/docs/api');
  await hydrated(page);
  const folder = mkdtempSync(join(tmpdir(), 'alumia-samples-'));
  writeFileSync(join(folder, 'file.txt'), 'kept by a sample');
  const environment = { ...process.env, ALUMIA_KEY: key, FORCE_COLOR: '0' };

  try {
    for (const [language, { file, command }] of Object.entries(RUNNERS)) {
      const shown = await samples(page, language);
      const does = async (id: string, fill: Record<string, string> = {}): Promise<string> => {
        const text = Object.entries(fill).reduce((text, [blank, value]) => text.replaceAll(blank, value), shown[id]);
        expect(text, `${language}: ${id}`).not.toContain(key);
        writeFileSync(join(folder, file), text);
        const { stdout } = await run(command, [file], { cwd: folder, env: environment, timeout: 60_000 });
        return stdout;
      };
      await test.step(language, async () => {
        expect(await does('projects_list')).toContain('Getting started');
        const made = await does('projects_create', { text: `Made by ${language}` });
        expect(made).toMatch(SUCCESS);
        const id = /\bid['\"]?: ?['\"]([0-9a-f-]{36})/.exec(made)?.[1] ?? made;
        expect(await does('projects_get', { [project]: id })).toContain(`Made by ${language}`);
        expect(await does('agents_get', { '{id}': 'ala' })).toContain('Ala');
        expect(await does('files_write', { '{path}': 'notes.txt' })).toMatch(SUCCESS);
        expect(await does('files_read', { '{path}': 'notes.txt' })).toContain('kept by a sample');
        // The message's id is the writer's to make.
        const said = await does('chat_chat', { '0190a5c2-7b1e-7cc0-9d3c-5e2f6a1b4c8d': crypto.randomUUID() });
        expect(said).toContain('event: run.completed');
        expect(await does('projects_delete', { [project]: id })).toMatch(SUCCESS);
        expect(await does('projects_get', { [project]: id })).toContain('NOT_FOUND');
      });
    }

    // Those in Rust are compiled along with the tests, for a server that is called alumia.example: the
    // environment leads them to this one.
    const compiled = readFileSync(join(import.meta.dirname, '../../server/examples/samples.rs'), 'utf8');
    const shown = await samples(page, 'Rust');
    const program = join(dirname(process.env.ALUMIA_BIN!), 'examples/samples');
    for (const [id, words] of Object.entries({
      projects_list: 'Getting started',
      projects_create: '"success": true',
      // Compiled for no project that there is.
      chat_chat: 'BAD_REQUEST',
      files_write: 'NOT_FOUND',
      files_read: 'NOT_FOUND',
    })) {
      await test.step(`Rust: ${id}`, async () => {
        const text = shown[id]
          .replaceAll(server.url, 'http://alumia.example')
          .replaceAll(project, '{project}')
          .replaceAll('{path}', 'notes.txt')
          .replace(/Acts in .* \(.*\)/, 'Acts in Acme (acme)')
          .replace(/^(?=.)/gm, '    ');
        expect(compiled, 'server/examples/samples.rs').toContain(text);
        const environment = { ...process.env, ALUMIA_KEY: key, HTTP_PROXY: server.url, NO_PROXY: '' };
        const { stdout } = await run(program, [id], { cwd: folder, env: environment, timeout: 60_000 });
        expect(stdout).toContain(words);
      });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
