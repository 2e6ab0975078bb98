/** The tabs of a connection's drawer, as their addresses name them. */
export const CONNECTION_TABS = ['details', 'history', 'trust'] as const;
export type ConnectionTab = (typeof CONNECTION_TABS)[number];

/** The two lists: by the part that the account which one acts as has in the connections. */
export type ListName = 'received' | 'sent';

/** Paths of the views, below `/console`. */
export const PATHS = {
  overview: '/overview',
  received: '/received',
  sent: '/sent',
  trustPolicies: '/trust-policies',
  request: '/request',
  signedIn: '/signed-in',
} as const;

export function connectionPath(id: string, tab: ConnectionTab): string {
  return `/connections/${encodeURIComponent(id)}/${tab}`;
}

/** A path with a query, if there is one. */
export function address(path: string, query: URLSearchParams): string {
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** The part of a query that stays when one goes to another view: which account one acts as. */
export function keepAccount(query: URLSearchParams): URLSearchParams {
  const account = query.get('account');
  return new URLSearchParams(account === null ? {} : { account });
}

/** An address of the console as a link's `href`. */
export function href(path: string, query: URLSearchParams = new URLSearchParams()): string {
  return `${import.meta.env.BASE_URL.replace(/\/$/, '')}${address(path, query)}`;
}
