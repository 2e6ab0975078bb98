import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import { SetContextLink } from '@apollo/client/link/context';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode } from 'graphql';
import type { Client as SocketClient } from 'graphql-ws';
import { tap } from 'rxjs';
import type { Session } from '../sign-in/session';
import { toFailure } from './failure';

export interface ClientOptions {
  readonly graphqlUrl: string;
  readonly session: Session;
  readonly socket: SocketClient;
  /** Learns after each request whether the server responded. */
  readonly onReached: (reached: boolean) => void;
}

export interface Client {
  readonly client: ApolloClient;
  readonly cache: InMemoryCache;
}

/** The server answers far sooner, if only with an error. A network that drops packets never does, in ms. */
const ANSWER_WITHIN_MS = 60_000;

const fetchInTime: typeof fetch = (input, init) => {
  const late = AbortSignal.timeout(ANSWER_WITHIN_MS);
  return fetch(input, { ...init, signal: init?.signal ? AbortSignal.any([init.signal, late]) : late });
};

/** The client for queries and mutations over HTTP and subscriptions over a WebSocket, and its cache. */
export function createClient({ graphqlUrl, session, socket, onReached }: ClientOptions): Client {
  const authorize = new SetContextLink(() => {
    const { token } = session;
    return token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } };
  });
  const observe = new ApolloLink((operation, forward) =>
    forward(operation).pipe(
      tap({
        next: ({ errors }) => {
          onReached(true);
          // Behind a gateway the status is 200 all the same.
          const refusal = errors?.find(({ extensions }) => extensions?.code === 'UNAUTHENTICATED');
          if (refusal) session.refuse(refusal.message);
          else session.accept();
        },
        error: (error: unknown) => {
          const { kind, message } = toFailure(error);
          onReached(kind !== 'unreachable');
          if (kind === 'signed-out') session.refuse(message);
        },
      }),
    ),
  );
  const send = new HttpLink({ uri: graphqlUrl, credentials: 'omit', fetch: fetchInTime });
  const http = ApolloLink.from([observe, authorize, send]);
  const cache = new InMemoryCache({
    typePolicies: {
      // No merge functions of a connection's fields: the cache would remember each connection that it ever had.
      // Two operations read different fields of it, and it has no id.
      EnvironmentAccountConnectionViewer: { merge: true },
      // Accounts are named by their id everywhere; nothing about them changes.
      AwsAccount: { keyFields: ['id'] },
    },
  });
  const client = new ApolloClient({
    cache,
    link: ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      new GraphQLWsLink(socket),
      http,
    ),
    defaultOptions: {
      // What is shown at once is what was read last; what is read now replaces it.
      watchQuery: { fetchPolicy: 'cache-and-network', nextFetchPolicy: 'cache-first' },
      query: { fetchPolicy: 'network-only' },
    },
    devtools: { enabled: false },
  });
  return { client, cache };
}
