// Start to first 200 and idle memory.
import { number, row, rss, serve, summary } from './server.mjs';

const first = [];
const again = [];
let memory;
for (let run = 0; run < 7; run++) {
  const fresh = await serve();
  await untilReady(fresh);
  first.push(performance.now() - fresh.started);
  await fresh.stop({ keep: true });
  const second = await serve({ dataDir: fresh.dataDir });
  await untilReady(second);
  again.push(performance.now() - second.started);
  if (run === 6) {
    await new Promise((resolve) => setTimeout(resolve, 5000));
    memory = rss(second.pid);
  }
  await second.stop();
}
row('exec → first 200, empty data directory, median of 7', `${number(summary(first).p50, 0)} ms`);
row('exec → first 200, existing data, median of 7', `${number(summary(again).p50, 0)} ms`);
row('idle memory after 5 s', `${number(memory)} MB`);

async function untilReady({ url }) {
  while (true) {
    const answer = await fetch(`${url}/login`).catch(() => undefined);
    if (answer?.status === 200) return;
  }
}
