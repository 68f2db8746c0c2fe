// Frame times of the canvas while panning and zooming for five seconds, and the heap after it.
import { chromium } from '@playwright/test';
import { existsSync } from 'node:fs';
import { account, number, row, serve, summary } from './server.mjs';

const server = await serve();
await account(server.url);
const executablePath = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--enable-precise-memory-info'];

for (const [nodes, edges] of [[100, 200], [1000, 2000], [5000, 10000]]) {
  const browser = await chromium.launch({ executablePath, args });
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const began = performance.now();
  await page.goto(`${server.url.replace('127.0.0.1', 'localhost')}/docs/canvas-bench?nodes=${nodes}&edges=${edges}`);
  await page.locator('[data-node]').first().waitFor();
  const shown = performance.now() - began;
  await page.waitForTimeout(3000);
  const session = await page.context().newCDPSession(page);
  const heap = async () => {
    await session.send('HeapProfiler.collectGarbage');
    return (await page.evaluate(() => performance.memory.usedJSHeapSize)) / 1048576;
  };
  const heapBefore = await heap();
  for (const [name, move] of [['panning', (turn) => [Math.sin(turn) * 40, Math.cos(turn * 0.7) * 30, false]], ['zooming', (turn) => [0, Math.sin(turn) * 40, true]]]) {
    await page.mouse.move(640, 400);
    await page.evaluate(() => {
      window.frames_ = [];
      let last = performance.now();
      const tick = (now) => {
        window.frames_.push(now - last);
        last = now;
        window.ticking = requestAnimationFrame(tick);
      };
      window.ticking = requestAnimationFrame(tick);
    });
    const end = Date.now() + 5000;
    let turn = 0;
    while (Date.now() < end) {
      const [x, y, zoom] = move((turn += 0.1));
      if (zoom) await page.keyboard.down('Control');
      await page.mouse.wheel(x, y);
      if (zoom) await page.keyboard.up('Control');
      await page.waitForTimeout(12);
    }
    const frames = await page.evaluate(() => {
      cancelAnimationFrame(window.ticking);
      return window.frames_;
    });
    const { p50, p99, max } = summary(frames.slice(1));
    row(
      `canvas, ${number(nodes)} nodes, ${number(edges)} edges, ${name}`,
      `${number(frames.length / 5)} frames/s; frame p50 ${number(p50)}, p99 ${number(p99)}, max ${number(max)} ms`,
    );
  }
  row(`canvas, ${number(nodes)} nodes: shown after; heap before and after`, `${number(shown, 0)} ms; ${number(heapBefore)} → ${number(await heap())} MB`);
  await browser.close();
}
await server.stop();
