import { describeInBrowser } from '../../support/browser';
import {
  drawerOf,
  ENVIRONMENT,
  MANAGEMENT,
  openView,
  rowOf,
  startConsole,
  type ConsoleApp,
} from '../../support/console';

describeInBrowser('The first steps in the console', (browser) => {
  let app: ConsoleApp;
  beforeAll(async () => {
    app = await startConsole();
  });
  afterAll(() => app.stop());

  it('lead from an empty list to a connection in six clicks, without a reload', async () => {
    const page = await browser.open();
    await openView(page, new URL('/', app.console).href);
    let loads = 0;
    page.on('load', () => (loads += 1));

    await page.getByRole('button', { name: 'Request to connect' }).click();
    await page.getByLabel('Management account').fill(MANAGEMENT);
    await page.getByLabel('Environment account').fill(ENVIRONMENT);
    await page.getByLabel('Environment name').fill('payments-prod');
    await page.getByLabel('Environment name').press('Enter');
    await drawerOf(page, 'payments-prod').getByRole('tab', { name: 'Details' }).waitFor();

    await page.getByRole('button', { name: 'All accounts' }).click();
    await page.getByRole('menuitem', { name: MANAGEMENT }).click();
    await page.getByRole('link', { name: 'Requests received' }).click();
    await page.getByRole('link', { name: 'payments-prod' }).click();
    await drawerOf(page, 'payments-prod').getByRole('button', { name: 'Accept' }).click();

    await rowOf(page, 'payments-prod').getByText('Connected').waitFor();
    await page.getByRole('button', { name: `Acting as ${MANAGEMENT}` }).waitFor();
    expect(loads).toBe(0);
  });

  it('can all be done with the keyboard, and the focus returns to where it was', async () => {
    const id = await app.request({ environmentName: 'by-keyboard' });
    const page = await browser.open();
    await openView(page, `${app.console}/received?account=${MANAGEMENT}`);

    await page.getByRole('link', { name: 'by-keyboard' }).press('Enter');
    const drawer = drawerOf(page, 'by-keyboard');
    await drawer.getByRole('button', { name: 'Close' }).and(page.locator(':focus')).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await drawer.getByRole('button', { name: 'Reject' }).and(page.locator(':focus')).waitFor();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    // On what has the focus first, Enter does nothing but close the dialog.
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'hidden' });
    expect(await app.statusOf(id)).toBe('PENDING');
    await drawer.getByRole('button', { name: 'Reject' }).and(page.locator(':focus')).waitFor();

    await page.keyboard.press('Shift+Tab');
    await page.keyboard.press('Enter');
    await rowOf(page, 'by-keyboard').getByText('Connected').waitFor();
    await drawer.getByRole('button', { name: 'Close' }).press('Enter');
    await page.getByRole('link', { name: 'by-keyboard' }).and(page.locator(':focus')).waitFor();
  });

  it('lead the focus to the next view, to a tag that is added, and to the heading after a deletion', async () => {
    const page = await browser.open();
    await openView(page, `${app.console}/overview?account=${ENVIRONMENT}`);
    await page.getByRole('button', { name: 'Request to connect' }).press('Enter');
    const heading = page.getByRole('heading', { level: 1 });
    await heading.and(page.locator(':focus')).waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.type(MANAGEMENT);
    await page.keyboard.press('Tab');
    await page.keyboard.type('soon-deleted');
    await page.getByRole('button', { name: 'Add tag' }).press('Enter');
    await page.getByLabel('Key').and(page.locator(':focus')).waitFor();
    await page.keyboard.type('team');
    await page.keyboard.press('Enter');

    const drawer = drawerOf(page, 'soon-deleted');
    await drawer.getByRole('button', { name: 'Close' }).and(page.locator(':focus')).waitFor();
    await drawer.getByRole('button', { name: 'Delete' }).press('Enter');
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).press('Enter');
    await page.getByText('soon-deleted deleted').waitFor();
    await heading.and(page.locator(':focus')).waitFor();
    expect(await heading.innerText()).toContain('Requests sent');
  });
});
