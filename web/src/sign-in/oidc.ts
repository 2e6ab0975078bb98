import { InMemoryWebStorage, UserManager, WebStorageStateStore, type User } from 'oidc-client-ts';
import { href, PATHS } from '../addresses/addresses';
import type { Session } from './session';
import type { Settings } from './settings';

/** What comes back with the reader: where they wanted to go. */
interface TripState {
  readonly returnTo: string;
}

/** Codes with which an issuer says that it has to ask the reader something. */
const NEEDS_READER = [
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
];

export type Arrival =
  | { readonly outcome: 'signed-in'; readonly returnTo: string }
  /** The issuer knows no session, or wants to ask something: a click on "Sign in" leads there. */
  | { readonly outcome: 'needs-reader'; readonly returnTo: string }
  | { readonly outcome: 'failed'; readonly message: string };

/** Signs in with an OpenID Connect issuer: authorization code with PKCE (S256), a public client without a secret. */
export class OidcSignIn {
  readonly #manager: UserManager;

  constructor(
    { issuer, clientId, scope, audience }: Settings,
    private readonly session: Session,
  ) {
    if (issuer === null || clientId === null) throw new Error('config.json has no issuer or client id');
    this.#manager = new UserManager({
      authority: issuer,
      client_id: clientId,
      redirect_uri: new URL(href(PATHS.signedIn), location.origin).href,
      response_type: 'code',
      scope: scope ?? 'openid',
      ...(audience !== null && { extraQueryParams: { audience } }),
      // Tokens in memory alone. The state and the verifier of a trip must outlive the page that starts it.
      userStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }),
      stateStore: new WebStorageStateStore({ store: sessionStorage, prefix: 'console.sign-in.' }),
      automaticSilentRenew: false,
      monitorSession: false,
      loadUserInfo: false,
    });
  }

  /**
   * Leaves for the issuer.
   * @param silent whether the issuer is to come back at once when it would have to ask something
   */
  async leave(returnTo: string, { silent }: { readonly silent: boolean }): Promise<void> {
    const state: TripState = { returnTo };
    await this.#manager.clearStaleState();
    await this.#manager.signinRedirect({
      state,
      nonce: crypto.randomUUID(),
      redirectMethod: 'replace',
      ...(silent && { prompt: 'none' }),
    });
  }

  /** Takes what the issuer sent with the reader: checks the state and the nonce, and exchanges the code for a token. */
  async arrive(url: string): Promise<Arrival> {
    try {
      const user = await this.#manager.signinRedirectCallback(url);
      this.#start(user);
      return { outcome: 'signed-in', returnTo: returnToOf(user.state) };
    } catch (error) {
      const { error: code, state } = error as { error?: unknown; state?: unknown };
      if (typeof code === 'string' && NEEDS_READER.includes(code)) {
        return { outcome: 'needs-reader', returnTo: returnToOf(state) };
      }
      return { outcome: 'failed', message: error instanceof Error ? error.message : String(error) };
    }
  }

  #start({ access_token: token, expires_at: expiresAt }: User): void {
    this.session.start(token, expiresAt === undefined ? undefined : expiresAt * 1_000);
  }
}

/** A path of the console; the overview when the state names none. */
function returnToOf(state: unknown): string {
  const returnTo = (state as Partial<TripState> | null | undefined)?.returnTo;
  return typeof returnTo === 'string' && returnTo.startsWith('/') && !returnTo.startsWith('//')
    ? returnTo
    : PATHS.overview;
}
