import { CONNECTION_TABS, PATHS, type ConnectionTab, type ListName } from '../addresses/addresses';

/** What an address shows: a view, and perhaps a connection in the drawer. */
export interface Place {
  readonly view: 'overview' | ListName | 'trust-policies' | 'request' | 'unknown';
  readonly connection?: { readonly id: string; readonly tab: ConnectionTab };
}

const VIEWS: Readonly<Record<string, Place['view']>> = {
  '/': 'overview',
  [PATHS.overview]: 'overview',
  [PATHS.received]: 'received',
  [PATHS.sent]: 'sent',
  [PATHS.trustPolicies]: 'trust-policies',
  [PATHS.request]: 'request',
};

export const TITLES: Readonly<Record<Place['view'], string>> = {
  overview: 'Overview',
  received: 'Requests received',
  sent: 'Requests sent',
  'trust-policies': 'Trust policies',
  request: 'Request to connect',
  unknown: 'Not found',
};

/** @param path below `/console` */
export function placeOf(path: string, query: URLSearchParams): Place {
  const view = VIEWS[path === '/' ? path : path.replace(/\/$/, '')];
  if (view) return { view };
  const [, id, tab] = /^\/connections\/([^/]+)(?:\/([a-z]+))?$/.exec(path) ?? [];
  if (id === undefined) return { view: 'unknown' };
  return {
    view: query.get('from') === 'sent' ? 'sent' : 'received',
    connection: {
      id: decodeURIComponent(id),
      tab: CONNECTION_TABS.find((name) => name === tab) ?? 'details',
    },
  };
}
