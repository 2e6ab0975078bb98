import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Page } from 'playwright-core';

import { describeInBrowser } from '../../support/browser';
import { drawerOf, MANAGEMENT, openView, rowOf, startConsole, type ConsoleApp } from '../../support/console';

/** What a page without a server, or without WebSockets, cannot keep the browser from writing. */
const NETWORK = [/WebSocket connection to/, /Failed to load resource/];

describeInBrowser('A page of the console that is open', (browser) => {
  const folder = mkdtempSync(join(tmpdir(), 'proton-subgraph-'));
  const database = { DATABASE_URL: `sqlite:${join(folder, 'live.db')}` };
  let app: ConsoleApp;
  beforeAll(async () => {
    app = await startConsole(database);
  });
  afterAll(async () => {
    await app.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Opens the list with a connection of this name in the drawer. */
  async function openWith(page: Page, environmentName: string): Promise<string> {
    const id = await app.request({ environmentName });
    await openView(page, `${app.console}/connections/${id}/details?account=${MANAGEMENT}`);
    await rowOf(page, environmentName).getByText('Pending').waitFor();
    return id;
  }

  /** Changes what the page shows from elsewhere, and waits until it shows that, at most 2 s each. */
  async function expectToFollow(page: Page, id: string, environmentName: string): Promise<void> {
    const within = { timeout: 2_000 };
    await app.answer(id, 'accept');
    await rowOf(page, environmentName).getByText('Connected').waitFor(within);
    await drawerOf(page, environmentName).getByText('Connected', { exact: true }).waitFor(within);
    await drawerOf(page, environmentName).getByRole('button', { name: 'Withdraw' }).waitFor(within);

    const other = await app.request({ environmentName: `${environmentName}-2` });
    await rowOf(page, `${environmentName}-2`).waitFor(within);
    await page.getByText('1 waiting').waitFor(within);
    await app.answer(other, 'delete');
    await rowOf(page, `${environmentName}-2`).waitFor({ state: 'detached', ...within });
  }

  it('follows what others do, and shows tags that others change', async () => {
    const page = await browser.open();
    await page.clock.install();
    const id = await openWith(page, 'live');
    await page.getByText('Live', { exact: true }).waitFor();
    await expectToFollow(page, id, 'live');
    await app.tag(id, 'team', 'payments');
    await page.clock.runFor(10_000);
    // On a busy machine the page may still read what was before the change; then it shows it with its next read.
    await rowOf(page, 'live').getByText('team=payments').waitFor({ timeout: 15_000 });
    await drawerOf(page, 'live').getByText('team = payments').waitFor();
  });

  it('names an account in its menu once a connection of it exists', async () => {
    const page = await browser.open();
    await openView(page, `${app.console}/overview`);
    await app.request({ environmentName: 'elsewhere', managementAccountId: '777777777777' });
    await page.getByRole('button', { name: 'All accounts' }).click();
    await page.getByRole('menuitem', { name: '777777777777' }).waitFor({ timeout: 2_000 });
    expect(await page.getByRole('menuitem').allInnerTexts()).not.toContain('Find an account…');
  });

  it('asks every 5 s where WebSockets are refused', async () => {
    const page = await browser.open(undefined, { expected: NETWORK });
    await page.routeWebSocket('**/graphql', (socket) => socket.close({ code: 1011 }));
    await page.clock.install();
    const id = await openWith(page, 'polling');
    await page.getByText('every 5 s').waitFor();
    await app.answer(id, 'accept');
    await page.clock.runFor(5_000);
    await rowOf(page, 'polling').getByText('Connected').waitFor({ timeout: 2_000 });
    expect(await page.getByText('Live', { exact: true }).count()).toBe(0);
  });

  it('says that it is offline without a server, keeps what it shows, and follows again after a restart', async () => {
    const page = await browser.open(undefined, { expected: NETWORK });
    await page.clock.install();
    const id = await openWith(page, 'restart');
    await page.getByText('Live', { exact: true }).waitFor();
    await app.stop();
    await page.getByText('Offline', { exact: true }).waitFor();
    await rowOf(page, 'restart').getByText('Pending').waitFor();
    const accept = drawerOf(page, 'restart').getByRole('button', { name: 'Accept' });
    expect(await accept.getAttribute('aria-disabled')).toBe('true');

    const { port } = new URL(app.console);
    app = await startConsole({ ...database, PORT: port });
    await page.clock.runFor(4_000);
    await page.getByText('Live', { exact: true }).waitFor();
    await expectToFollow(page, id, 'restart');
  });
});
