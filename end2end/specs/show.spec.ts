import type { Locator, Page } from '@playwright/test';
import { post, withApp } from '../support/factors';
import type { Lab } from '../support/lab';
import { expect, expectAccessible, hydrated, test } from '../support/test';

// The browser says itself that a version was stale, or that a file isn't there.
test.use({ mayFail: true });
// Each test opens a lab of its own and draws a canvas in it.
test.beforeEach(() => test.slow());

const shots = process.env.ALUMIA_SHOTS;

async function look(page: Page, name: string, narrow: boolean): Promise<void> {
  if (shots) await page.screenshot({ path: `${shots}/show-${name}-${narrow ? 'phone' : 'desktop'}.png` });
}

const show = (data: unknown) => ({ kind: 'show', data });
const size = { width: 560, height: 420 };

/** Keeps bytes in the project's folder. */
async function keep(lab: Lab, path: string, data: Buffer): Promise<void> {
  const { origin } = new URL(lab.page.url());
  const answer = await lab.page.request.put(`${origin}/api/v1/projects/${await lab.project()}/files/content?path=${path}`, {
    data,
    headers: { origin, 'sec-fetch-site': 'same-origin' },
  });
  expect(answer.status(), await answer.text()).toBe(200);
}

/** Looks for a node by its title. */
async function find(page: Page, title: string): Promise<void> {
  await page.keyboard.press('Escape');
  await page.locator('.canvas').focus();
  await page.keyboard.press('f');
  await page.getByRole('combobox', { name: 'Find a node' }).fill(title);
  await page.keyboard.press('Enter');
}

/** Goes to a block and into it, as somebody does who looks for it. */
async function open(lab: Lab, title: string): Promise<Locator> {
  await lab.showCanvas();
  await find(lab.page, title);
  const block = lab.block(title);
  await expect(block).toHaveAttribute('data-mark', 'solo');
  // The view glides to it.
  let before = '';
  await expect
    .poll(async () => {
      const now = JSON.stringify(await block.boundingBox());
      const still = now === before;
      before = now;
      return still;
    })
    .toBe(true);
  return block;
}

/** What is stored of a block's content. */
async function stored(lab: Lab, id: string): Promise<any> {
  return (await lab.api('GET', `/blocks/${id}`)).content.data;
}

/** Somebody else changes a block after the page's next change of it was sent and before it arrives. */
async function before(lab: Lab, id: string, change: (data: any) => void): Promise<void> {
  let done = false;
  // Taken off while it is at work, it would let the request through.
  await lab.page.route('**/api/v1/blocks/*', async (route) => {
    if (!done) {
      done = true;
      const now = await lab.api('GET', `/blocks/${id}`);
      change(now.content.data);
      await lab.api('PATCH', `/blocks/${id}`, { version: now.version, content: now.content });
    }
    await route.continue();
  });
}

/** Half a second of a tone. */
function wav(): Buffer {
  const rate = 8_000;
  const samples = Buffer.from(Array.from({ length: rate / 2 }, (_, at) => 128 + Math.round(60 * Math.sin(at / 3))));
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + samples.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write('data', 36);
  head.writeUInt32LE(samples.length, 40);
  return Buffer.concat([head, samples]);
}

/** A short film of a square that changes its colour, recorded by the browser. */
async function webm(page: Page): Promise<Buffer> {
  const text = await page.evaluate(async () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 160, height: 90 });
    const pen = canvas.getContext('2d')!;
    const recorder = new MediaRecorder(canvas.captureStream(20), { mimeType: 'video/webm;codecs=vp8' });
    const pieces: Blob[] = [];
    recorder.ondataavailable = (event) => pieces.push(event.data);
    const over = new Promise((resolve) => (recorder.onstop = resolve));
    recorder.start();
    for (let at = 0; at < 12; at++) {
      pen.fillStyle = `hsl(${at * 30} 80% 50%)`;
      pen.fillRect(0, 0, 160, 90);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    recorder.stop();
    await over;
    const bytes = new Uint8Array(await new Blob(pieces).arrayBuffer());
    return btoa(String.fromCharCode(...bytes));
  });
  return Buffer.from(text, 'base64');
}

/** One page with a word on it. */
function pdf(): Buffer {
  const objects = [
    '<</Type/Catalog/Pages 2 0 R>>',
    '<</Type/Pages/Kids[3 0 R]/Count 1>>',
    '<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>',
    '<</Length 44>>\nstream\nBT /F1 24 Tf 60 100 Td (Station list) Tj ET \nendstream',
    '<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>',
  ];
  let text = '%PDF-1.4\n';
  const places = objects.map((object, index) => {
    const at = text.length;
    text += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return at;
  });
  const table = text.length;
  text += `xref\n0 6\n0000000000 65535 f \n${places.map((at) => `${String(at).padStart(10, '0')} 00000 n \n`).join('')}`;
  text += `trailer<</Size 6/Root 1 0 R>>\nstartxref\n${table}\n%%EOF`;
  return Buffer.from(text, 'latin1');
}

const SHEET = {
  type: 'spreadsheet',
  sheets: [
    { name: 'Rain', head: 1, rows: [['Month', 'mm'], ['January', 80.5], ['February', 61.2], ['March', 40]] },
    { name: 'Long', rows: Array.from({ length: 1_000 }, (_, at) => [`Row ${at + 1}`, at]) },
  ],
};
const DRAWING = {
  type: 'drawing',
  width: 400,
  height: 240,
  shapes: [
    { type: 'rectangle', at: [30, 80], size: [100, 80], filled: true, color: 'blue' },
    { type: 'line', from: [130, 120], to: [250, 120], arrow: true, color: 'blue' },
    { type: 'text', at: [58, 126], text: 'Well' },
    { type: 'ellipse', at: [250, 70], size: [110, 100], color: 'teal' },
    { type: 'stroke', points: [[150, 190], [170, 182], [190, 196], [214, 186]], color: 'red' },
  ],
};
const MAP = {
  type: 'map',
  features: [
    { type: 'area', points: [[62, 3], [62, 7.5], [58, 7.5], [58, 3]], label: 'Western coast', color: 'blue' },
    { type: 'line', points: [[41.15, -8.61], [48.39, -4.49], [60.39, 5.32]], label: 'Way of the ship', color: 'teal' },
    { type: 'point', lat: 41.15, lon: -8.61, label: 'Porto', note: 'Left on 3 May', color: 'red' },
    { type: 'point', lat: 60.39, lon: 5.32, label: 'Bergen', color: 'red' },
  ],
};
const TURNS = {
  type: 'transcript',
  turns: [
    { speaker: 'Ines', at: 0, text: 'Is the tide table ready?' },
    { speaker: 'Tomas', at: 65, text: 'All but Thursday.' },
  ],
};

test('every primitive is there, with script and without', async ({ lab, page, browser, narrow }) => {
  await keep(lab, 'sound/tone.wav', wav());
  await keep(lab, 'films/square.webm', await webm(page));
  await keep(lab, 'films/square.vtt', Buffer.from('WEBVTT\n\n00:00.000 --> 00:05.000\nA square\n'));
  await keep(lab, 'list.pdf', pdf());
  const captions = [{ path: 'films/square.vtt', language: 'en', label: 'English' }];
  const blocks: [string, unknown, string][] = [
    ['Figures', SHEET, 'January'],
    ['Sketch', DRAWING, 'Well'],
    ['Way north', MAP, 'Bergen'],
    ['Talk', TURNS, 'All but Thursday.'],
    ['Tea', { type: 'timer', mode: 'countdown', seconds: 240 }, '4:00'],
    ['Tone', { type: 'audio', path: 'sound/tone.wav', text: 'A low tone' }, 'A low tone'],
    ['Film', { type: 'video', path: 'films/square.webm', alt: 'A square changes its colour', captions }, 'A square changes its colour'],
    ['List', { type: 'pdf', path: 'list.pdf' }, 'list.pdf'],
  ];
  for (const [index, [title, data]] of blocks.entries()) {
    await lab.put(title, show(data), { x: (index % 4) * 600, y: Math.floor(index / 4) * 460, ...size });
  }
  const away: string[] = [];
  page.on('request', (request) => {
    if (new URL(request.url()).hostname !== 'localhost') away.push(request.url());
  });
  await page.reload();
  await lab.ready();
  for (const [title, , words] of blocks) {
    const block = await open(lab, title);
    await expect(block.locator('.block')).toContainText(words);
    await expectAccessible(page);
    await look(page, title.toLowerCase().replace(' ', '-'), narrow);
  }

  const tone = (await open(lab, 'Tone')).locator('audio');
  await expect.poll(() => tone.evaluate((it: HTMLAudioElement) => it.duration)).toBeCloseTo(0.5, 1);
  const film = (await open(lab, 'Film')).locator('video');
  await expect.poll(() => film.evaluate((it: HTMLVideoElement) => it.videoWidth)).toBe(160);
  await film.evaluate((it: HTMLVideoElement) => {
    it.muted = true;
    return it.play();
  });
  await expect.poll(() => film.evaluate((it: HTMLVideoElement) => it.currentTime)).toBeGreaterThan(0.1);
  await expect.poll(() => film.evaluate((it: HTMLVideoElement) => it.textTracks[0]?.cues?.length)).toBe(1);

  // Before any script, and where there never is one.
  const state = await page.context().storageState();
  const plain = await browser.newContext({ javaScriptEnabled: false, storageState: state, viewport: page.viewportSize() });
  const quiet = await plain.newPage();
  await quiet.goto(page.url());
  for (const [title, , words] of blocks) {
    const block = quiet.locator('.node[data-kind="block"]', { has: quiet.locator('.node-title', { hasText: title }) });
    await expect(block.locator('.block'), title).toContainText(words);
  }
  await expect(quiet.locator('.block-sheet td', { hasText: '61.2' })).toHaveCount(1);
  await expect(quiet.locator('.block-drawing ellipse')).toHaveCount(1);
  await expect(quiet.locator('.block-map .map-labels text', { hasText: 'Porto' })).toHaveCount(1);
  await expect(quiet.locator('audio[controls]')).toHaveAttribute('src', /tone\.wav/);
  await expect(quiet.locator('.timer-acts button').first()).toBeHidden();
  await plain.close();
  expect(away, 'requests to elsewhere').toEqual([]);
});

test('cells are walked, edited and saved with the keyboard, and a conflict is seen', async ({ lab, page, narrow }) => {
  const made = await lab.put('Figures', show(SHEET), { x: 0, y: 0, ...size });
  const block = await open(lab, 'Figures');
  const grid = block.getByRole('grid');
  await grid.focus();
  for (const key of ['ArrowDown', 'ArrowRight', 'Enter']) await page.keyboard.press(key);
  const field = block.getByRole('textbox', { name: 'Cell B2' });
  await expect(field).toHaveValue('80.5');
  await field.fill('82');
  await page.keyboard.press('Enter');
  // Typing begins a new value in the cell below.
  await page.keyboard.type('63');
  await page.keyboard.press('Tab');
  await expect.poll(async () => (await stored(lab, made.id)).sheets[0].rows.slice(0, 3)).toEqual([['Month', 'mm'], ['January', 82], ['February', 63]]);
  await expect(grid).toBeFocused();
  await expect(block.locator('td[data-active]')).toHaveAttribute('data-at', '2-2');

  // A selection, its sum, the clipboard, and undo.
  for (const key of ['ArrowLeft', 'ArrowUp', 'Shift+ArrowDown', 'Shift+ArrowDown']) await page.keyboard.press(key);
  if (!narrow) await expect(block.locator('.sheet-told')).toHaveText('3 cells, sum 185');
  const copied = await grid.evaluate((element) => {
    const data = new DataTransfer();
    element.dispatchEvent(new ClipboardEvent('copy', { clipboardData: data, bubbles: true, cancelable: true }));
    return data.getData('text/plain');
  });
  expect(copied).toBe('82\n63\n40');
  await page.keyboard.press('Control+Home');
  await page.keyboard.press('End');
  await grid.evaluate((element) => {
    const data = new DataTransfer();
    data.setData('text/plain', '1\t2\n3\t4');
    element.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
  });
  await expect.poll(async () => JSON.stringify((await stored(lab, made.id)).sheets[0].rows)).toContain('3,4]');
  await page.keyboard.press('Control+z');
  await expect.poll(async () => JSON.stringify((await stored(lab, made.id)).sheets[0].rows)).not.toContain('3,4]');

  // A formula is refused, and what was typed stays.
  await page.keyboard.press('Control+Home');
  await page.keyboard.type('=SUM(B2)');
  await page.keyboard.press('Enter');
  await expect(block.locator('.show-unsaved')).toContainText('formulas are not calculated');
  await expect(block.getByRole('textbox', { name: 'Cell A1' })).toHaveValue('=SUM(B2)');
  await page.keyboard.press('Escape');
  await expect(block.locator('.show-unsaved')).toHaveCount(0);

  // Somebody else writes into the same cell while ours is on its way.
  await before(lab, made.id, (data) => {
    data.sheets[0].rows[3][1] = 7;
  });
  for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowRight']) await page.keyboard.press(key);
  await page.keyboard.type('9');
  await page.keyboard.press('Enter');
  const clash = block.locator('.show-unsaved');
  await expect(clash).toContainText('Somebody has changed B4 of Rain meanwhile. It is “7” now; you wrote “9”.');
  await look(page, 'conflict', narrow);
  await clash.getByRole('button', { name: 'Use mine' }).click();
  await expect.poll(async () => (await stored(lab, made.id)).sheets[0].rows[3][1]).toBe(9);
  await expect(clash).toHaveCount(0);

  // A long sheet draws what is in sight alone.
  await block.getByRole('tab', { name: 'Long' }).click();
  await grid.focus();
  expect(await block.locator('tbody tr').count()).toBeLessThan(100);
  await page.keyboard.press('Control+ArrowDown');
  await page.keyboard.press('ArrowUp');
  for (let up = 0; up < 4; up++) await page.keyboard.press('ArrowUp');
  await expect(block.locator('td[data-active]')).toHaveText('Row 1000');
  await expect(block.locator('td[data-active]')).toBeInViewport();
});

test('a sketch is gone on with, by pointer and by keyboard, and undone', async ({ lab, page, narrow }) => {
  const made = await lab.put('Sketch', show(DRAWING), { x: 0, y: 0, ...size });
  const block = await open(lab, 'Sketch');
  const stage = block.getByRole('group', { name: /Drawing surface/ });
  const box = (await stage.boundingBox())!;
  const at = (x: number, y: number) => [box.x + box.width * x, box.y + box.height * y] as const;
  await block.getByRole('button', { name: 'red', exact: true }).click();
  await page.mouse.move(...at(0.3, 0.3));
  await page.mouse.down();
  for (let step = 1; step <= 8; step++) await page.mouse.move(...at(0.3 + step * 0.03, 0.3 + (step % 2) * 0.05));
  await page.mouse.up();
  await expect.poll(async () => (await stored(lab, made.id)).shapes.length).toBe(6);
  const stroke = (await stored(lab, made.id)).shapes[5];
  expect(stroke).toMatchObject({ type: 'stroke', color: 'red', width: 4 });
  expect(stroke.points.length).toBeGreaterThan(3);

  await block.getByRole('button', { name: 'Rectangle' }).click();
  await stage.focus();
  for (const key of ['ArrowLeft', 'Space', 'ArrowRight', 'ArrowRight', 'ArrowDown', 'ArrowDown', 'ArrowDown', 'Space']) await page.keyboard.press(key);
  await expect.poll(async () => (await stored(lab, made.id)).shapes[6]).toMatchObject({ type: 'rectangle', at: [190, 120], size: [20, 30] });

  await block.getByRole('button', { name: 'Words' }).click();
  await stage.focus();
  await page.keyboard.press('Enter');
  await page.keyboard.type('Pump <b>');
  await page.keyboard.press('Enter');
  await expect(block.locator('svg text', { hasText: 'Pump <b>' })).toHaveCount(1);
  await look(page, 'drawn', narrow);

  await stage.focus();
  for (let undo = 0; undo < 3; undo++) await page.keyboard.press('Control+z');
  await expect.poll(async () => (await stored(lab, made.id)).shapes).toEqual((await stored(lab, made.id)).shapes.slice(0, 5));
  await page.keyboard.press('Control+Shift+z');
  await expect.poll(async () => (await stored(lab, made.id)).shapes.length).toBe(6);
  await block.getByRole('button', { name: 'Clear' }).click();
  await expect.poll(async () => (await stored(lab, made.id)).shapes.length).toBe(0);
  await block.getByRole('button', { name: 'Undo', exact: true }).click();
  await expect.poll(async () => (await stored(lab, made.id)).shapes.length).toBe(6);

  // Somebody else draws at the same time: both stay.
  await before(lab, made.id, (data) => data.shapes.push({ type: 'text', at: [10, 30], text: 'Theirs' }));
  await block.getByRole('button', { name: 'Pen', exact: true }).click();
  await stage.focus();
  for (const key of ['Space', 'ArrowUp', 'Space']) await page.keyboard.press(key);
  await expect.poll(async () => (await stored(lab, made.id)).shapes.length).toBe(8);
  await expect(block.locator('svg text', { hasText: 'Theirs' })).toHaveCount(1);
});

test('a timer runs, pauses and ends for everybody', async ({ lab, page, narrow }) => {
  const made = await lab.put('Tea', show({ type: 'timer', mode: 'countdown', seconds: 60, ended: 'Tea is ready' }), { x: 0, y: 0, width: 300, height: 240 });
  const block = await open(lab, 'Tea');
  const digits = block.getByRole('timer');
  await expect(digits).toHaveText('1:00');
  await block.getByRole('button', { name: 'Start' }).click();
  await expect(digits).toHaveText(/0:5\d/);
  await expect.poll(async () => (await stored(lab, made.id)).startedAt).toBeTruthy();
  await block.getByRole('button', { name: 'Pause' }).click();
  await expect.poll(async () => (await stored(lab, made.id)).startedAt).toBeNull();
  const { elapsed } = await stored(lab, made.id);
  expect(elapsed).toBeGreaterThan(0);
  await page.reload();
  await lab.ready();
  await expect((await open(lab, 'Tea')).getByRole('timer')).toHaveText(/0:5\d/);
  await expect(block.getByRole('button', { name: 'Go on' })).toBeEnabled();

  // Its end, as it would come by itself.
  const now = await lab.api('GET', `/blocks/${made.id}`);
  Object.assign(now.content.data, { startedAt: new Date(Date.now() - 58_000).toISOString(), elapsed: 0 });
  await lab.api('PATCH', `/blocks/${made.id}`, { version: now.version, content: now.content });
  await expect(block.getByRole('status').filter({ hasText: 'Tea is ready' })).toBeVisible();
  await expect(digits).toHaveText('0:00');
  await look(page, 'over', narrow);
  await block.getByRole('button', { name: 'Reset' }).click();
  await expect(digits).toHaveText('1:00');
});

test('a map moves and zooms in its block, over land that is ours', async ({ lab, page, narrow }) => {
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await lab.put('Way north', show(MAP), { x: 0, y: 0, ...size });
  const block = await open(lab, 'Way north');
  const stage = block.getByRole('group', { name: /^Map\./ });
  const frame = async () => (await block.locator('.map-stage > svg').getAttribute('viewBox'))!.split(' ').map(Number);
  await expect.poll(() => asked.filter((path) => path === '/maps/world.svg').length).toBeGreaterThan(0);
  // The land is drawn, not only asked for.
  await expect.poll(() => block.locator('.map-land use').nth(1).evaluate((use: SVGUseElement) => use.getBBox().width)).toBeGreaterThan(3_000);
  const all = await frame();
  await stage.focus();
  await page.keyboard.press('+');
  const closer = await frame();
  expect(closer[2]).toBeCloseTo(all[2] / 1.5, 1);
  await page.keyboard.press('ArrowRight');
  expect((await frame())[0]).toBeGreaterThan(closer[0]);
  await page.keyboard.press('0');
  expect(await frame()).toEqual(all);
  const box = (await stage.boundingBox())!;
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.wheel(0, -200);
  await expect.poll(async () => (await frame())[2]).toBeLessThan(all[2]);
  const wheeled = await frame();
  await page.mouse.down();
  await page.mouse.move(box.x + box.width / 2 - 60, box.y + box.height / 2);
  await page.mouse.up();
  await expect.poll(async () => (await frame())[0]).toBeGreaterThan(wheeled[0]);
  await block.getByText('On the map: 4').click();
  await expect(block.getByRole('listitem').filter({ hasText: 'Porto' })).toContainText('Left on 3 May');
  await block.getByRole('button', { name: 'Show Bergen' }).click();
  await expect(block.locator('.map-labels text', { hasText: 'Porto' })).toHaveCount(0);
  await expectAccessible(page);
  await look(page, 'map-list', narrow);
});

test.describe('what is missing or hostile', () => {
  test('a file that is missing is said to be', async ({ lab, page, narrow }) => {
    await lab.put('Gone', show({ type: 'audio', path: 'gone.mp3' }), { x: 0, y: 0, width: 360, height: 200 });
    await keep(lab, 'bad.mp4', Buffer.from('no film at all'));
    await lab.put('Bad', show({ type: 'video', path: 'bad.mp4', alt: 'Nothing' }), { x: 400, y: 0, ...size });
    for (const title of ['Gone', 'Bad']) {
      const block = await open(lab, title);
      await expect(block.getByRole('status')).toContainText('This can\'t be played.');
    }
    await look(page, 'missing', narrow);
  });

  test('nothing that a model writes runs, loads or leaves, for members and viewers', async ({ lab, page, person, server, browser, narrow }) => {
    await withApp(page.request, server.url, person);
    const evil = 'https://evil.example';
    const words = `<img src=${evil}/x onerror="window.broken=1"></text><script>window.broken=1</script>"><svg onload="window.broken=1"> url(${evil}/y) javascript:window.broken=1`;
    const cell = 'x" onclick="window.broken=1';
    const blocks: [string, unknown][] = [
      ['Sheet', { type: 'spreadsheet', sheets: [{ name: '<b>x</b>', rows: [[words, cell], ['@import', `http://evil.example`]] }] }],
      ['Pen', { type: 'drawing', width: 300, height: 200, alt: words, shapes: [{ type: 'text', at: [5, 50], text: words.slice(0, 200) }] }],
      ['Globe', { type: 'map', features: [{ type: 'point', lat: 1, lon: 1, label: words.slice(0, 110), note: words }] }],
      ['Talk', { type: 'transcript', turns: [{ speaker: words.slice(0, 100), text: words }] }],
      ['Clock', { type: 'timer', mode: 'countdown', seconds: 1, elapsed: 1000, ended: words.slice(0, 190) }],
      ['Sound', { type: 'audio', path: `${evil}/a.mp3`, text: words }],
      ['Film', { type: 'video', path: `javascript:1.mp4`, alt: words, poster: `${evil}/p.png`, captions: [{ path: `${evil}/c.vtt`, language: 'en', label: words.slice(0, 50) }] }],
      ['Paper', { type: 'pdf', path: `${evil}/x.pdf` }],
    ];
    for (const [index, [title, data]] of blocks.entries()) {
      await lab.put(title, show(data), { x: (index % 4) * 340, y: Math.floor(index / 4) * 300, width: 320, height: 280 });
    }
    const made = await post(page.request, server.url, `/projects/${await lab.project()}/share`, { files: true });
    const { url } = (await made.json()).data;
    const context = await browser.newContext({ viewport: page.viewportSize() });
    const viewer = await context.newPage();
    for (const [who, tab, place] of [['member', page, page.url()], ['viewer', viewer, url]] as [string, Page, string][]) {
      const away: string[] = [];
      tab.on('request', (request) => {
        if (new URL(request.url()).hostname !== 'localhost') away.push(request.url());
      });
      await tab.goto(place);
      await hydrated(tab);
      await expect(tab.locator('.canvas[data-ready]')).toBeAttached();
      if (narrow && who === 'member') await lab.showCanvas();
      for (const [title] of blocks) {
        await find(tab, title);
        const block = tab.locator('.node[data-kind="block"]', { has: tab.locator('.node-title', { hasText: title }) });
        await expect(block.locator('.block > *'), title).toBeAttached();
      }
      await tab.waitForTimeout(500);
      expect(await tab.evaluate(() => (window as any).broken), who).toBeUndefined();
      for (const bad of ['script', '[onclick]', '[onerror]', '[onload]', 'foreignObject', `[src^="http"]`, `[href^="javascript" i]`, `[poster^="http"]`]) {
        await expect(tab.locator('.canvas').locator(bad), bad).toHaveCount(0);
      }
      expect(away, `${who}: requests to elsewhere`).toEqual([]);
      if (who === 'viewer') {
        // Looked at, and not worked in.
        for (const gone of ['.draw-bar', '.timer-acts']) await expect(tab.locator(gone), gone).toHaveCount(0);
        await expect(tab.locator('.block-map .map-stage')).toBeAttached();
      }
    }
    await context.close();
  });
});
