// Debian's Chromium without a window, told what to do by lines on stdin, one answer a
// line: "ok", or "not ok" and why. Fields are parted by tabs. What people use is named as
// they would name it: by role, label and text, so a page without them fails here.
//
//   open URL                       size WIDTH HEIGHT        shot FILE
//   fill LABEL TEXT                press KEY...             type TEXT
//   click ROLE NAME                select LABEL OPTION      focused REGEX
//   sees SELECTOR REGEX            hides SELECTOR           named
//   quit            (an end of the input means the same)
//   asks ORIGIN FRAME URL REGEX   a page of that origin asks URL through the frame, as web
//                   applications on other hosts do; its answer, as JSON, has REGEX
//   clean [REGEX]   no complaint of the browser (but such) since the last time
'use strict';
const {chromium} = require('playwright-core');
const readline = require('readline');

const PATIENCE = 30000;
const [executablePath, profile] = process.argv.slice(2);
const complaints = [];
let page;

async function until(what, test) {
  const end = Date.now() + PATIENCE;
  let last;
  do {
    last = await test().catch((error) => error.message); /* a page that is just being loaded */
    if (last === true) return;
    await new Promise((done) => setTimeout(done, 100));
  } while (Date.now() < end);
  throw new Error(`${what}: ${last}`);
}

// Everything that can be operated says what it is, and nothing has to be found by colour.
function unnamed() {
  const all = document.querySelectorAll('input, select, textarea, button, a[href], [tabindex]');
  return [...all].filter((one) => one.offsetParent).filter((one) => {
    const labels = [...(one.labels ?? [])].map((label) => label.textContent).join(' ');
    const by = document.getElementById(one.getAttribute('aria-labelledby') ?? '')?.textContent ?? '';
    const own = one.matches('button, a') ? one.textContent : '';
    return !(one.getAttribute('aria-label') || labels.trim() || by.trim() || own.trim());
  }).map((one) => one.outerHTML.slice(0, 100));
}

const commands = {
  open: (url) => page.goto(url),
  size: (width, height) => page.setViewportSize({width: Number(width), height: Number(height)}),
  shot: (path) => page.screenshot({path}),
  scheme: (colorScheme) => page.emulateMedia({colorScheme}),
  fill: (label, text) => page.getByLabel(label, {exact: true}).fill(text),
  type: (text) => page.keyboard.type(text),
  async press(...keys) {
    for (const key of keys) await page.keyboard.press(key);
  },
  click: (role, name) => page.getByRole(role, {name: new RegExp(name)}).first().click(),
  select: (label, option) => page.getByLabel(label, {exact: true}).selectOption({label: option}),
  focused: (pattern) => until('focused', async () => {
    const text = await page.evaluate(() => {
      const one = document.activeElement;
      return `${one.id} ${one.labels?.[0]?.textContent ?? ''} ${one.textContent}`;
    });
    return new RegExp(pattern).test(text) || text;
  }),
  sees: (selector, pattern) => until(`${selector} has`, async () => {
    const texts = await page.locator(selector).filter({visible: true}).allInnerTexts();
    const values = await page.locator(selector).evaluateAll((all) =>
      all.map((one) => one.value ?? '').filter(Boolean));
    const text = [...texts, ...values].join('\n');
    return new RegExp(pattern).test(text) || JSON.stringify(text);
  }),
  hides: (selector) => page.locator(selector).first().waitFor({state: 'hidden', timeout: PATIENCE}),
  async named() {
    const bad = await page.evaluate(unnamed);
    if (bad.length > 0) throw new Error(bad.join('\n'));
  },
  // The origin needs no server: what the page is, is said here.
  async asks(origin, frame, url, pattern) {
    await page.route(`${origin}/**`, (route) => route.fulfill({contentType: 'text/html',
      body: `<!DOCTYPE html><title>another</title><iframe src="${frame}"></iframe>`}));
    await page.goto(`${origin}/`, {waitUntil: 'load'});
    const answer = await page.evaluate(([target, to]) => new Promise((done) => {
      addEventListener('message', (event) => event.origin === to && done(event.data));
      document.querySelector('iframe').contentWindow.postMessage(
        JSON.stringify({type: 'GET', url: target, headers: {}, messageId: 'm1'}), to);
      setTimeout(() => done('no answer'), 5000);
    }), [url, new URL(frame).origin]);
    if (!new RegExp(pattern).test(answer)) throw new Error(answer);
  },
  async clean(but) {
    const bad = complaints.splice(0).filter((text) => !but || !new RegExp(but).test(text));
    if (bad.length > 0) throw new Error(bad.join('\n'));
  },
};

async function main() {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    chromiumSandbox: false,
    viewport: {width: 1280, height: 800},
    args: ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
      /* The lab's server is at loopback, where browsers let no page of elsewhere go unasked. */
      '--disable-features=LocalNetworkAccessChecks'],
  });
  page = context.pages()[0] ?? await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`${message.text()} ${message.location().url}`);
  });
  page.on('pageerror', (error) => complaints.push(error.stack));
  console.log('ok');
  for await (const line of readline.createInterface({input: process.stdin})) {
    const [name, ...fields] = line.split('\t');
    if (name === 'quit') break;
    try {
      await commands[name](...fields);
      console.log('ok');
    } catch (error) {
      console.log(`not ok ${error.message.replace(/\s+/g, ' ').slice(0, 600)}`);
    }
  }
  await context.close();
}

// Node would wait for the end of its input, which others hold open too.
main().then(() => process.exit(0), (error) => {
  console.log(`not ok ${error.message.replace(/\s+/g, ' ').slice(0, 600)}`);
  process.exit(1);
});
