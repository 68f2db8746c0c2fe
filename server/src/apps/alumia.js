// An app's way to its database: the page around its frame asks the server, with its reader's rights.
(() => {
  const waiting = new Map();
  let last = 0;
  addEventListener('message', ({ source, data }) => {
    if (source !== parent || !waiting.has(data?.alumia)) return;
    const [resolve, reject] = waiting.get(data.alumia);
    waiting.delete(data.alumia);
    if (data.error) reject(new Error(data.error));
    else resolve(data.answer);
  });
  const ask = (kind) => (sql, params = []) =>
    new Promise((resolve, reject) => {
      const alumia = ++last;
      waiting.set(alumia, [resolve, reject]);
      parent.postMessage({ alumia, kind, sql: String(sql), params: JSON.parse(JSON.stringify(params)) }, '*');
    });
  globalThis.alumia = Object.freeze({ query: ask('query'), execute: ask('execute') });
})();
