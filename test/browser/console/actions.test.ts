import type { Page } from 'playwright-core';

import { describeInBrowser } from '../../support/browser';
import { dataOf } from '../../support/graphql-client';
import { drawerOf, MANAGEMENT, openView, rowOf, startConsole, type ConsoleApp } from '../../support/console';

describeInBrowser('The actions of the console', (browser) => {
  let app: ConsoleApp;
  beforeAll(async () => {
    app = await startConsole();
  });
  afterAll(() => app.stop());

  /** Has the next request to accept answered by something else. */
  async function answerAcceptWith(
    page: Page,
    answer: { readonly status?: number; readonly body?: object } | 'cut',
  ): Promise<void> {
    await page.route('**/graphql', async (route) => {
      if (!route.request().postData()?.includes('AcceptConnection')) {
        await route.fallback();
      } else if (answer === 'cut') {
        await route.abort();
      } else {
        // Late enough to see what the page shows before the answer.
        await rowOf(page, 'optimistic').getByText('Connected').waitFor();
        const { status = 200, body = {} } = answer;
        await route.fulfill({ status, contentType: 'application/json', body: JSON.stringify(body) });
      }
    });
  }

  it.each([
    {
      failure: 'CONFLICT',
      answer: {
        body: {
          data: {
            outcome: {
              __typename: 'AcceptEnvironmentAccountConnectionPayload',
              data: null,
              error: {
                __typename: 'EnvironmentAccountConnectionError',
                code: 'CONFLICT',
                message: 'It is rejected.',
                violations: [],
              },
            },
          },
        },
      },
      message: 'It is rejected.',
    },
    {
      failure: 'status 503',
      answer: {
        status: 503,
        body: { errors: [{ message: 'Too much to do.', extensions: { code: 'OVERLOADED' } }] },
      },
      message: 'Too much to do.',
    },
    { failure: 'a cut connection', answer: 'cut', message: 'The server did not respond' },
  ] as const)(
    'take an acceptance back when it fails with $failure, and say why once',
    async ({ answer, message }) => {
      const id = await app.request({ environmentName: 'optimistic' });
      const page = await browser.open(undefined, { expected: [/Failed to load resource/] });
      await openView(page, `${app.console}/received?account=${MANAGEMENT}`);
      await answerAcceptWith(page, answer);
      await rowOf(page, 'optimistic').getByRole('checkbox').click();
      await page.getByRole('button', { name: 'Accept', exact: true }).click();
      await page.getByRole('alert').getByText(message).waitFor();
      await rowOf(page, 'optimistic').getByText('Pending').waitFor();
      expect(await page.getByText(message).count()).toBe(1);
      expect(await app.statusOf(id)).toBe('PENDING');
      await app.answer(id, 'delete');
    },
  );

  it('reject for good only after a dialog that names what it is about; there is no Accept afterwards', async () => {
    const id = await app.request({ environmentName: 'unwanted', environmentAccountId: '333333333333' });
    const page = await browser.open();
    await openView(page, `${app.console}/connections/${id}/details?account=${MANAGEMENT}`);
    const drawer = drawerOf(page, 'unwanted');
    await drawer.getByRole('button', { name: 'Reject' }).click();
    const dialog = page.getByRole('dialog');
    const text = await dialog.innerText();
    for (const part of ['unwanted', '333333333333', MANAGEMENT, 'for good']) expect(text).toContain(part);
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'hidden' });
    expect(await app.statusOf(id)).toBe('PENDING');

    await drawer.getByRole('button', { name: 'Reject' }).click();
    await dialog.getByRole('button', { name: 'Reject' }).click();
    await page.getByText('unwanted rejected for good').waitFor();
    const accept = drawer.getByRole('button', { name: 'Accept' });
    expect(await accept.getAttribute('aria-disabled')).toBe('true');
    const description = page.locator(`[id="${(await accept.getAttribute('aria-describedby')) ?? ''}"]`);
    expect(await description.textContent()).toContain('It was refused for good');
    expect(await app.statusOf(id)).toBe('REJECTED');
  });

  it('reject pending and connected requests together only after a dialog that names both losses', async () => {
    const account = '666666666666';
    for (const environmentName of ['to-reject', 'to-withdraw'])
      await app.request({ environmentName, managementAccountId: account });
    const page = await browser.open();
    await openView(page, `${app.console}/received?account=${account}`);
    await rowOf(page, 'to-withdraw').getByRole('checkbox').click();
    await page.getByRole('button', { name: 'Accept', exact: true }).click();
    await rowOf(page, 'to-withdraw').getByText('Connected').waitFor();
    await page.getByRole('checkbox', { name: 'Select all' }).click();
    await page.getByRole('button', { name: 'Reject', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Reject 2 connections?' });
    expect(await dialog.innerText()).toMatch(/None can be accepted later[^]*can no longer provision/);
    await dialog.getByRole('button', { name: 'Reject' }).click();
    await page.getByText('2 connections rejected for good').waitFor();
  });

  it('copy a trust policy, byte for byte as GraphQL gives it', async () => {
    const roleArn = 'arn:aws:iam::222222222222:role/cfn';
    const id = await app.request({ environmentName: 'copied', roleArn });
    const { connection } = await dataOf<{ connection: { trustPolicies: { document: string }[] } }, unknown>(
      app.graphql,
      `{ connection: environmentAccountConnection(id: "${id}") { trustPolicies { document } } }`,
    );
    const page = await browser.open(undefined, {
      context: { permissions: ['clipboard-read', 'clipboard-write'] },
    });
    await openView(page, `${app.console}/connections/${id}/trust`);
    await page.getByRole('button', { name: 'Copy trust policy: Trust policy for CloudFormation' }).click();
    await page.getByText('Copied', { exact: true }).waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(connection.trustPolicies[0]?.document);
  });

  it('change roles and tags, and delete', async () => {
    const id = await app.request({
      environmentName: 'changing',
      tags: [
        { key: 'stays', value: '1' },
        { key: 'goes', value: '2' },
      ],
    });
    const page = await browser.open();
    await openView(page, `${app.console}/connections/${id}/details?from=sent`);
    const drawer = drawerOf(page, 'changing');

    await drawer.getByRole('button', { name: 'Update roles' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Component role').fill('wrong');
    await dialog.getByLabel('Component role').press('Enter');
    await dialog.locator('[aria-invalid="true"]').and(dialog.locator(':focus')).waitFor();
    await dialog.getByLabel('Component role').fill('arn:aws:iam::222222222222:role/component');
    await dialog.getByLabel('Component role').press('Enter');
    await drawer.getByText('arn:aws:iam::222222222222:role/component').waitFor();

    await drawer.getByRole('button', { name: 'Edit tags' }).click();
    await dialog.getByRole('button', { name: 'Remove the tag goes' }).click();
    await dialog.getByRole('button', { name: 'Add tag' }).click();
    await dialog.getByLabel('Key').last().fill('new');
    await dialog.getByLabel('Value').last().fill('3');
    await dialog.getByRole('button', { name: 'Save tags' }).click();
    await rowOf(page, 'changing').getByText('stays=1, new=3').waitFor();

    await drawer.getByRole('button', { name: 'Delete' }).click();
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await page.getByText('changing deleted').waitFor();
    await page.getByRole('rowheader', { name: 'changing' }).waitFor({ state: 'detached' });
    expect(await app.statusOf(id)).toBeUndefined();
  });
});
