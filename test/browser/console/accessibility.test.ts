import type { Page } from 'playwright-core';

import { axeViolations } from '../../support/axe';
import { describeInBrowser } from '../../support/browser';
import { ENVIRONMENT, MANAGEMENT, openView, startConsole, type ConsoleApp } from '../../support/console';

/** What others may write at most: text that looks like markup, a direction override where the server takes it, and length. */
const LONG = 'x'.repeat(100);
const TAG = { key: `${'k'.repeat(120)}:+=@`, value: 'v'.repeat(256) };

/**
 * The width of what is on the page, once it fits the window; what it is after 5 s if it does not. The page measures itself after it
 * was resized and then fits in: a frame or two later, or more on a machine that is busy.
 */
const SETTLED_WIDTH = `new Promise((resolve) => {
  const end = performance.now() + 5_000;
  const check = () => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth || performance.now() > end) resolve(scrollWidth);
    else requestAnimationFrame(check);
  };
  requestAnimationFrame(check);
})`;

/** What a page without a server can't keep the browser from writing. */
const NETWORK = [/WebSocket connection to/, /Failed to load resource/, /ERR_/];

describeInBrowser('The pages of the console', (browser) => {
  let app: ConsoleApp;
  let id: string;
  beforeAll(async () => {
    app = await startConsole();
    id = await app.request({
      environmentName: LONG,
      roleArn: `arn:aws:iam::${ENVIRONMENT}:role/${'r'.repeat(64)}`,
      tags: [TAG],
    });
    await app.answer(await app.request({ environmentName: 'connected' }), 'accept');
    await app.answer(await app.request({ environmentName: 'rejected' }), 'reject');
  });
  afterAll(() => app.stop());

  /** Every view and state that an address leads to, and what has to be there before it counts as shown. */
  const VIEWS: readonly (readonly [path: string, shown: string])[] = [
    ['/overview', 'Waiting longest'],
    [`/received?account=${MANAGEMENT}`, LONG],
    ['/received?account=999999999999', 'No requests received'],
    ['/sent?status=REJECTED&region=eu-west-9', 'No connections match'],
    ['/connections/ID/details', 'Last changed'],
    ['/connections/ID/history', 'by anonymous'],
    ['/connections/ID/trust', 'ManagementAccountProvisions'],
    ['/connections/no-such-id/details', 'No connection with this id'],
    ['/trust-policies', 'Fill in the management account'],
    ['/request', 'Add tag'],
  ];

  /** Shows what an address leads to. Once the console is loaded, it goes there as its links do, which takes no reload. */
  async function show(page: Page, [path, shown]: (typeof VIEWS)[number]): Promise<void> {
    const url = `${app.console}${path.replace('ID', id)}`;
    if (page.url() === 'about:blank') await openView(page, url);
    else await page.evaluate(`history.pushState(null, '', ${JSON.stringify(url)})`);
    await page.getByText(shown).first().waitFor();
  }

  it('have nothing that axe finds, light and dark, and fit a screen of 320 pixels: every view', async () => {
    const page = await browser.open();
    const found: string[] = [];
    for (const view of VIEWS) {
      await show(page, view);
      await page.emulateMedia({ colorScheme: 'light' });
      for (const violation of await axeViolations(page)) found.push(`${view[0]}, light: ${violation}`);
      // Nothing else differs in the dark.
      await page.emulateMedia({ colorScheme: 'dark' });
      for (const violation of await axeViolations(page, ['color-contrast']))
        found.push(`${view[0]}, dark: ${violation}`);
      await page.setViewportSize({ width: 320, height: 640 });
      const width = await page.evaluate<number>(SETTLED_WIDTH);
      if (width !== 320) found.push(`${view[0]}: ${String(width)} pixels wide`);
      // The bars and what scrolls differ on a narrow screen.
      for (const violation of await axeViolations(page, ['cat.aria', 'cat.keyboard', 'cat.name-role-value']))
        found.push(`${view[0]}, narrow: ${violation}`);
      await page.setViewportSize({ width: 1280, height: 720 });
    }
    expect(found).toEqual([]);
  });

  it('have nothing that axe finds: dialogs, forms with errors, and the page without a server', async () => {
    const page = await browser.open(undefined, { expected: NETWORK });
    await show(page, ['/connections/ID/details', 'Last changed']);
    for (const action of ['Reject', 'Update roles', 'Edit tags', 'Delete']) {
      await page.getByRole('region', { name: LONG }).getByRole('button', { name: action }).click();
      await page.getByRole('dialog').waitFor();
      expect(await axeViolations(page)).toEqual([]);
      await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    }
    await show(page, ['/request', 'Add tag']);
    await page.getByLabel('Environment name').press('Enter');
    await page.locator('[aria-invalid="true"]').first().waitFor();
    expect(await axeViolations(page)).toEqual([]);

    await show(page, ['/received', LONG]);
    await page.context().setOffline(true);
    await page.getByText('Offline', { exact: true }).waitFor();
    expect(await axeViolations(page)).toEqual([]);
    expect(await page.getByRole('rowheader', { name: LONG }).count()).toBe(1);
    await page.getByRole('row').filter({ hasText: LONG }).getByRole('checkbox').click();
    expect(await page.getByRole('button', { name: 'Accept' }).getAttribute('aria-disabled')).toBe('true');
  });

  it('show what others wrote as text', async () => {
    const page = await browser.open();
    const hostile = '<img src=x onerror="throw 1">\u202egnp.exe';
    await page.route('**/graphql', async (route) => {
      const response = await route.fetch();
      const text = JSON.stringify(hostile).slice(1, -1);
      const body = (await response.text())
        .replaceAll(`"${LONG}"`, `"${text}"`)
        .replaceAll('"anonymous"', `"${text}"`);
      await route.fulfill({ response, body });
    });
    await openView(page, `${app.console}/connections/${id}/history`);
    await page.getByRole('rowheader', { name: '<img' }).waitFor();
    await page.getByText(/^by </).waitFor();
    expect(await page.locator('img[src="x"]').count()).toBe(0);
    // The override ends with the name: what follows it on the page keeps its direction.
    const isolation = await page.evaluate(`getComputedStyle(document.querySelector('th bdi')).unicodeBidi`);
    expect(isolation).toBe('isolate');
    await openView(page, `${app.console}/overview`);
    await page.getByRole('listitem').getByRole('link', { name: '<img' }).waitFor();
    expect(await page.locator('img[src="x"]').count()).toBe(0);
  });
});
