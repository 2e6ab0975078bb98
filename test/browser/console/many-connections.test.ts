import type { Request } from 'playwright-core';

import { describeInBrowser } from '../../support/browser';
import { openView, startConsole, type ConsoleApp } from '../../support/console';
import { useTemporaryFolder } from '../../support/folder';
import { makeConnections } from '../../support/many-connections';
import { START } from '../../support/proton';

describeInBrowser('With more connections than the console looks through', (browser) => {
  const folder = useTemporaryFolder();
  let app: ConsoleApp;
  beforeEach(async () => {
    const file = folder.path('many.db');
    await makeConnections(file, 4_100);
    app = await startConsole({ DATABASE_URL: `sqlite:${file}` });
  });
  afterEach(() => app.stop());

  it('one acts as an account that only older ones have, and the overview says since when the oldest waits', async () => {
    const page = await browser.open();
    await page.clock.setSystemTime(START + 3 * 24 * 60 * 60 * 1000);
    await openView(page, `${app.console}/overview`);
    const waiting = page.getByText('Among the newest 2,000 that wait. The oldest of all was requested');
    await waiting.waitFor();
    expect(await waiting.innerText()).toMatch(/requested 3 days ago\.$/);

    // Of the connections 94 and 2097.
    const old = '300000000094';
    await page.getByRole('button', { name: 'All accounts' }).click();
    expect(await page.getByRole('menuitem', { name: old }).count()).toBe(0);
    await page.getByRole('menuitem', { name: 'Another account…' }).click();
    const field = page.getByRole('dialog').getByLabel('Account');
    await field.fill('94');
    await field.press('Enter');
    await page.getByText('must be 12 digits').waitFor();
    expect(await field.getAttribute('aria-invalid')).toBe('true');
    await field.fill(old);
    await field.press('Enter');
    await page.getByRole('button', { name: `Acting as ${old}` }).waitFor();
    expect(new URL(page.url()).searchParams.get('account')).toBe(old);

    await page.getByRole('link', { name: 'Requests sent' }).click();
    await page.getByRole('rowheader', { name: 'env-94', exact: true }).waitFor();
  });

  it('one can act as another account while older ones are not read yet, and when they can not be', async () => {
    const page = await browser.open();
    let fail = (): void => undefined;
    const failing = new Promise<void>((resolve) => (fail = resolve));
    await page.route('**/graphql', async (route) => {
      if (!readsOlder(route.request())) {
        await route.fallback();
        return;
      }
      await failing;
      await route.fulfill({
        json: { errors: [{ message: 'Broken.', extensions: { code: 'INTERNAL_SERVER_ERROR' } }] },
      });
    });
    const read = page.waitForRequest(readsOlder);
    await openView(page, `${app.console}/sent`);
    const older = await read;
    await page.getByRole('button', { name: 'All accounts' }).click();
    const another = page.getByRole('menuitem', { name: 'Another account…' });
    await another.waitFor();
    fail();
    await older.response();
    await another.click();
    expect(await page.getByRole('dialog').getByLabel('Account').inputValue()).toBe('');
  });
});

/** Whether the page looks for accounts among connections that are not the newest ones. */
function readsOlder(request: Request): boolean {
  const body = request.postData() ?? '';
  return body.includes('AccountsInUse') && body.includes('"after":"');
}
