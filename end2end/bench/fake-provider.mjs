// An OpenAI-compatible provider that answers at once: the time through the server less the time straight
// to it is what the server adds. `node fake-provider.mjs` prints its base URL.
//
// The model's name says what it streams: `chunks-<n>` is n pieces of text; `tool-<n>` calls `list_blocks`
// first and streams n pieces when it reads the result.
import http from 'node:http';
import { pathToFileURL } from 'node:url';

const frame = (delta, finish = null) =>
  `data: ${JSON.stringify({
    id: 'bench',
    object: 'chat.completion.chunk',
    created: 0,
    model: 'bench',
    choices: [{ index: 0, delta, finish_reason: finish }],
  })}\n\n`;
const usage = `data: ${JSON.stringify({
  id: 'bench', object: 'chat.completion.chunk', created: 0, model: 'bench', choices: [],
  usage: { prompt_tokens: 10, completion_tokens: 200, total_tokens: 210 },
})}\n\n`;

export function start() {
  const server = http.createServer((request, response) => {
    let body = '';
    request.on('data', (piece) => (body += piece));
    request.on('end', () => {
      const { model, messages } = JSON.parse(body || '{}');
      const [kind, count] = (model ?? 'chunks-1').split('-');
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      if (kind === 'tool' && messages.at(-1)?.role !== 'tool') {
        const call = { index: 0, id: 'c1', type: 'function', function: { name: 'list_blocks', arguments: '{}' } };
        response.write(frame({ role: 'assistant', tool_calls: [call] }) + frame({}, 'tool_calls'));
      } else {
        for (let n = 0; n < Number(count); n++) response.write(frame({ content: `word${n} ` }));
        response.write(frame({}, 'stop'));
      }
      response.end(`${usage}data: [DONE]\n\n`);
    });
  });
  server.keepAliveTimeout = 60_000;
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve({ url: `http://127.0.0.1:${server.address().port}/v1`, server })),
  );
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) start().then(({ url }) => console.log(url));
