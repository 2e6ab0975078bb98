import type { GraphiQLProps } from 'graphiql';
import { getOperationAST, OperationTypeNode, parse } from 'graphql';
import { createClient } from 'graphql-ws';

type Fetcher = GraphiQLProps['fetcher'];
type Headers = Readonly<Record<string, string>>;

/** Where GraphQL is. */
export interface Addresses {
  readonly graphqlUrl: string;
  readonly subscriptionsUrl: string;
}

/** @throws an error to show, when the settings can't be read */
export async function readAddresses(): Promise<Addresses> {
  const response = await fetch('/console/config.json', { credentials: 'omit' });
  if (!response.ok) throw new Error(`config.json: status ${String(response.status)}`);
  return (await response.json()) as Addresses;
}

/** Sends queries and mutations by POST, and subscriptions over a WebSocket, whose first message has the headers of the headers pane. */
export function createFetcher({ graphqlUrl, subscriptionsUrl }: Addresses): Fetcher {
  const socketUrl = new URL(subscriptionsUrl, location.href);
  socketUrl.protocol = socketUrl.protocol.replace(/^http/, 'ws');
  return (parameters, { headers = {} } = {}) => {
    if (isSubscription(parameters)) return subscribe(socketUrl.href, parameters, headers);
    return post(graphqlUrl, parameters, headers);
  };
}

async function post(url: string, body: object, headers: Headers): Promise<never> {
  const response = await fetch(url, {
    method: 'POST',
    credentials: 'omit',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  // Also of a response with an error's status: the server's errors are JSON.
  return (await response.json()) as never;
}

/** A connection for each subscription, because each may have other headers. It closes when the subscription ends. */
function subscribe(url: string, parameters: Parameters<Fetcher>[0], headers: Headers) {
  const client = createClient({ url, connectionParams: headers, lazyCloseTimeout: 0 });
  return client.iterate({
    query: parameters.query,
    variables: parameters.variables as Record<string, unknown> | undefined,
    operationName: parameters.operationName,
  }) as never;
}

/** Reads the text that is sent: the document that GraphiQL passes beside it is parsed later, and may be that of the last tab. */
function isSubscription({ query, operationName }: Parameters<Fetcher>[0]): boolean {
  try {
    return getOperationAST(parse(query), operationName)?.operation === OperationTypeNode.SUBSCRIPTION;
  } catch {
    // The server's error says where the syntax is wrong.
    return false;
  }
}
