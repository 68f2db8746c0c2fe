// Before all else of an app's page, so that it can't call a server by WebRTC, which browsers have no common policy
// against. The constructor is taken away; every frame would have another one, so no frame is ever made. The server takes
// them out of the page's own markup, this takes them out of what scripts make. Whatever runs later may replace every
// global and every member of a prototype: what is needed then is kept in constants now.
(() => {
  'use strict';
  const calls = 'RTCPeerConnection' in globalThis;
  let guarded = false;
  try {
    const { apply, getPrototypeOf, defineProperty } = Reflect;
    const { TypeError } = globalThis;
    const refuse = () => {
      throw new TypeError("An app's page holds no frames, and is not written anew.");
    };
    const getter = (type, name) => Object.getOwnPropertyDescriptor(type.prototype, name).get;
    const replace = (type, name, by) => {
      for (let owner = type.prototype; owner; owner = getPrototypeOf(owner))
        if (Object.hasOwn(owner, name))
          defineProperty(owner, name, { value: by(owner[name]), writable: false, configurable: false });
    };
    // A stylesheet of XSLT makes elements of any name.
    for (const name of ['RTCPeerConnection', 'webkitRTCPeerConnection', 'XSLTProcessor']) delete globalThis[name];

    // After its `<` a space makes a tag text, and changes no script that compares numbers. XML may put a prefix before
    // the name.
    const tag = /<(?=(?:[^\s<>/:]*:)?(?:iframe|frame|object|embed|fencedframe|portal)[\t\n\f\r />])/gi;
    const { exec, [Symbol.replace]: substitute } = RegExp.prototype;
    // Of its own, because substituting asks for them by name.
    for (const [name, value] of Object.entries({ exec, flags: 'gi', global: true, unicode: false }))
      defineProperty(tag, name, { value });
    const withoutFrames = (markup) => apply(substitute, tag, [markup, '< ']);

    // Scripts and handlers as such do no harm; a `javascript:` address makes a page of what it returns.
    const script = /^(?:(?:HTML|SVG)ScriptElement |\w*Element on)/;
    globalThis.trustedTypes?.createPolicy('default', {
      createHTML: withoutFrames,
      createScript: (text, _, sink) => (apply(exec, script, [sink]) ? text : null),
      createScriptURL: (url) => url,
    });
    // Libraries would make policies of their own, and break where they mayn't.
    delete globalThis.trustedTypes;

    const frames = { __proto__: null, iframe: 1, frame: 1, object: 1, embed: 1, fencedframe: 1, portal: 1 };
    const localName = getter(Element, 'localName');
    const isFrame = (element) => element !== null && apply(localName, element, []) in frames;
    const root = getter(Document, 'documentElement');
    const { querySelector } = Document.prototype;
    for (const name of ['createElement', 'createElementNS'])
      replace(Document, name, (native) => function (...args) {
        const made = apply(native, this, args);
        return isFrame(made) ? refuse() : made;
      });
    replace(DOMImplementation, 'createDocument', (native) => function (...args) {
      const made = apply(native, this, args);
      return isFrame(apply(root, made, [])) ? refuse() : made;
    });
    // Entities of XML hide a tag from who reads the text.
    replace(DOMParser, 'parseFromString', (native) => function (text, type) {
      const kind = `${type}`;
      const made = apply(native, this, [text, kind]);
      if (kind === 'text/html') return made;
      return apply(querySelector, made, ['iframe, frame, object, embed, fencedframe, portal, template']) ? refuse() : made;
    });
    replace(CustomElementRegistry, 'define', (native) => function (name, type, options) {
      const base = options?.extends;
      if (base === undefined) return apply(native, this, [name, type]);
      const kind = `${base}`;
      return kind in frames ? refuse() : apply(native, this, [name, type, { extends: kind }]);
    });
    // Nobody sees a tag that comes in two pieces.
    for (const name of ['open', 'write', 'writeln']) replace(HTMLDocument, name, () => refuse);
    for (const { prototype } of [Element, CharacterData, DocumentType, DocumentFragment, ShadowRoot, Document])
      for (const name of Object.getOwnPropertyNames(prototype)) if (/stream.*html/i.test(name)) delete prototype[name];

    // What is pasted or dropped is markup too.
    const transfer = getter(InputEvent, 'dataTransfer');
    const { getData } = DataTransfer.prototype;
    const { preventDefault } = Event.prototype;
    const refuseFrames = (event) => {
      const data = apply(transfer, event, []);
      const markup = data ? apply(getData, data, ['text/html']) : '';
      if (withoutFrames(markup) !== markup) apply(preventDefault, event, []);
    };
    addEventListener('beforeinput', refuseFrames, true);

    const trial = document.createElement('template');
    trial.innerHTML = '<iframe></iframe>';
    guarded = trial.content.firstElementChild === null;
  } finally {
    // A browser without Trusted Types shows no app, unless it has no WebRTC either.
    if (calls && !guarded) {
      document.documentElement.textContent = 'Apps need a newer browser.';
      stop();
    }
  }
})();
