import type { Download, Page } from '@playwright/test';
import { readFile } from 'node:fs/promises';
import type { Lab } from '../support/lab';
import { expect, expectAccessible, hydrated, test } from '../support/test';

// Two halves of a story each, on a machine that may be busy.
test.beforeEach(() => test.slow());

const shots = process.env.ALUMIA_SHOTS;

async function look(page: Page, name: string, narrow: boolean): Promise<void> {
  if (shots) await page.screenshot({ path: `${shots}/${name}-${narrow ? 'phone' : 'desktop'}.png` });
}

async function keep(bytes: Buffer, name: string, narrow: boolean): Promise<void> {
  const { writeFile } = await import('node:fs/promises');
  if (shots) await writeFile(`${shots}/${narrow ? 'phone' : 'desktop'}-${name}`, bytes);
}

const bytesOf = async (download: Download): Promise<Buffer> => readFile((await download.path())!);

/** A red and blue picture, so that it is seen whether pictures are in a picture. */
async function picture(page: Page): Promise<Buffer> {
  const address = await page.evaluate(() => {
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 64;
    const brush = canvas.getContext('2d')!;
    brush.fillStyle = 'rgb(255, 0, 0)';
    brush.fillRect(0, 0, 64, 64);
    brush.fillStyle = 'rgb(0, 0, 255)';
    brush.fillRect(0, 32, 64, 32);
    return canvas.toDataURL('image/png');
  });
  return Buffer.from(address.split(',')[1], 'base64');
}

async function write(lab: Lab, path: string, bytes: Buffer): Promise<void> {
  const { origin } = new URL(lab.page.url());
  const url = `${origin}/api/v1/projects/${await lab.project()}/files/content?path=${encodeURIComponent(path)}`;
  const answer = await lab.page.request.put(url, { data: bytes, headers: { origin, 'sec-fetch-site': 'same-origin' } });
  expect(answer.status(), await answer.text()).toBe(200);
}

async function read(lab: Lab, project: string, path: string): Promise<Buffer> {
  const { origin } = new URL(lab.page.url());
  const answer = await lab.page.request.get(`${origin}/api/v1/projects/${project}/files/content?path=${encodeURIComponent(path)}`);
  expect(answer.status()).toBe(200);
  return answer.body();
}

/** What is alike in a canvas and its copy. */
async function canvasOf(lab: Lab, project: string): Promise<unknown[]> {
  const { items } = await lab.api('GET', `/projects/${project}/blocks?limit=500`);
  return items.map(({ title, content, position }: any) => ({ title, content, position }));
}

async function furnish(lab: Lab): Promise<void> {
  await lab.note('Tides', { x: 0, y: 0 }, 'High water at **noon**.');
  await lab.note('Winds', { x: 340, y: 0 });
  await write(lab, 'pictures/flag.png', await picture(lab.page));
  const shown = { kind: 'show', data: { type: 'image', path: 'pictures/flag.png', alt: 'A flag' } };
  await lab.put('Flag', shown, { x: 0, y: 240, width: 300, height: 240 });
}

test('a project is duplicated from its card, with blocks and files', async ({ lab, page, person, narrow }) => {
  await furnish(lab);
  const project = await lab.project();
  const name = (await lab.api('GET', `/projects/${project}`)).name;
  await page.goto(`/${person.org}/projects`);
  await hydrated(page);
  await page.locator(`.project-slot summary[aria-label="Menu of ${name}"]`).click();
  await look(page, 'copies-menu', narrow);
  await page.getByRole('button', { name: 'Duplicate', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Duplicate project' });
  await expect(dialog).toContainText(`The copy of “${name}” has its blocks, its files and what its apps have stored`);
  await expectAccessible(page);
  await look(page, 'copies-duplicate', narrow);
  await dialog.getByRole('button', { name: 'Duplicate' }).click();
  await expect(dialog.getByRole('status')).toHaveText(`“${name} (copy)” is ready.`);
  await look(page, 'copies-duplicated', narrow);
  await dialog.getByRole('link', { name: 'Open the copy' }).click();
  await expect(page.getByRole('heading', { level: 1, name: `${name} (copy)` })).toBeVisible();
  const copy = (await lab.api('GET', '/projects')).items.find((it: any) => it.name === `${name} (copy)`).id;
  expect(await canvasOf(lab, copy)).toEqual(await canvasOf(lab, project));
  const flag = 'pictures/flag.png';
  expect((await read(lab, copy, flag)).equals(await read(lab, project, flag))).toBe(true);
  // The list knows it too.
  await page.goto(`/${person.org}/projects`);
  await expect(page.getByRole('link', { name: `${name} (copy)` })).toBeVisible();
});

test('a project is exported, looked at and restored as it was', async ({ lab, page, person, narrow }, info) => {
  await furnish(lab);
  const project = await lab.project();
  const name = (await lab.api('GET', `/projects/${project}`)).name;
  await page.locator('.workspace-head summary[aria-label^="Menu of"]').click();
  await look(page, 'copies-workspace-menu', narrow);
  const arrives = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Export', exact: true }).click();
  const download = await arrives;
  expect(download.suggestedFilename()).toMatch(/\.alumia\.zip$/);
  const archive = info.outputPath('project.zip');
  await download.saveAs(archive);
  await page.goto(`/${person.org}/projects`);
  await hydrated(page);
  await page.getByRole('button', { name: 'Restore' }).first().click();
  const dialog = page.getByRole('dialog', { name: 'Restore a project' });
  await expectAccessible(page);
  // What is no archive says so, and changes nothing.
  await dialog.getByLabel('Archive').setInputFiles({ name: 'notes.zip', mimeType: 'application/zip', buffer: Buffer.from('no archive') });
  await expect(dialog.getByRole('alert').filter({ hasText: "can't be restored" })).toContainText('not a whole zip archive');
  await look(page, 'copies-refused', narrow);
  const before = (await lab.api('GET', '/projects')).items.length;
  await dialog.getByLabel('Archive').setInputFiles(archive);
  await expect(dialog).toContainText('Every checksum is right.');
  await expect(dialog).toContainText(/3 blocks and \d+ files/);
  await look(page, 'copies-restore', narrow);
  expect((await lab.api('GET', '/projects')).items.length, 'looking changes nothing').toBe(before);
  await dialog.getByLabel('Name of the project').fill('Brought back');
  await dialog.getByRole('button', { name: 'Restore', exact: true }).click();
  await expect(dialog.getByText('“Brought back” is restored.')).toBeVisible();
  await dialog.getByRole('link', { name: 'Open the project' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Brought back' })).toBeVisible();
  const restored = (await lab.api('GET', '/projects')).items.find((it: any) => it.name === 'Brought back').id;
  expect(await canvasOf(lab, restored)).toEqual(await canvasOf(lab, project));
  const { items } = await lab.api('GET', `/projects/${project}/files`);
  const paths = items.filter((it: any) => !it.isDir).map((it: any) => it.path);
  for (const path of [...paths, 'pictures/flag.png']) {
    expect((await read(lab, restored, path)).equals(await read(lab, project, path)), path).toBe(true);
  }
  expect(name).not.toBe('Brought back');
});

/** A picture's size and how much of it is what. */
async function pixels(page: Page, address: string) {
  return page.evaluate(async (address) => {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    const brush = canvas.getContext('2d')!;
    brush.drawImage(image, 0, 0);
    const { data } = brush.getImageData(0, 0, canvas.width, canvas.height);
    const colours = new Set<number>();
    let [red, blue] = [0, 0];
    for (let at = 0; at < data.length; at += 4) {
      colours.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
      if (data[at] > 240 && data[at + 1] < 15 && data[at + 2] < 15) red += 1;
      if (data[at] < 15 && data[at + 1] < 15 && data[at + 2] > 240) blue += 1;
    }
    const corner = [data[0], data[1], data[2], data[3]];
    return { width: canvas.width, height: canvas.height, colours: colours.size, red, blue, corner };
  }, address);
}

async function exported(page: Page, form: 'PNG' | 'SVG' | 'JSON', selection = false): Promise<Buffer> {
  await page.locator('.canvas-tools').getByRole('button', { name: 'Export' }).click();
  const dialog = page.getByRole('dialog', { name: 'Export the canvas' });
  await dialog.getByLabel(selection ? 'The selection' : 'The whole canvas').check();
  const arrives = page.waitForEvent('download', { timeout: 60_000 });
  await dialog.getByRole('button', { name: form, exact: true }).click();
  const download = await arrives;
  expect(download.suggestedFilename()).toBe(`canvas.${form.toLowerCase()}`);
  await expect(dialog).toBeHidden();
  return bytesOf(download);
}

test('the canvas is saved as a picture and as data', async ({ lab, page, narrow }) => {
  await furnish(lab);
  await lab.note('Far away', { x: 1_600, y: 1_000 });
  await lab.showCanvas();
  await expect(lab.blocks.first()).toBeVisible();
  const away: string[] = [];
  page.on('request', (request) => {
    const { hostname, protocol } = new URL(request.url());
    if (protocol.startsWith('http') && hostname !== 'localhost') away.push(request.url());
  });
  await page.locator('.canvas-tools').getByRole('button', { name: 'Export' }).click();
  await expect(page.getByRole('dialog', { name: 'Export the canvas' })).toBeVisible();
  await expectAccessible(page);
  await look(page, 'copies-canvas', narrow);
  await page.keyboard.press('Escape');

  const svg = (await exported(page, 'SVG')).toString();
  await keep(Buffer.from(svg), 'canvas.svg', narrow);
  for (const words of ['Tides', 'Winds', 'Far away', 'High water at', '@font-face', 'data:font/woff2', 'data:image/png']) expect(svg).toContain(words);
  for (const none of ['<script', 'href=', 'http://localhost', 'url("/']) expect(svg).not.toContain(none);
  const drawn = await pixels(page, `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`);
  expect(drawn.red).toBeGreaterThan(1_000);

  const png = await exported(page, 'PNG');
  await keep(png, 'canvas.png', narrow);
  const seen = await pixels(page, `data:image/png;base64,${png.toString('base64')}`);
  expect(seen.width).toBeGreaterThan(3_000);
  expect(seen.colours, 'it is not blank').toBeGreaterThan(50);
  expect(seen.red, 'pictures of blocks are in it').toBeGreaterThan(1_000);
  expect(seen.blue).toBeGreaterThan(1_000);
  // The theme of the page: paper or ink.
  if (narrow) expect(Math.max(...seen.corner.slice(0, 3))).toBeLessThan(60);
  else expect(Math.min(...seen.corner.slice(0, 3))).toBeGreaterThan(230);
  expect(seen.corner[3], 'nothing of it is see-through').toBe(255);

  const data = JSON.parse((await exported(page, 'JSON')).toString());
  const blocks = (await lab.api('GET', `/projects/${await lab.project()}/blocks?limit=500`)).items;
  const byId = (a: any, b: any) => a.id.localeCompare(b.id);
  expect(data.blocks.sort(byId)).toEqual(blocks.sort(byId));
  expect(data.format).toBe('alumia-canvas');
  expect(away, 'nothing leaves the page').toEqual([]);

  // A selection: one node and its margin.
  // The view went to what appeared last.
  await lab.fit();
  await lab.block('Tides').click();
  const part = await exported(page, 'PNG', true);
  await keep(part, 'selection.png', narrow);
  const small = await pixels(page, `data:image/png;base64,${part.toString('base64')}`);
  expect([small.width, small.height]).toEqual([760, 560]);
  expect(small.red).toBe(0);
});

test('an agent, its edges and a thousand nodes are in the picture, and the page stays alive', async ({ lab, page, narrow }) => {
  await lab.showChat();
  await lab.say('hello');
  await lab.settled();
  const project = await lab.project();
  const put = (at: number) =>
    lab.api('POST', `/projects/${project}/blocks`, {
      title: `Node ${at}`,
      content: { kind: 'data', data: { type: 'markdown', text: `**${at}** of a thousand` } },
      position: { x: (at % 40) * 320, y: 600 + Math.floor(at / 40) * 180, width: 300, height: 160 },
    });
  for (let at = 0; at < 1_000; at += 20) await Promise.all(Array.from({ length: 20 }, (_, more) => put(at + more)));
  await page.reload();
  await lab.ready();
  await lab.showCanvas();
  // The longest time in which the page answered nothing.
  await page.evaluate(() => {
    const marks = window as unknown as { longest: number };
    marks.longest = 0;
    let last = performance.now();
    setInterval(() => {
      const now = performance.now();
      marks.longest = Math.max(marks.longest, now - last);
      last = now;
    }, 20);
  });
  const svg = (await exported(page, 'SVG')).toString();
  const forSvg = await page.evaluate(() => (window as unknown as { longest: number }).longest);
  expect(svg.match(/class="node"/g)?.length).toBe(1_001);
  expect(svg).toContain('Node 999');
  expect(svg).toContain('class="agent-head"');
  expect(forSvg, 'no moment of more than two seconds').toBeLessThan(2_000);
  const png = await exported(page, 'PNG');
  await keep(png, 'thousand.png', narrow);
  const forPng = await page.evaluate(() => (window as unknown as { longest: number }).longest);
  console.log(`a thousand nodes: longest pause ${Math.round(forSvg)} ms for SVG, ${Math.round(forPng)} ms for PNG, ${svg.length >> 10} KB`);
  const seen = await pixels(page, `data:image/png;base64,${png.toString('base64')}`);
  expect(seen.colours).toBeGreaterThan(50);
});
