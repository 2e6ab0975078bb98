import { describeInBrowser } from '../../support/browser';
import { openView, startConsole, type ConsoleApp } from '../../support/console';
import { useTemporaryFolder } from '../../support/folder';
import { makeConnections } from '../../support/many-connections';

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
    await openView(page, `${app.console}/overview`);
    const waiting = page.getByText('Among the newest 2,000 that wait. The oldest of all was requested');
    await waiting.waitFor();
    expect(await waiting.innerText()).toMatch(/requested (?:yesterday|\d+ \w+ ago)\.$/);

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
});
