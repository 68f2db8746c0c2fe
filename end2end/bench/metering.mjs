// What metering adds to a turn: the same turn (two model calls, one tool, 200 deltas) with a model that costs nothing
// and with one that has a price, in turns, so that whatever else the machine does hits both alike.
import http from 'node:http';
import { fork } from 'node:child_process';
import { account, cpu, number, row, serve, stream, summary, uuid } from './server.mjs';

const ROUNDS = 6;
const TURNS = 40;

if (process.argv[2] === 'provider') {
  const { start } = await import('./fake-provider.mjs');
  process.send((await start()).url);
} else {
  await measure();
}

async function measure() {
  const child = fork(new URL(import.meta.url).pathname, ['provider']);
  const provider = await new Promise((resolve) => child.once('message', resolve));
  const model = (id, price) =>
    `{ id = "${id}", context = 128000, tools = true, input_price = ${price}, output_price = ${price} }`;
  const models = [model('tool-200-free', 0), model('tool-200-priced', 1_000_000)];
  const server = await serve({
    config: `[[providers]]\nid = "bench"\ndialect = "openai"\nbase_url = "${provider}"\napi_key = "k"\nmodels = [${models}]\n`,
  });
  const person = await account(server.url);
  const agent = new http.Agent({ keepAlive: true });
  const turn = (kind) =>
    stream(
      agent,
      `${server.url}/api/v1/chat`,
      { ...person.headers, accept: 'text/event-stream' },
      JSON.stringify({ projectId: person.project, model: `bench/tool-200-${kind}`, message: { id: uuid(), content: 'go' } }),
      /event: text\.delta/,
    );
  const many = async (kind, count, parallel) => {
    const results = [];
    let left = count;
    await Promise.all(
      Array.from({ length: parallel }, async () => {
        while (left-- > 0) results.push(await turn(kind));
      }),
    );
    return results;
  };
  for (const parallel of [1, 16]) {
    const taken = { free: { cpu: 0, turns: [] }, priced: { cpu: 0, turns: [] } };
    for (const kind of ['free', 'priced']) await many(kind, 2 * parallel, parallel);
    for (let round = 0; round < ROUNDS; round++) {
      // Who goes first changes too.
      for (const kind of round % 2 ? ['priced', 'free'] : ['free', 'priced']) {
        const before = cpu(server.pid);
        taken[kind].turns.push(...(await many(kind, TURNS, parallel)));
        taken[kind].cpu += cpu(server.pid) - before;
      }
    }
    const each = (kind) => taken[kind].cpu / taken[kind].turns.length;
    const of = (kind, what) => summary(taken[kind].turns.map((result) => result[what]));
    const compare = (unit, free, priced) =>
      `${number(free, 2)} → ${number(priced, 2)} ${unit} (${priced < free ? '' : '+'}${number(priced - free, 2)})`;
    const at = `${parallel} at a time`;
    row(`metering, CPU of a turn, ${at}: free → priced`, compare('ms', each('free'), each('priced')));
    for (const [what, name] of [['first', 'first token'], ['total', 'whole turn']]) {
      const [free, priced] = [of('free', what), of('priced', what)];
      const figures = ['p50', 'p99'].map((share) => `${share} ${compare('ms', free[share], priced[share])}`);
      row(`metering, ${name}, ${at}: free → priced`, figures.join('; '));
    }
  }
  await server.stop();
  child.kill();
  agent.destroy();
}
