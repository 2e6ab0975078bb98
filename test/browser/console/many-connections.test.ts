import { axeViolations } from '../../support/axe';
import { describeInBrowser } from '../../support/browser';
import { openView, startConsole, type ConsoleApp } from '../../support/console';
import { useTemporaryFolder } from '../../support/folder';
import { makeConnections } from '../../support/many-connections';
import { START } from '../../support/proton';

const DAY = 24 * 60 * 60 * 1000;

describeInBrowser('With thousands of connections', (browser) => {
  const folder = useTemporaryFolder();
  let app: ConsoleApp;
  beforeEach(async () => {
    const file = folder.path('many.db');
    await makeConnections(file, 4_100);
    app = await startConsole({ DATABASE_URL: `sqlite:${file}` });
  });
  afterEach(() => app.stop());

  it('the overview names the requests that have waited longest of all', async () => {
    const page = await browser.open();
    await page.clock.setSystemTime(START + 3 * DAY);
    await openView(page, `${app.console}/overview`);
    const longest = page.getByRole('list', { name: 'The requests that wait longest' }).getByRole('listitem');
    await longest.first().waitFor();
    expect((await longest.allInnerTexts()).map((text) => text.split(/\s/)[0])).toEqual(
      [1, 2, 5, 7, 10].map((index) => `env-${String(index)}`),
    );
    expect(await longest.first().innerText()).toMatch(/3 days/);
  });

  it('an account that the menu has no room for is found by its first digits, and no other can be entered', async () => {
    const page = await browser.open();
    await openView(page, `${app.console}/overview`);
    await page.getByRole('button', { name: 'All accounts' }).click();
    const items = page.getByRole('menuitem');
    await page.getByRole('menuitem', { name: 'Find an account…' }).waitFor();
    expect(await items.count()).toBe(102);
    await page.getByRole('menuitem', { name: 'Find an account…' }).click();

    const dialog = page.getByRole('dialog', { name: 'Act as another account' });
    await dialog.getByRole('button', { name: 'Act as this account' }).click();
    await page.getByText('Choose an account.').first().waitFor();
    const field = dialog.getByRole('button', { name: /^Account/ });
    expect(await field.getAttribute('aria-invalid')).toBe('true');
    expect(await axeViolations(page)).toEqual([]);
    await field.click();
    const digits = page.getByLabel('The first digits of the account');
    await digits.fill('77');
    await page.getByText('No account begins with this.').waitFor();
    await digits.fill('3000-0000-177');
    const option = page.getByRole('option', { name: '300000001777' });
    await option.waitFor();
    expect(await axeViolations(page)).toEqual([]);
    expect(await page.getByRole('option').count()).toBe(10);
    await option.click();
    await dialog.getByRole('button', { name: 'Act as this account' }).click();
    await page.getByRole('button', { name: 'Acting as 300000001777' }).waitFor();
    expect(new URL(page.url()).searchParams.get('account')).toBe('300000001777');
  });

  it('typing on after a failure reads the accounts for the new digits alone', async () => {
    const page = await browser.open();
    const read: string[] = [];
    await page.route('**/graphql', (route) => {
      const body = route.request().postDataJSON() as {
        readonly operationName?: string;
        readonly variables: { readonly idPrefix?: string };
      };
      if (body.operationName === 'ReadableAccounts') read.push(body.variables.idPrefix ?? '');
      return read.at(-1) === '9' && body.operationName === 'ReadableAccounts'
        ? route.fulfill({ json: { data: null, errors: [{ message: 'The store is away.' }] } })
        : route.continue();
    });
    await openView(page, `${app.console}/overview`);
    await page.getByRole('button', { name: 'All accounts' }).click();
    await page.getByRole('menuitem', { name: 'Find an account…' }).click();
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^Account/ })
      .click();
    const digits = page.getByLabel('The first digits of the account');
    await digits.fill('9');
    await page.getByText('The store is away.').waitFor();
    await digits.fill('300000001777');
    await page.getByRole('option', { name: '300000001777' }).waitFor();
    expect(read.filter((prefix) => prefix === '9')).toHaveLength(1);
  });
});
