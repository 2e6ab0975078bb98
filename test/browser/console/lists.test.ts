import type { Page } from 'playwright-core';

import { describeInBrowser } from '../../support/browser';
import { drawerOf, MANAGEMENT, openView, rowOf, startConsole, type ConsoleApp } from '../../support/console';

const COUNT = 65;
const ids: string[] = [];
/** Of another management account, so that one click selects all of them. */
const many: string[] = [];
const OTHER_MANAGEMENT = '555555555555';

describeInBrowser('The lists of the console', (browser) => {
  let app: ConsoleApp;
  beforeAll(async () => {
    app = await startConsole();
    for (let index = 1; index <= COUNT; index += 1) {
      const environmentName = `env-${String(index).padStart(2, '0')}`;
      ids.push(await app.request({ environmentName, tags: [{ key: 'team', value: 'payments' }] }));
    }
    for (let index = 1; index <= 30; index += 1) {
      const environmentName = `many-${String(index).padStart(2, '0')}`;
      many.push(await app.request({ environmentName, managementAccountId: OTHER_MANAGEMENT }));
    }
  });
  afterAll(() => app.stop());

  /** The environments on the page, in its order. */
  async function shownOn(page: Page): Promise<readonly string[]> {
    return page.getByRole('rowheader').allInnerTexts();
  }

  /** Goes a page on, and waits for it. */
  async function nextPage(page: Page): Promise<void> {
    const [first] = await shownOn(page);
    await page.getByRole('button', { name: 'Next page' }).click();
    await page.getByRole('rowheader', { name: first ?? '', exact: true }).waitFor({ state: 'detached' });
    // Between two pages the table may be empty.
    await page.getByRole('rowheader').first().waitFor();
  }

  it('show page three of a filtered list in another browser, after back and forward, and after a reload', async () => {
    const page = await browser.open();
    await openView(page, `${app.console}/received?account=${MANAGEMENT}`);
    const filter = page.getByRole('combobox', { name: 'Filter connections' });
    await filter.pressSequentially('Status = Pending');
    await filter.press('Enter');
    await filter.fill('Tag = team:payments');
    await filter.press('Enter');
    await page.waitForURL(/tag=team/);
    await nextPage(page);
    await nextPage(page);
    const third = await shownOn(page);
    expect(third).toHaveLength(20);
    expect(third[0]).toBe('env-25');

    await page.goBack();
    await page.getByRole('rowheader', { name: 'env-45' }).waitFor();
    await page.goForward();
    await page.getByRole('rowheader', { name: 'env-25' }).waitFor();
    await page.reload();
    await page.getByRole('rowheader', { name: 'env-25' }).waitFor();
    expect(await shownOn(page)).toEqual(third);
    const copied = await browser.open(page.url());
    await copied.getByRole('rowheader', { name: 'env-25' }).waitFor();
    expect(await shownOn(copied)).toEqual(third);
  });

  it('lose no row and show none twice while others come and go', async () => {
    const page = await browser.open();
    await openView(page, `${app.console}/received?account=${MANAGEMENT}`);
    await page.getByRole('rowheader', { name: 'env-65' }).waitFor();
    const seen = [...(await shownOn(page))];
    const fresh = await app.request({ environmentName: 'fresh' });
    await app.answer(ids[43] ?? '', 'delete');
    await nextPage(page);
    seen.push(...(await shownOn(page)));
    await app.answer(fresh, 'delete');
    await nextPage(page);
    seen.push(...(await shownOn(page)));
    await nextPage(page);
    seen.push(...(await shownOn(page)));
    const expected = Array.from(
      { length: COUNT },
      (_, index) => `env-${String(COUNT - index).padStart(2, '0')}`,
    );
    expect(seen.filter((name) => name !== 'fresh' && name !== 'env-44')).toEqual(
      expected.filter((name) => name !== 'env-44'),
    );
    await page.getByRole('button', { name: 'Previous page' }).click();
    await page.getByText('Page 3').waitFor();
  });

  it('accept many at once; those that the server refuses are named and stay, selected, with the status that they have', async () => {
    const page = await browser.open();
    await openView(page, `${app.console}/received?account=${OTHER_MANAGEMENT}&rows=50&status=PENDING`);
    await page.getByRole('rowheader', { name: 'many-30' }).waitFor();
    let running = 0;
    let most = 0;
    page.on('request', (request) => {
      if (request.postData()?.includes('AcceptConnection')) most = Math.max(most, (running += 1));
    });
    page.on('requestfinished', (request) => {
      if (request.postData()?.includes('AcceptConnection')) running -= 1;
    });
    await page.getByRole('checkbox', { name: 'Select all' }).click();
    await page.getByRole('heading', { name: '(30 selected' }).waitFor();
    for (const index of [29, 25, 20]) await app.answer(many[index] ?? '', 'reject');
    await page.getByRole('button', { name: 'Accept', exact: true }).click();

    await page.getByText('27 connections accepted').waitFor();
    const failure = page.getByRole('alert');
    expect(await failure.innerText()).toContain('3 connections not accepted');
    const reasons = await failure.getByRole('listitem').allInnerTexts();
    expect(reasons.map((reason) => /^many-\d+/.exec(reason)?.[0])).toEqual(['many-30', 'many-26', 'many-21']);
    expect(reasons[0]).toContain('REJECTED, which is final');
    expect(most).toBeLessThanOrEqual(4);
    await page.getByRole('heading', { name: '(3 selected of 3)' }).waitFor();
    await page.getByRole('rowheader', { name: 'many-29' }).waitFor({ state: 'detached' });
    expect(await shownOn(page)).toEqual(['many-30', 'many-26', 'many-21']);
    for (const name of await shownOn(page)) {
      await rowOf(page, name).getByText('Rejected').waitFor();
      expect(await rowOf(page, name).getByRole('checkbox').isChecked()).toBe(true);
    }
  });

  it('keep a selected row that no longer matches the filter until it is not selected any more, or is gone', async () => {
    const managementAccountId = '888888888888';
    const [other, deleted, refused] = await Promise.all(
      ['other', 'deleted', 'refused'].map((environmentName) =>
        app.request({ environmentName, managementAccountId }),
      ),
    );
    const page = await browser.open();
    await openView(page, `${app.console}/received?account=${managementAccountId}&status=PENDING`);
    await page.getByRole('checkbox', { name: 'Select all' }).click();
    await app.answer(refused ?? '', 'reject');
    await rowOf(page, 'refused').getByText('Rejected').waitFor();
    await app.answer(deleted ?? '', 'delete');
    await page.getByRole('rowheader', { name: 'deleted' }).waitFor({ state: 'detached' });
    await page.getByRole('heading', { name: '(2 selected of 2)' }).waitFor();

    await rowOf(page, 'refused').getByRole('checkbox').click();
    await page.getByRole('rowheader', { name: 'refused' }).waitFor({ state: 'detached' });
    await page.getByRole('heading', { name: '(1 selected of 1)' }).waitFor();
    await page.getByRole('button', { name: 'Accept', exact: true }).click();
    await page.getByText('other accepted').waitFor();
    expect(await app.statusOf(other ?? '')).toBe('CONNECTED');
  });

  it('keep the preferences of a reader in the browser', async () => {
    const page = await browser.open();
    await openView(page, `${app.console}/received?account=${MANAGEMENT}`);
    await page.getByRole('button', { name: 'Preferences' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('radio', { name: '50 rows' }).click();
    await dialog.getByRole('checkbox', { name: 'Tags' }).click();
    await dialog.getByRole('button', { name: 'Confirm' }).click();
    await page.getByRole('columnheader', { name: 'Tags' }).waitFor({ state: 'detached' });
    await page.getByRole('rowheader', { name: 'env-20' }).waitFor();
    await openView(page, `${app.console}/received?account=${MANAGEMENT}`);
    await page.getByRole('rowheader', { name: 'env-20' }).waitFor();
    expect(await page.getByRole('columnheader', { name: 'Tags' }).count()).toBe(0);
  });

  it('open a connection’s tab by its address', async () => {
    const page = await browser.open(
      `${app.console}/connections/${ids[10] ?? ''}/history?account=${MANAGEMENT}`,
    );
    await drawerOf(page, 'env-11').getByText('Requested').waitFor();
    await page.getByRole('tab', { name: 'Trust policy' }).click();
    await page.waitForURL(/\/trust\?/);
    await page.goBack();
    await drawerOf(page, 'env-11').getByRole('tab', { name: 'History', selected: true }).waitFor();
    expect(page.url()).toContain('/history?');
  });
});
