export type SessionState =
  /** No token yet. */
  | 'signed-out'
  | 'signed-in'
  /** There was a token, and it expired or was refused. */
  | 'expired';

/** Longest delay that browsers' timers take, in ms. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/**
 * Who is signed in on this page. The token stays in this object: never in a cookie, in storage or in an address.
 * A reload ends the session.
 */
export class Session {
  #token: string | undefined;
  #state: SessionState;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #listeners = new Set<() => void>();

  /** @param required false where the server asks for no token */
  constructor(required: boolean) {
    this.#state = required ? 'signed-out' : 'signed-in';
  }

  get token(): string | undefined {
    return this.#token;
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
    if (expiresAt !== undefined) {
      const delay = Math.min(Math.max(0, expiresAt - Date.now()), MAX_DELAY_MS);
      this.#timer = setTimeout(() => {
        this.expire();
      }, delay);
    }
    this.#become('signed-in');
  }

  /** The token has expired, or the server refused it. */
  expire(): void {
    this.#end('expired');
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
