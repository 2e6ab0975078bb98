/** What the server says in `config.json`. It holds no secrets. */
export interface Settings {
  readonly graphqlUrl: string;
  /** For WebSockets; derived from `graphqlUrl` when null. */
  readonly subscriptionsUrl: string | null;
  readonly signIn: 'none' | 'token' | 'oidc';
  readonly issuer: string | null;
  readonly clientId: string | null;
  readonly scope: string | null;
  readonly audience: string | null;
  /** Where the explorer is; null where there is none. */
  readonly explorerUrl: string | null;
}

/** @throws an error to show, when `config.json` can't be read */
export async function readSettings(): Promise<Settings> {
  const response = await fetch(`${import.meta.env.BASE_URL}config.json`, { credentials: 'omit' });
  if (!response.ok) throw new Error(`config.json: status ${String(response.status)}`);
  return (await response.json()) as Settings;
}

/** The address for WebSockets that belongs to the settings. */
export function socketUrl({ subscriptionsUrl, graphqlUrl }: Settings): string {
  const url = new URL(subscriptionsUrl ?? graphqlUrl, location.href);
  url.protocol = url.protocol.replace(/^http/, 'ws');
  return url.href;
}
