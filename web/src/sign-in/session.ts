export type SessionState =
  /** No token yet. */
  | 'signed-out'
  | 'signed-in'
  /** There was a token that the server accepted, and its time is over. */
  | 'expired'
  /** There was a token that the server has never accepted. */
  | 'refused';

/** Longest delay that browsers' timers take, in ms. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/**
 * Who is signed in on this page. The token stays in this object: never in a cookie, in storage or in an address.
 * A reload ends the session.
 */
export class Session {
  #token: string | undefined;
  #state: SessionState;
  #isAccepted = false;
  #refusal: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #listeners = new Set<() => void>();

  /** @param required false where the server asks for no token */
  constructor(required: boolean) {
    this.#state = required ? 'signed-out' : 'signed-in';
  }

  get token(): string | undefined {
    return this.#token;
  }

  /** Why the server refused the token, if it did. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  readonly state = (): SessionState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** @param expiresAt in ms since 1970, where it is known */
  start(token: string, expiresAt: number | undefined): void {
    clearTimeout(this.#timer);
    this.#token = token;
    this.#isAccepted = false;
    if (expiresAt !== undefined) {
      const delay = Math.min(Math.max(0, expiresAt - Date.now()), MAX_DELAY_MS);
      this.#timer = setTimeout(() => {
        this.#end('expired');
      }, delay);
    }
    this.#become('signed-in');
  }

  /** The server has answered a request with the token. */
  accept(): void {
    this.#isAccepted = true;
  }

  /** The server has refused the token. @param message the server's */
  refuse(message: string): void {
    this.#refusal = message;
    this.#end(this.#isAccepted ? 'expired' : 'refused');
  }

  signOut(): void {
    this.#end('signed-out');
  }

  #end(state: SessionState): void {
    clearTimeout(this.#timer);
    this.#token = undefined;
    if (this.#state !== state) this.#become(state);
  }

  #become(state: SessionState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}
