import type { Page, Request } from 'playwright-core';

import { bearer, createKeys, tokenOf, useKeyFile } from '../../authentication/issuer';
import { describeInBrowser } from '../../support/browser';
import {
  drawerOf,
  ENVIRONMENT,
  MANAGEMENT,
  openView,
  startConsole,
  type ConsoleApp,
} from '../../support/console';
import { request } from '../../support/graphql-client';

const KEYS = createKeys('ES256');
const FOREIGN = '999999999999';

/** What each button of the drawer sends. */
const ACTIONS: Readonly<Record<string, string>> = {
  Accept: 'acceptEnvironmentAccountConnection(input: { id: $id })',
  'Update roles': `updateEnvironmentAccountConnection(input: { id: $id, roleArn: "arn:aws:iam::${ENVIRONMENT}:role/new" })`,
  'Edit tags': 'tagEnvironmentAccountConnection(input: { id: $id, tags: [{ key: "a", value: "b" }] })',
  Delete: 'deleteEnvironmentAccountConnection(input: { id: $id })',
  Reject: 'rejectEnvironmentAccountConnection(input: { id: $id })',
};

describeInBrowser('The console with a token', (browser) => {
  const keyFile = useKeyFile(KEYS);
  let app: ConsoleApp;
  let everything: Readonly<Record<string, string>>;
  beforeAll(async () => {
    everything = bearer(await tokenOf(KEYS, { claims: { aws_accounts: ['*'] } }));
    app = await startConsole(keyFile);
  });
  afterAll(() => app.stop());

  async function requestAs(environmentName: string, managementAccountId: string): Promise<string> {
    const { data } = await request<{ made: { data: { id: string } } }>(
      app.graphql,
      `mutation ($input: CreateEnvironmentAccountConnectionInput!) {
        made: createEnvironmentAccountConnection(input: $input) { data { id } }
      }`,
      { input: { environmentName, managementAccountId, environmentAccountId: ENVIRONMENT } },
      everything,
    );
    return data?.made.data.id ?? '';
  }

  async function signIn(page: Page, url: string, token: string): Promise<void> {
    await openView(page, url);
    await page.getByLabel('Access token').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }

  it.each([
    { permissions: { [MANAGEMENT]: ['read'] }, enabled: [] },
    { permissions: { [MANAGEMENT]: ['approve'] }, enabled: ['Accept', 'Reject'] },
    { permissions: { [ENVIRONMENT]: ['write'] }, enabled: ['Update roles', 'Edit tags', 'Delete'] },
  ])(
    'enables with $permissions exactly what the server then allows: $enabled',
    async ({ permissions, enabled }) => {
      const id = await requestAs('guarded', MANAGEMENT);
      const token = await tokenOf(KEYS, { claims: { aws_accounts: permissions } });
      const page = await browser.open();
      await signIn(page, `${app.console}/connections/${id}/details`, token);
      const drawer = drawerOf(page, 'guarded');
      await drawer.getByRole('tab', { name: 'Details' }).waitFor();
      const [account] = Object.keys(permissions);
      await page.getByRole('button', { name: `Acting as ${account ?? ''}` }).waitFor();

      const allowed: string[] = [];
      const shown: string[] = [];
      for (const button of Object.keys(ACTIONS)) {
        const control = drawer.getByRole('button', { name: button });
        if ((await control.getAttribute('aria-disabled')) !== 'true') shown.push(button);
        else expect(await control.getAttribute('aria-describedby')).not.toBeNull();
      }
      for (const [button, mutation] of Object.entries(ACTIONS)) {
        const { data } = await request<{ outcome: { success: boolean } }>(
          app.graphql,
          `mutation ($id: ID!) { outcome: ${mutation} { success } }`,
          { id },
          bearer(token),
        );
        if (data?.outcome.success) allowed.push(button);
      }
      expect(shown.sort()).toEqual([...enabled].sort());
      expect(allowed.sort()).toEqual([...enabled].sort());
      await request(
        app.graphql,
        `mutation { deleteEnvironmentAccountConnection(input: { id: "${id}" }) { success } }`,
        {},
        everything,
      );
    },
  );

  it('names nothing in menus, counts and suggestions that the token does not cover', async () => {
    await requestAs('secret-project', FOREIGN);
    const token = await tokenOf(KEYS, { claims: { aws_accounts: { [MANAGEMENT]: ['read'] } } });
    const page = await browser.open();
    await signIn(page, `${app.console}/received`, token);
    await page.getByText('No requests received').waitFor();
    await page.getByRole('button', { name: `Acting as ${MANAGEMENT}` }).click();
    expect(await page.getByRole('menuitem').allInnerTexts()).toEqual([MANAGEMENT]);
    await page.keyboard.press('Escape');
    await page.getByRole('combobox', { name: 'Filter connections' }).fill('e');
    await page.getByRole('option', { name: 'Environment account' }).waitFor();
    expect(await page.content()).not.toMatch(/secret-project|999999999999/);
    await page.keyboard.press('Escape');
    await page.getByRole('link', { name: 'Overview' }).click();
    await page.getByText('Nothing waits for an answer.').waitFor();
    expect(await page.content()).not.toMatch(/secret-project|999999999999/);

    await openView(page, `${app.console}/received?account=${FOREIGN}`);
    await page.getByLabel('Access token').fill(token);
    await page.getByLabel('Access token').press('Enter');
    await page.getByText(`Nothing of ${FOREIGN} is visible to you`).waitFor();
  });

  it('lists the accounts of the token when the readable accounts can not be read, and offers to read them again', async () => {
    const token = await tokenOf(KEYS, { claims: { aws_accounts: { [MANAGEMENT]: ['read'] } } });
    const page = await browser.open();
    const readsAccounts = (request: Request) =>
      request.postData()?.includes('query ReadableAccounts') === true;
    await page.route('**/graphql', (route) =>
      readsAccounts(route.request())
        ? route.fulfill({ json: { data: null, errors: [{ message: 'The store is away.' }] } })
        : route.continue(),
    );
    await signIn(page, `${app.console}/received`, token);
    await page.getByRole('button', { name: `Acting as ${MANAGEMENT}` }).click();
    await page.getByRole('menuitem', { name: 'Find an account…' }).waitFor();
    expect(await page.getByRole('menuitem').allInnerTexts()).toEqual(['Find an account…', MANAGEMENT]);
    await page.getByRole('menuitem', { name: 'Find an account…' }).click();
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^Account/ })
      .click();
    await page.getByText('The store is away.').waitFor();
    const readAgain = page.waitForRequest(readsAccounts);
    await page.getByText('Try again').click();
    await readAgain;
    await page.unroute('**/graphql');
    const found = page.getByRole('option', { name: MANAGEMENT }).waitFor();
    // The console also reads by itself, when its connection for updates opens. Then there is nothing to try again.
    await Promise.race([found, page.getByText('Try again').click()]);
    await found;
  });

  it('keeps the token in memory alone, refuses one that is no JWT or expired, and asks again when it expires', async () => {
    const page = await browser.open(undefined, { expected: [/status of 401/] });
    await page.clock.install();
    const expired = await tokenOf(KEYS, { claims: { exp: Math.floor(Date.now() / 1_000) - 60 } });
    await signIn(page, `${app.console}/sent?status=PENDING`, expired);
    await page.getByText('This token expired at').waitFor();
    await page.getByLabel('Access token').fill('no token');
    await page.getByLabel('Access token').press('Enter');
    await page.getByText('This is not a JWT').waitFor();
    expect(await page.getByLabel('Access token').getAttribute('type')).toBe('password');

    const token = await tokenOf(KEYS, {
      claims: { aws_accounts: ['*'], exp: Math.floor(Date.now() / 1_000) + 60 },
    });
    await page.getByLabel('Access token').fill(token);
    await page.getByLabel('Access token').press('Enter');
    await page.getByRole('heading', { name: 'Requests sent' }).waitFor();
    const kept = await page.evaluate<string>(
      `JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }, location.href])`,
    );
    expect(kept).not.toContain(token.slice(0, 20));

    await page.getByRole('button', { name: 'Request to connect' }).click();
    await page.getByLabel('Environment name').fill('typed-before');
    await page.clock.fastForward('01:00');
    const dialog = page.getByRole('dialog', { name: 'Sign in again' });
    await dialog.waitFor();
    await dialog.getByLabel('Access token').fill(await tokenOf(KEYS, { claims: { aws_accounts: ['*'] } }));
    await dialog.getByRole('button', { name: 'Sign in' }).click();
    await dialog.waitFor({ state: 'hidden' });
    expect(page.url()).toContain('/request');
    expect(await page.getByLabel('Environment name').inputValue()).toBe('typed-before');
    await page.getByText('Live', { exact: true }).waitFor();
  });
});
