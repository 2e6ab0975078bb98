import { z } from 'zod';

import {
  hostName,
  isLoopback,
  isTrustworthyUrl,
  isUrlForPolicy,
  listOf,
  oneOf,
  quoted,
  quotedUnlessCredentials,
  wholeNumber,
} from './env-types';
import type { Environment, Variables } from './environment';

/** The variables of the console and the explorer: a section of the table in `environment.ts`. */
export const CONSOLE = {
  CONSOLE: oneOf(['auto', 'on', 'off'])
    .default('auto')
    .describe(
      'Whether `/console` is served on `PORT`. `auto`: outside production. Never where a router must authenticate: nothing else is answered there. `off` serves neither console nor explorer, and `npm run build` then builds neither.',
    ),
  CONSOLE_PORT: wholeNumber(0, 65_535)
    .optional()
    .describe(
      'Port of a listener for the console’s files alone, without `/graphql`. `0` takes a free port. Needs `CONSOLE_GRAPHQL_URL`.',
    ),
  CONSOLE_HOST: hostName
    .optional()
    .meta({ description: 'Address of `CONSOLE_PORT`.', shownDefault: '`HOST`' }),
  CONSOLE_GRAPHQL_URL: z
    .string()
    .refine((value) => isUrlForPolicy(value) && !value.includes('#'), {
      error: ({ input }) =>
        `must be an http or https URL without credentials, as in https://gateway.example.com/graphql${quotedUnlessCredentials(input)}`,
    })
    .optional()
    .meta({
      description:
        'URL of the gateway, as browsers reach it. Its CORS settings must name the console’s origin.',
      shownDefault: '`/graphql` on `PORT`',
    }),
  CONSOLE_OIDC_CLIENT_ID: z
    .string()
    .optional()
    .describe(
      'Id of a public client at the issuer. Turns on sign-in with OpenID Connect (authorization code with PKCE). Without it users paste a token.',
    ),
  CONSOLE_OIDC_ISSUER: z
    .string()
    .refine((value) => isUrlForPolicy(value) && isTrustworthyUrl(value), {
      error: ({ input }) =>
        `must be an https URL, or an http URL on loopback, without credentials${quotedUnlessCredentials(input)}`,
    })
    .optional()
    .meta({ description: 'The issuer: https, or http on loopback.', shownDefault: '`AUTH_JWT_ISSUER`' }),
  CONSOLE_OIDC_SCOPE: z
    .string()
    .refine((value) => SCOPE.test(value) && value.split(' ').includes('openid'), {
      error: ({ input }) =>
        `must be scopes with a space between them, one of them openid, not ${quoted(input)}`,
    })
    .default('openid')
    .describe('Scopes to ask for, separated by spaces.'),
  CONSOLE_OIDC_AUDIENCE: z
    .string()
    .optional()
    .describe('Sent to the issuer as `audience`, for issuers that need it to issue a token for an API.'),
  CONSOLE_OIDC_ORIGINS: listOf(
    z
      .string()
      .refine(
        (value) => isUrlForPolicy(value) && isTrustworthyUrl(value) && new URL(value).origin === value,
        {
          error: ({ input }) =>
            `must be https origins, as in https://login.example.com, or http ones on loopback, not ${quoted(input)}`,
        },
      ),
  )
    .optional()
    .describe(
      'Origins of the issuer’s endpoints where they differ from the issuer’s, comma-separated. The page may connect to no other.',
    ),
};

/** `scope` of RFC 6749, section 3.3. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/;

/** How people sign in to the console. */
export type SignInConfig =
  | { readonly kind: 'none' | 'token' }
  | {
      readonly kind: 'oidc';
      readonly issuer: string;
      readonly clientId: string;
      readonly scope: string;
      readonly audience: string | undefined;
      /** Origins that the page may connect to, in addition to the issuer's. */
      readonly origins: readonly string[];
    };

export interface ConsoleConfig {
  /** Whether the GraphQL server serves it. */
  readonly onGraphqlPort: boolean;
  /** The listener for its files alone; undefined when there is none. */
  readonly listener:
    { readonly host: string; readonly port: number; readonly checkHostHeader: boolean } | undefined;
  /** Undefined: `/graphql` of the same origin. */
  readonly graphqlUrl: string | undefined;
  readonly signIn: SignInConfig;
}

/** @param authenticated whether the router or users must authenticate */
export function consoleConfig(variables: Variables, authenticated: boolean): ConsoleConfig {
  const { CONSOLE: mode, CONSOLE_PORT: port, NODE_ENV, ROUTER_SECRET, ROUTER_ACCESS_KEY_IDS } = variables;
  const host = variables.CONSOLE_HOST ?? variables.HOST;
  const forRouterAlone = ROUTER_SECRET !== undefined || ROUTER_ACCESS_KEY_IDS !== undefined;
  return {
    onGraphqlPort: !forRouterAlone && (mode === 'on' || (mode === 'auto' && NODE_ENV !== 'production')),
    listener:
      port === undefined
        ? undefined
        : {
            host,
            port,
            checkHostHeader: !authenticated && variables.ALLOW_UNAUTHENTICATED !== 'true' && isLoopback(host),
          },
    graphqlUrl: variables.CONSOLE_GRAPHQL_URL,
    signIn: signInConfig(variables, authenticated),
  };
}

function signInConfig(variables: Variables, authenticated: boolean): SignInConfig {
  const { CONSOLE_OIDC_CLIENT_ID: clientId, CONSOLE_OIDC_ISSUER, AUTH_JWT_ISSUER } = variables;
  if (clientId === undefined) return { kind: authenticated ? 'token' : 'none' };
  const issuer = CONSOLE_OIDC_ISSUER ?? AUTH_JWT_ISSUER;
  if (issuer === undefined) throw new Error('consoleMistakes() must reject a client without an issuer');
  return {
    kind: 'oidc',
    issuer,
    clientId,
    scope: variables.CONSOLE_OIDC_SCOPE,
    audience: variables.CONSOLE_OIDC_AUDIENCE,
    origins: variables.CONSOLE_OIDC_ORIGINS ?? [],
  };
}

/** Variables without effect unless people sign in with OpenID Connect. */
const OIDC_SETTINGS = [
  'CONSOLE_OIDC_ISSUER',
  'CONSOLE_OIDC_SCOPE',
  'CONSOLE_OIDC_AUDIENCE',
  'CONSOLE_OIDC_ORIGINS',
] as const;

/** Conflicts between the console's variables. */
export function consoleMistakes(environment: Environment): readonly string[] {
  return [...listenerMistakes(environment), ...oidcMistakes(environment)];
}

function listenerMistakes(environment: Environment): readonly string[] {
  const { CONSOLE: mode, CONSOLE_PORT, CONSOLE_HOST, CONSOLE_GRAPHQL_URL } = environment;
  const mistakes: string[] = [];
  if (CONSOLE_PORT === undefined) {
    if (CONSOLE_HOST !== undefined)
      mistakes.push('CONSOLE_HOST has no effect until CONSOLE_PORT is set. Set it, or unset CONSOLE_HOST.');
    return mistakes;
  }
  if (mode === 'off') mistakes.push('CONSOLE_PORT is set, and CONSOLE is off: unset one of them.');
  if (CONSOLE_GRAPHQL_URL === undefined)
    mistakes.push('CONSOLE_PORT needs CONSOLE_GRAPHQL_URL: there is no /graphql on that port.');
  return mistakes;
}

function oidcMistakes(environment: Environment): readonly string[] {
  const { CONSOLE_OIDC_CLIENT_ID, CONSOLE_OIDC_ISSUER, AUTH_JWT_ISSUER } = environment;
  if (CONSOLE_OIDC_CLIENT_ID === undefined) {
    return OIDC_SETTINGS.filter((name) => environment[name] !== undefined).map(
      (name) => `${name} has no effect until CONSOLE_OIDC_CLIENT_ID is set. Set it, or unset ${name}.`,
    );
  }
  if (CONSOLE_OIDC_ISSUER !== undefined) return [];
  if (AUTH_JWT_ISSUER === undefined)
    return ['CONSOLE_OIDC_CLIENT_ID needs an issuer: set CONSOLE_OIDC_ISSUER, or AUTH_JWT_ISSUER.'];
  if (isUrlForPolicy(AUTH_JWT_ISSUER) && isTrustworthyUrl(AUTH_JWT_ISSUER)) return [];
  return [
    'CONSOLE_OIDC_CLIENT_ID needs an issuer with an https URL, or an http URL on loopback, and AUTH_JWT_ISSUER is none: set CONSOLE_OIDC_ISSUER.',
  ];
}
