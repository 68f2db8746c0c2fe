import { createSocket, type Socket } from 'node:dgram';

const XHTML = 'http://www.w3.org/1999/xhtml';

/** Listens where a STUN server would, and counts what comes. */
export class Canary {
  heard = 0;
  private constructor(private readonly socket: Socket) {
    socket.on('message', () => this.heard++);
  }
  static async listen(): Promise<Canary> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    return new Canary(socket);
  }
  get port(): number {
    return this.socket.address().port;
  }
  close(): void {
    this.socket.close();
  }
}

/** A script that calls the canary. */
export const call = (port: number): string =>
  `{ const peer = new RTCPeerConnection({ iceServers: [{ urls: 'stun:127.0.0.1:${port}' }] });
     peer.createDataChannel('x'); peer.createOffer().then((offer) => peer.setLocalDescription(offer)); globalThis.peer = peer }`;

const page = (port: number) => `<script>${call(port)}</script>`;
const attribute = (text: string) => `"${text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')}"`;
const literal = (value: unknown) => JSON.stringify(value).replaceAll('<', '\\u003c');
/** An address that makes a page which calls. */
const address = (port: number) => `javascript:${encodeURIComponent(JSON.stringify(page(port)))}`;
const frame = (port: number) => `<iframe srcdoc=${attribute(page(port))}></iframe>`;

/**
 * Ways for a script to come by a frame. Each is given the script `call`, a `page` that runs it, a `frame` with that page and
 * the `rest` of it after its name, an `address` that makes the page, a `place` for elements, and `filled`, which puts an
 * element there with the page as its content.
 */
const SCRIPTS: Record<string, string> = {
  element: `filled(document.createElement('iframe'))`,
  'element in capitals': `filled(document.createElement('IFRAME'))`,
  'element of a name that changes': `filled(document.createElement({ n: 0, toString() { return this.n++ ? 'b' : 'iframe' } }))`,
  'element with a prefix': `filled(document.createElementNS('${XHTML}', 'x:iframe'))`,
  'element with an address': `{ const made = document.createElement('iframe'); made.src = 'javascript:' + call; document.body.append(made) }`,
  'frame element': `filled(document.createElement('frame'))`,
  object: `filled(document.createElement('object')).data = 'data:text/html,' + encodeURIComponent(page)`,
  embed: `filled(document.createElement('embed')).src = 'data:text/html,' + encodeURIComponent(page)`,
  fenced: `filled(document.createElement('fencedframe'))`,
  innerHTML: `place.innerHTML = frame`,
  'innerHTML in capitals': `place.innerHTML = '<IFrame\\n' + rest`,
  'innerHTML with a slash': `place.innerHTML = '<iframe/' + rest`,
  'innerHTML in foreign content': `place.innerHTML = '<svg><foreignObject>' + frame + '</foreignObject></svg>'`,
  'innerHTML in what is raw with scripts only': `place.innerHTML = '<noscript><p title="</noscript>' + frame + '">'`,
  'innerHTML of a template': `{ const made = document.createElement('template'); made.innerHTML = frame; place.append(made.content) }`,
  'innerHTML in a template': `{ const made = document.createElement('template'); made.innerHTML = '<p>'; made.content.firstChild.innerHTML = frame; place.append(made.content.cloneNode(true)) }`,
  'innerHTML in a shadow': `place.attachShadow({ mode: 'open' }).innerHTML = frame`,
  'innerHTML in another document': `{ const made = document.implementation.createHTMLDocument(); made.body.innerHTML = frame; place.append(made.body.firstChild) }`,
  'innerHTML in XML': `{ const made = document.implementation.createDocument(null, 'r'); made.documentElement.innerHTML = '<x:iframe xmlns:x="${XHTML}" ' + rest.replace('</', '</x:'); place.append(made.documentElement.firstChild) }`,
  'innerHTML with changed built-ins': `{
    const kept = [[RegExp.prototype, 'exec'], [RegExp.prototype, Symbol.replace], [String.prototype, 'replace'], [Reflect, 'apply'], [Function.prototype, 'call'], [Array.prototype, Symbol.iterator]]
      .map(([owner, name]) => [owner, name, Object.getOwnPropertyDescriptor(owner, name)]);
    Object.prototype.iframe = 1;
    for (let at = 0; at < kept.length; at++) Object.defineProperty(kept[at][0], kept[at][1], { value: () => null, configurable: true });
    try { place.innerHTML = frame; } finally {
      for (let at = 0; at < kept.length; at++) Object.defineProperty(kept[at][0], kept[at][1], kept[at][2]);
      delete Object.prototype.iframe;
    } }`,
  outerHTML: `place.outerHTML = frame`,
  insertAdjacentHTML: `place.insertAdjacentHTML('beforeend', frame)`,
  setHTMLUnsafe: `place.setHTMLUnsafe('<div><template shadowrootmode=open>' + frame + '</template></div>')`,
  parseHTMLUnsafe: `place.append(Document.parseHTMLUnsafe(frame).body.firstChild)`,
  streamed: `{ const writer = place.streamHTMLUnsafe().getWriter(); await writer.write(frame.slice(0, 4)); await writer.write(frame.slice(4)); await writer.close() }`,
  fragment: `place.append(document.createRange().createContextualFragment(frame))`,
  parsed: `place.append(new DOMParser().parseFromString(frame, 'text/html').body.firstChild)`,
  'parsed from XML': `filled(new DOMParser().parseFromString('<x:iframe xmlns:x="${XHTML}"/>', 'text/xml').documentElement)`,
  'parsed from an entity': `filled(new DOMParser().parseFromString('<!DOCTYPE x [<!ENTITY e "&#60;iframe xmlns=\\'${XHTML}\\'/>">]><x>&e;</x>', 'text/xml').documentElement.firstChild)`,
  'parsed into a template': `filled(new DOMParser().parseFromString('<!DOCTYPE x [<!ENTITY e "&#60;iframe/>">]><template xmlns="${XHTML}">&e;</template>', 'application/xhtml+xml').documentElement.content.firstChild)`,
  'root of a document': `filled(document.implementation.createDocument('${XHTML}', 'iframe').documentElement)`,
  'element of another document': `filled(document.implementation.createHTMLDocument().createElement('iframe'))`,
  'element of a document of XML': `filled(new Document().createElementNS('${XHTML}', 'iframe'))`,
  transformed: `{
    const style = document.implementation.createDocument('', ''), name = 'http://www.w3.org/1999/XSL/Transform';
    const add = (to, kind, attributes) => { const made = to.appendChild(style.createElementNS(name, kind)); for (const key in attributes) made.setAttribute(key, attributes[key]); return made };
    const made = add(add(add(style, 'stylesheet', { version: '1.0' }), 'template', { match: '/' }), 'element', { name: 'iframe', namespace: '${XHTML}' });
    add(made, 'attribute', { name: 'srcdoc' }).textContent = page;
    const processor = new XSLTProcessor(); processor.importStylesheet(style);
    place.append(processor.transformToFragment(document.implementation.createDocument('', 'r'), document)) }`,
  'derived element': `{ class Own extends HTMLIFrameElement {} customElements.define('own-frame', Own, { extends: 'iframe' }); filled(new Own()) }`,
  'derived element by a name that changes': `{ class Own extends HTMLIFrameElement {} let n = 0; customElements.define('other-frame', Own, { get extends() { return n++ ? 'iframe' : 'b' } }); filled(new Own()) }`,
  write: `document.write(frame)`,
  'write in two pieces': `{ document.write(frame.slice(0, 4)); document.write(frame.slice(4)) }`,
  command: `{ place.contentEditable = true; place.focus(); getSelection().selectAllChildren(place); document.execCommand('insertHTML', false, frame) }`,
  policy: `place.innerHTML = trustedTypes.createPolicy('mine', { createHTML: (it) => it }).createHTML(frame)`,
  'policy of the same name': `place.innerHTML = trustedTypes.createPolicy('default', { createHTML: (it) => it }).createHTML(frame)`,
  'what an error tells': `{
    let found; Error.prepareStackTrace = (_, sites) => sites;
    const name = { toString() { for (const site of new Error().stack) found ??= site.getFunction?.(); return 'b' } };
    document.createElement(name); delete Error.prepareStackTrace; filled(found.call(document, 'iframe')) }`,
  'window of its own': `window.open('', '_blank').eval(call)`,
  'window above the page': `(await documentPictureInPicture.requestWindow()).eval(call)`,
  worker: `await new Promise((resolve, reject) => { const made = new Worker(URL.createObjectURL(new Blob([call]))); made.onerror = reject })`,
  'address of the page': `location = address`,
  'address of a link': `{ const made = document.createElement('a'); made.href = address; place.append(made); made.click() }`,
  'address of a form': `{ const made = document.createElement('form'); made.action = address; place.append(made); made.submit() }`,
  'address of a window': `window.open(address, '_self')`,
};

/** Ways for markup to have a frame. */
const MARKUP: Record<string, (port: number) => string> = {
  frame,
  capitals: (port) => frame(port).replace('iframe ', 'IFrame\r\n'),
  slash: (port) => frame(port).replace('iframe ', 'iframe/'),
  shadow: (port) => `<div><template shadowrootmode=open>${frame(port)}</template></div>`,
  template: (port) => `<template id=held>${frame(port)}</template><script>document.body.append(held.content)</script>`,
  foreign: (port) => `<svg><foreignObject>${frame(port)}</foreignObject></svg><math><mtext>${frame(port)}</mtext></math>`,
  'raw with scripts only': (port) => `<noscript><p title="</noscript>${frame(port)}"></p></noscript>`,
  comment: (port) => `<!--><p>-->${frame(port)}</p>`,
  'written ahead': (port) => `<script>try { document.write('<') } catch {}</script>${frame(port).slice(1)}`,
  object: (port) => `<object data="${address(port)}"></object><embed src="${address(port)}">`,
};

/** Ways for a page to become another one. */
const PAGES: Record<string, (port: number) => Record<string, string>> = {
  frames: (port) => ({ 'index.html': `<frameset><frame src=${attribute(`javascript:${call(port)}`)}></frameset>` }),
  blob: (port) => ({ 'index.html': `<script>location = URL.createObjectURL(new Blob([${literal(page(port))}], { type: 'text/html' }))</script>` }),
  data: (port) => ({ 'index.html': `<script>location = ${literal(`data:text/html,${encodeURIComponent(page(port))}`)}</script>` }),
  refresh: (port) => ({ 'index.html': `<meta http-equiv=refresh content=${attribute(`0;url=data:text/html,${encodeURIComponent(page(port))}`)}>` }),
  drawing: (port) => ({
    'index.html': "<script>location = 'drawing.svg'</script>",
    'drawing.svg': `<svg xmlns="http://www.w3.org/2000/svg"><script>${call(port)}</script></svg>`,
  }),
  blank: (port) => ({
    'index.html': `<script>const go = () => { try { ${call(port)} } catch {} };
addEventListener('pagehide', () => { queueMicrotask(go); setTimeout(go); requestAnimationFrame(go) });
setInterval(go, 10); location = 'about:blank'</script>`,
  }),
};

/** Apps that try all of it, by title, and the canaries that they call, by way. */
export async function callers(): Promise<{ apps: Record<string, Record<string, string>>; canaries: Record<string, Canary>; ways: string[] }> {
  const canaries: Record<string, Canary> = {};
  const port = async (way: string) => (canaries[way] = await Canary.listen()).port;
  let scripts = `const out = {};
const attempt = async (way, { call, page, frame, address }, run) => {
  const place = document.createElement('p');
  document.body.append(place);
  const filled = (element) => { try { element.setAttribute('srcdoc', page) } catch {} place.append(element); return element };
  const before = length;
  try { await run({ call, page, frame, address, place, filled, rest: frame.slice('<iframe '.length) }) } catch {}
  await new Promise((resolve) => setTimeout(resolve, 20));
  out[way] = length > before ? 'a frame' : typeof RTCPeerConnection === 'undefined' ? 'nothing' : 'a call';
};
`;
  for (const [way, code] of Object.entries(SCRIPTS)) {
    const at = await port(way);
    const given = literal({ call: call(at), page: page(at), frame: frame(at), address: address(at) });
    scripts += `await attempt(${literal(way)}, ${given}, async ({ call, page, frame, address, place, filled, rest }) => {\n${code}\n});\n`;
  }
  scripts += 'document.body.dataset.out = JSON.stringify(out);';
  let markup = '<!doctype html><body>';
  for (const [way, make] of Object.entries(MARKUP)) markup += make(await port(`markup: ${way}`));
  markup += '<script>document.body.dataset.out = length</script>';
  const apps: Record<string, Record<string, string>> = {
    Scripts: { 'index.html': '<!doctype html><body><script type="module" src="try.js"></script>', 'try.js': scripts },
    Markup: { 'index.html': markup },
  };
  for (const [way, make] of Object.entries(PAGES)) apps[`Page ${way}`] = make(await port(`page: ${way}`));
  return { apps, canaries, ways: Object.keys(SCRIPTS) };
}
