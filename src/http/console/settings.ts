/** How people sign in. */
export type SignIn =
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

/** What the console and the explorer are configured with. */
export interface ConsoleSettings {
  /** Undefined: `/graphql` of the same origin. */
  readonly graphqlUrl: string | undefined;
  readonly signIn: SignIn;
}

/** What `config.json` says to the pages; it holds no secrets. A file of the same shape does where another web server has the pages. */
interface PageSettings {
  readonly graphqlUrl: string;
  readonly subscriptionsUrl: string;
  readonly signIn: SignIn['kind'];
  readonly issuer: string | null;
  readonly clientId: string | null;
  readonly scope: string | null;
  readonly audience: string | null;
  /** Null where there is none. */
  readonly explorerUrl: string | null;
}

/** @param explorerUrl undefined where there is none */
export function pageSettings(
  { graphqlUrl = '/graphql', signIn }: ConsoleSettings,
  explorerUrl: string | undefined,
): PageSettings {
  const oidc = signIn.kind === 'oidc' ? signIn : undefined;
  return {
    graphqlUrl,
    // A path stays a path: the page knows its own scheme.
    subscriptionsUrl: graphqlUrl.replace(/^http/, 'ws'),
    signIn: signIn.kind,
    issuer: oidc?.issuer ?? null,
    clientId: oidc?.clientId ?? null,
    scope: oidc?.scope ?? null,
    audience: oidc?.audience ?? null,
    explorerUrl: explorerUrl ?? null,
  };
}
