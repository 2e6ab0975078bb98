import type { Page } from 'playwright-core';

import { startApp, type RunningApp } from '../support/app';
import { axeViolations } from '../support/axe';
import { describeInBrowser } from '../support/browser';

const CDN = 'https://embeddable-sandbox.cdn.apollographql.com/**';

/** What Chromium reports of a request for Sandbox, and what the explorer's library writes. */
const EXPECTED = {
  expected: [
    /^request to another host: https:\/\/embeddable-sandbox\.cdn/,
    /^console\.error: Failed to load resource/,
    /^console\.info: setup-workers/,
  ],
};

/** In place of Apollo's script: shows what it was called with. */
const SANDBOX = `window.EmbeddedSandbox = class {
  constructor({ target, initialEndpoint, initialState }) {
    const frame = document.createElement('iframe');
    frame.title = initialEndpoint + ' ' + initialState.document.includes('mutation CreateEnvironmentAccountConnection');
    document.querySelector(target).append(frame);
  }
}`;

describeInBrowser('The landing page', (browser) => {
  let app: RunningApp;
  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.stop());

  async function open(prepare: (page: Page) => Promise<unknown>): Promise<Page> {
    const page = await browser.open(undefined, EXPECTED);
    await page.clock.install();
    await prepare(page);
    await page.goto(app.url, { waitUntil: 'commit' });
    return page;
  }

  it('forwards to the explorer at once where Sandbox can’t be loaded', async () => {
    const page = await open(() => Promise.resolve());
    await page.waitForURL('**/explorer/');
    expect(await page.title()).toContain('Explorer');
  });

  it('forwards to the explorer after 3 s where Sandbox does not come', async () => {
    const page = await open((opened) => opened.route(CDN, () => undefined));
    await page.getByText('Loading Apollo Sandbox').waitFor();
    await page.clock.runFor(2_900);
    expect(new URL(page.url()).pathname).toBe('/graphql');
    await page.clock.runFor(200);
    await page.waitForURL('**/explorer/');
    // The empty page that each starts with, and the explorer in place of the landing page.
    expect(await page.evaluate('history.length')).toBe(2);
  });

  it('shows Sandbox where it comes, with the operations filled in, and stays there', async () => {
    const page = await open((opened) =>
      opened.route(CDN, (route) => route.fulfill({ contentType: 'text/javascript', body: SANDBOX })),
    );
    await page.getByTitle(`${app.url} true`).waitFor();
    await page.clock.runFor(10_000);
    expect(page.url()).toBe(app.url);
  });

  it('links to the explorer and the console while Sandbox loads, accessibly', async () => {
    const page = await open((opened) => opened.route(CDN, () => undefined));
    const links = page.getByRole('navigation').getByRole('link');
    await links.first().waitFor();
    expect(await links.allInnerTexts()).toEqual(['Explorer', 'Console']);
    expect(await axeViolations(page)).toEqual([]);
    await links.getByText('Explorer').click();
    await page.waitForURL('**/explorer/');
  });

  it('says what happened where there is no explorer to forward to', async () => {
    const alone = await startApp({ CONSOLE: 'off' });
    const page = await browser.open(alone.url, EXPECTED);
    await page.getByText('Apollo Sandbox could not be loaded from its CDN.').waitFor();
    expect(await page.getByRole('link').count()).toBe(0);
    await alone.stop();
  });
});
