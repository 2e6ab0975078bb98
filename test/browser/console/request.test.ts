import type { Locator, Page } from 'playwright-core';

import { describeInBrowser } from '../../support/browser';
import {
  drawerOf,
  ENVIRONMENT,
  MANAGEMENT,
  openView,
  startConsole,
  type ConsoleApp,
} from '../../support/console';

describeInBrowser('Request to connect', (browser) => {
  let app: ConsoleApp;
  beforeAll(async () => {
    app = await startConsole();
  });
  afterAll(() => app.stop());

  it('shows every broken rule at its field in the words of the server, and keeps what was typed', async () => {
    const page = await browser.open();
    await openView(page, `${app.console}/request?account=${ENVIRONMENT}&managementAccountId=12`);
    await page.getByLabel('Environment name').fill('a b');
    await page.getByLabel('CloudFormation role').fill('no-arn');
    await page.getByRole('button', { name: 'Add tag' }).click();
    await page.getByLabel('Key').fill('aws:reserved');
    await page.getByLabel('Value').fill('kept');
    await page.getByLabel('Value').press('Enter');

    const wrong = page.locator('[aria-invalid="true"]');
    await wrong.first().waitFor();
    expect(await wrong.count()).toBe(4);
    for (const label of ['Management account', 'Environment name', 'CloudFormation role', 'Key']) {
      const field = page.getByLabel(label, { exact: true });
      expect(await field.getAttribute('aria-invalid')).toBe('true');
      expect(await descriptionOf(page, field)).toMatch(/12 digits|letters|ARN|aws:/);
    }
    await page.getByLabel('Management account').and(page.locator(':focus')).waitFor();
    expect(await page.getByLabel('Value').inputValue()).toBe('kept');
    expect(await page.getByLabel('Environment name').inputValue()).toBe('a b');
  });

  it('shows broken rules at the fields of the trust policies page too, until they are kept', async () => {
    const page = await browser.open();
    await openView(page, `${app.console}/trust-policies?account=${ENVIRONMENT}&managementAccountId=12`);
    await page.getByLabel('Environment name').fill('a b');
    await page.getByLabel('Provisioner role').fill('arn:aws:iam::111111111111:role/*');
    await page.getByText('3 values are not valid.').waitFor();
    const rules = {
      'Management account': '12 digits',
      'Environment name': 'letters',
      'Provisioner role': 'without wildcards',
    };
    for (const [label, rule] of Object.entries(rules)) {
      const field = page.getByLabel(label, { exact: true });
      expect(await field.getAttribute('aria-invalid')).toBe('true');
      expect(await descriptionOf(page, field)).toContain(rule);
    }
    expect(await page.getByLabel('Environment account').getAttribute('aria-invalid')).not.toBe('true');

    await page.getByLabel('Management account').fill(MANAGEMENT);
    await page.getByLabel('Environment name').fill('payments-prod');
    await page.getByLabel('Provisioner role').fill('provisioner');
    await page.getByText('ManagementAccountProvisions').first().waitFor();
    expect(await page.locator('[aria-invalid="true"]').count()).toBe(0);
  });

  it('makes one connection when the answer is lost and the form is sent again', async () => {
    const page = await browser.open(undefined, { expected: [/Failed to load resource.*|ERR_FAILED/] });
    await openView(page, `${app.console}/request?account=${ENVIRONMENT}&managementAccountId=${MANAGEMENT}`);
    await page.getByLabel('Environment name').fill('sent-twice');
    // The first request arrives at the server. Its answer does not arrive at the page.
    let lost = false;
    await page.route('**/graphql', async (route) => {
      if (lost || !route.request().postData()?.includes('RequestToConnect')) {
        await route.fallback();
        return;
      }
      lost = true;
      await route.fetch();
      await route.abort();
    });
    await page.getByLabel('Environment name').press('Enter');
    await page.getByText('The server did not respond').first().waitFor();
    // It notices by itself that the server is there.
    await page.getByText('Live', { exact: true }).waitFor();
    await page.getByLabel('Environment name').press('Enter');
    await drawerOf(page, 'sent-twice').getByRole('button', { name: 'Delete' }).waitFor();
    await page.getByRole('heading', { name: 'Requests sent (1)' }).waitFor();
    expect(await page.getByRole('rowheader').allInnerTexts()).toEqual(['sent-twice']);
  });

  it('leads to the connection that is in the way of a request', async () => {
    const id = await app.request({ environmentName: 'exists' });
    const page = await browser.open();
    await openView(page, `${app.console}/request?account=${ENVIRONMENT}&managementAccountId=${MANAGEMENT}`);
    await page.getByLabel('Environment name').fill('exists');
    await page.getByLabel('Environment name').press('Enter');
    await page.getByRole('link', { name: 'Open the connection that exists' }).click();
    await drawerOf(page, 'exists').getByRole('tab', { name: 'Details' }).waitFor();
    expect(page.url()).toContain(id);
  });
});

/** What a screen reader reads with a field. */
async function descriptionOf(page: Page, field: Locator): Promise<string> {
  const ids = ((await field.getAttribute('aria-describedby')) ?? '').split(' ');
  const texts = await page.locator(ids.map((id) => `[id="${id}"]`).join(', ')).allInnerTexts();
  return texts.join(' ');
}
