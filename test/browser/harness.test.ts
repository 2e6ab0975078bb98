import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import { describeInBrowser } from '../support/browser';
import { watchFaults } from '../support/browser-faults';
import { axeViolations } from '../support/axe';

const PAGES: Readonly<Record<string, string>> = {
  '/quiet': '<!doctype html><html lang="en"><title>Quiet</title><main><h1>Quiet</h1></main></html>',
  '/console': '<script>console.info("a line")</script>',
  '/error': '<script>throw new Error("thrown by the page")</script>',
  '/foreign': '<img src="https://example.com/pixel.png">',
  '/violation':
    '<meta http-equiv="content-security-policy" content="style-src \'none\'"><p style="color: red">',
  '/unlabelled': '<!doctype html><html lang="en"><title>Form</title><main><h1>Form</h1><input></main></html>',
};

describeInBrowser('The browser of the tests', (browser) => {
  let server: Server;
  let origin: string;
  beforeAll(async () => {
    server = createServer(({ url = '' }, response) => {
      response.setHeader('content-type', 'text/html').end(PAGES[url] ?? '');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  });
  afterAll(() => server.close());

  it.each([
    ['/console', /^console\.info: a line/],
    ['/error', /^uncaught: .*thrown by the page/],
    ['/foreign', /^request to another host: https:\/\/example\.com\/pixel\.png/],
    ['/violation', /CSP violation: style-src-attr inline/],
  ])('reports what %s does as a fault', async (path, fault) => {
    const context = await browser.openContext({ expected: [/./] });
    const faults = await watchFaults(context, {});
    const page = await context.newPage();
    await page.goto(origin + path);
    expect(faults).toContainEqual(expect.stringMatching(fault));
  });

  it('reports nothing of a page that does nothing of this, nor what a test expects', async () => {
    const context = await browser.openContext({ expected: [/a line/, /favicon/] });
    const page = await context.newPage();
    await page.goto(`${origin}/quiet`);
    await page.goto(`${origin}/console`);
    expect(await page.title()).toBe('');
  });

  it('finds what axe-core finds, and nothing on an accessible page', async () => {
    const page = await browser.open(`${origin}/quiet`);
    expect(await axeViolations(page)).toEqual([]);
    await page.goto(`${origin}/unlabelled`);
    expect(await axeViolations(page)).toEqual(['label: critical: input']);
  });
});
