// Added time to first token at 1 and 64 streams, CPU per turn, 500 turns at once.
import http from 'node:http';
import { fork } from 'node:child_process';
import { account, cpu, number, row, serve, stream, summary, uuid } from './server.mjs';

if (process.argv[2] === 'provider') {
  const { start } = await import('./fake-provider.mjs');
  process.send((await start()).url);
} else {
  await measure();
}

async function measure() {
  // In a process of its own, so that its work is not ours.
  const child = fork(new URL(import.meta.url).pathname, ['provider']);
  const provider = await new Promise((resolve) => child.once('message', resolve));
  const models = ['chunks-200', 'tool-200'].map(
    (id) => `{ id = "${id}", context = 128000, tools = true, input_price = 0, output_price = 0 }`,
  );
  const server = await serve({
    config: `[[providers]]\nid = "bench"\ndialect = "openai"\nbase_url = "${provider}"\napi_key = "k"\nmodels = [${models}]\n`,
  });
  const person = await account(server.url);
  const agent = new http.Agent({ keepAlive: true });

  const direct = () =>
    stream(
      agent,
      `${provider}/chat/completions`,
      { 'content-type': 'application/json' },
      JSON.stringify({ model: 'chunks-200', stream: true, messages: [{ role: 'user', content: 'go' }] }),
      /"content":"word0/,
    );
  const through = (model) =>
    stream(
      agent,
      `${server.url}/api/v1/chat`,
      { ...person.headers, accept: 'text/event-stream' },
      JSON.stringify({ projectId: person.project, model, message: { id: uuid(), content: 'go' } }),
      /event: text\.delta/,
    );
  const many = async (count, parallel, one) => {
    const results = [];
    let left = count;
    await Promise.all(
      Array.from({ length: parallel }, async () => {
        while (left-- > 0) results.push(await one());
      }),
    );
    return results;
  };

  for (const parallel of [1, 64]) {
    const count = parallel === 1 ? 60 : 384;
    await many(parallel * 2, parallel, direct);
    await many(parallel * 2, parallel, () => through('bench/chunks-200'));
    const straight = summary((await many(count, parallel, direct)).map((result) => result.first));
    const ours = summary((await many(count, parallel, () => through('bench/chunks-200'))).map((result) => result.first));
    row(
      `time to first token at ${parallel} stream${parallel > 1 ? 's' : ''}: straight / through / added`,
      `p50 ${number(straight.p50, 2)} / ${number(ours.p50, 2)} / ${number(ours.p50 - straight.p50, 2)} ms; ` +
        `p99 ${number(straight.p99, 2)} / ${number(ours.p99, 2)} / ${number(ours.p99 - straight.p99, 2)} ms`,
    );
  }
  await many(20, 4, () => through('bench/tool-200'));
  const before = cpu(server.pid);
  await many(200, 4, () => through('bench/tool-200'));
  row('CPU per turn (200 deltas, one tool)', `${number((cpu(server.pid) - before) / 200, 2)} ms`);

  const began = performance.now();
  const turns = await Promise.allSettled(Array.from({ length: 500 }, () => through('bench/tool-200')));
  const ended = turns.filter((turn) => turn.status === 'fulfilled').length;
  row('500 turns at once', `${ended} ended well in ${number((performance.now() - began) / 1000)} s`);
  await server.stop();
  child.kill();
  agent.destroy();
}
