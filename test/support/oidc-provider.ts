import { createServer, type RequestListener } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

import type { KoaContextWithOIDC, Provider } from 'oidc-provider';

export interface OidcProvider {
  readonly issuer: string;
  /** Environment variables of a server that takes its tokens, and whose console signs in there. */
  readonly environment: Readonly<Record<string, string>>;
  /** Allows the console at this origin to sign people in. */
  readonly register: (consoleOrigin: string) => Promise<void>;
  readonly stop: () => Promise<void>;
}

const CLIENT_ID = 'console';
const AUDIENCE = 'proton-subgraph';
const LOGIN_PATH = '/login/';

/** Starts an OpenID Connect provider in this process. Everyone who is sent to its login page is signed in as `alice` at once. */
export async function startOidcProvider(accounts: Readonly<Record<string, unknown>>): Promise<OidcProvider> {
  // It warns that its keys and its store are not for production.
  const quiet = [jest.spyOn(console, 'warn'), jest.spyOn(console, 'info')];
  for (const spy of quiet) spy.mockReturnValue();
  let handle: RequestListener = (_request, response) => response.writeHead(503).end();
  const server = createServer((request, response) => {
    handle(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return {
    issuer,
    environment: {
      AUTH_JWT_ISSUER: issuer,
      AUTH_JWT_AUDIENCE: AUDIENCE,
      AUTH_JWKS_URL: `${issuer}/jwks`,
      AUTH_JWKS_RETRY_MS: '50',
      CONSOLE_OIDC_CLIENT_ID: CLIENT_ID,
      CONSOLE_OIDC_AUDIENCE: AUDIENCE,
    },
    async register(consoleOrigin) {
      handle = await providerFor(issuer, `${consoleOrigin}/console/signed-in`, accounts);
    },
    async stop() {
      for (const spy of quiet) spy.mockRestore();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function providerFor(
  issuer: string,
  redirectUri: string,
  accounts: Readonly<Record<string, unknown>>,
): Promise<RequestListener> {
  const oidc = await import('oidc-provider');
  const provider: Provider = new oidc.Provider(issuer, {
    clients: [
      {
        client_id: CLIENT_ID,
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
    ],
    clientBasedCORS: () => true,
    cookies: { keys: ['a-key-for-cookies'] },
    extraTokenClaims: () => ({ aws_accounts: accounts }),
    features: {
      devInteractions: { enabled: false },
      // Access tokens are JWTs for one audience.
      resourceIndicators: {
        enabled: true,
        defaultResource: () => AUDIENCE_URI,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: '',
          audience: AUDIENCE,
          accessTokenFormat: 'jwt',
          accessTokenTTL: 600,
        }),
      },
    },
    findAccount: (_context: KoaContextWithOIDC, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id }),
    }),
    interactions: { url: (_context, { uid }) => `${LOGIN_PATH}${uid}` },
    loadExistingGrant: async (context) => {
      const grant = new provider.Grant({
        accountId: context.oidc.session?.accountId ?? '',
        clientId: context.oidc.client?.clientId ?? '',
      });
      grant.addOIDCScope('openid');
      grant.addResourceScope(AUDIENCE_URI, '');
      await grant.save();
      return grant;
    },
    pkce: { required: () => true },
    ttl: { Session: 3_600, Interaction: 600, Grant: 3_600, IdToken: 600 },
  });
  const callback = provider.callback();
  return (request, response) => {
    if (request.url?.startsWith(LOGIN_PATH) === true)
      void provider.interactionFinished(request, response, { login: { accountId: 'alice' } });
    else void callback(request, response);
  };
}

/** What a resource must be: a URI. */
const AUDIENCE_URI = 'urn:proton-subgraph';
