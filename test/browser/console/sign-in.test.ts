import { Writable } from 'node:stream';

import { pino } from 'pino';
import type { BrowserContext, Page, Request } from 'playwright-core';

import { startApp, type RunningApp } from '../../support/app';
import { describeInBrowser } from '../../support/browser';
import { startOidcProvider, type OidcProvider } from '../../support/oidc-provider';

/** Chromium writes a line for the answer that says that there is no session. */
const EXPECTED = { expected: [/^console\.error: Failed to load resource: .*401/] };

const signInButton = (page: Page) => page.getByRole('button', { name: 'Sign in', exact: true });
const received = (page: Page) => page.getByRole('heading', { name: 'Requests received', level: 1 });

describeInBrowser('Signing in to the console with OpenID Connect', (browser) => {
  let provider: OidcProvider;
  let app: RunningApp;
  let log = '';
  beforeAll(async () => {
    provider = await startOidcProvider({ '111111111111': ['read', 'write', 'approve'] });
    // The server fetches the keys when it starts.
    await provider.register('http://127.0.0.1:1');
    const lines = new Writable({
      write(chunk, _encoding, done) {
        log += String(chunk);
        done();
      },
    });
    app = await startApp(provider.environment, pino({ level: 'trace' }, lines));
    await provider.register(new URL(app.url).origin);
  });
  afterAll(() => Promise.all([app.stop(), provider.stop()]));

  /** Opens an address without a session at the provider, and signs in there. */
  async function signIn(
    path: string,
    watch: (context: BrowserContext) => void = () => undefined,
  ): Promise<Page> {
    const context = await browser.openContext(EXPECTED);
    watch(context);
    const page = await context.newPage();
    await page.clock.install();
    await page.goto(`${app.console ?? ''}${path}`);
    await signInButton(page).click();
    return page;
  }

  it('uses a code with PKCE, leads back to the address that was opened, and leaves the token in memory alone', async () => {
    const requests: Request[] = [];
    const page = await signIn('/received?status=PENDING', (context) => {
      context.on('request', (request) => requests.push(request));
    });
    await received(page).waitFor();
    expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe(
      '/console/received?status=PENDING',
    );
    const authorization = requests
      .map((request) => new URL(request.url()))
      .filter(({ pathname }) => pathname === '/auth');
    expect(authorization.length).toBeGreaterThan(0);
    for (const { searchParams } of authorization) {
      expect(Object.fromEntries(searchParams)).toMatchObject({
        response_type: 'code',
        code_challenge_method: 'S256',
        code_challenge: expect.stringMatching(/^[\w-]{43}$/) as unknown,
        state: expect.stringMatching(/./) as unknown,
        nonce: expect.stringMatching(/./) as unknown,
        scope: 'openid',
        audience: 'proton-subgraph',
      });
    }
    const exchange = requests.find(
      (request) => request.method() === 'POST' && request.url().endsWith('/token'),
    );
    expect(new URLSearchParams(exchange?.postData() ?? '').get('code_verifier')).toMatch(/^[\w.~-]{43,}$/);

    // The token is in headers alone.
    const sent = await Promise.all(requests.map((request) => request.allHeaders()));
    const [token = ''] = sent.flatMap(
      ({ authorization = '' }) => /^Bearer (.{40,})$/.exec(authorization)?.slice(1) ?? [],
    );
    expect(token.split('.')).toHaveLength(3);
    const signature = token.split('.')[2] ?? '';
    const state = await page.context().storageState();
    const storage = await page.evaluate<string>(
      'JSON.stringify([localStorage, sessionStorage, document.cookie])',
    );
    const senders = sent.map(({ referer = '' }) => referer);
    const urls = requests.map((request) => request.url());
    for (const place of [JSON.stringify(state), storage, page.url(), ...urls, ...senders, log])
      expect(place.includes(signature)).toBe(false);
    // The requests were logged.
    expect(log).toContain('"subject":"alice"');
  });

  it('refuses an answer whose state this browser did not send, and one with another nonce', async () => {
    const forged = await browser.open(undefined, EXPECTED);
    await forged.goto(`${app.console ?? ''}/signed-in?code=stolen&state=forged`);
    await forged.getByText('Signing in failed').waitFor();

    const page = await signIn('/received', (context) => {
      void context.route('**/token', async (route) => {
        const response = await route.fetch();
        const tokens = (await response.json()) as { id_token: string };
        await route.fulfill({ response, json: { ...tokens, id_token: withOtherNonce(tokens.id_token) } });
      });
    });
    await page.getByText(/nonce/i).waitFor();
    expect(await received(page).count()).toBe(0);
  });

  it('says why when the server refuses the issuer’s tokens, and does not come and go for ever', async () => {
    let trips = 0;
    const page = await signIn('/received', (context) => {
      context.on('request', (request) => (trips += Number(new URL(request.url()).pathname === '/auth')));
      const body = JSON.stringify({ errors: [{ message: 'The token is for another audience.' }] });
      void context.route('**/graphql', (route) => route.fulfill({ status: 401, body }));
    });
    await page.getByRole('dialog').getByText('The token is for another audience.').waitFor();
    // One without a click when the page was opened, and one with it.
    expect(trips).toBe(2);
  });

  it('again brings back what was typed into a form or a dialog', async () => {
    const page = await signIn('/request?managementAccountId=222222222222');
    await page.getByLabel('Environment name').fill('typed-before');
    const again = page.getByRole('dialog', { name: 'Sign in again' });
    /** Lets the token expire, and resolves when the page is back from the issuer. */
    const expire = async () => {
      await page.clock.fastForward('00:11:00');
      const back = page.waitForResponse('**/token');
      await again.getByRole('button', { name: 'Sign in' }).click();
      await back;
    };
    await expire();
    await page.getByLabel('Environment name').press('Enter');

    await page
      .getByRole('region', { name: 'typed-before' })
      .getByRole('button', { name: 'Edit tags' })
      .click();
    const dialog = page.getByRole('dialog', { name: 'Edit tags' });
    await dialog.getByRole('button', { name: 'Add tag' }).click();
    await dialog.getByLabel('Key').fill('team');
    await expire();
    await dialog.getByLabel('Value').fill('payments');
    expect(await dialog.getByLabel('Key').inputValue()).toBe('team');
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
    await dialog.getByLabel('Value').press('Enter');
    await page.getByText('team = payments').waitFor();
  });

  it('is repeated when the token has expired, and leads back to the same address', async () => {
    const page = await signIn('/received?status=PENDING');
    await received(page).waitFor();
    const again = page.waitForRequest((request) => request.url().includes('prompt=none'));
    await page.clock.fastForward('00:11:00');
    await again;
    await page.waitForURL('**/console/received?status=PENDING');
    await received(page).waitFor();
    expect(await signInButton(page).count()).toBe(0);
  });
});

function withOtherNonce(idToken: string): string {
  const [header = '', payload = '', signature = ''] = idToken.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
  const changed = Buffer.from(JSON.stringify({ ...claims, nonce: 'another' })).toString('base64url');
  return [header, changed, signature].join('.');
}
