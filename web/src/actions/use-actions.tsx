import { useMemo } from 'react';
import { useNotifier, type Notifier } from '../app/notifications';
import { useServices, type Services } from '../app/services';
import type { Connection } from '../connections/connection';
import { operation } from '../graphql/operation';
import { forEach } from './many';
import { notifyOfResults, type ActionName } from './notify-of-results';
import { perform, type Result } from './perform';

const ACCEPT = operation('AcceptConnection');
const REJECT = operation('RejectConnection');
const DELETE = operation('DeleteConnection');

export interface Actions {
  /** @returns those of the connections for which it failed */
  readonly accept: (connections: readonly Connection[]) => Promise<readonly Connection[]>;
  readonly reject: (connections: readonly Connection[]) => Promise<readonly Connection[]>;
  readonly remove: (connections: readonly Connection[]) => Promise<readonly Connection[]>;
}

/** The answers to a request and its end, for one connection or many. They say in a notification how it went. */
export function useActions(): Actions {
  const services = useServices();
  const notifier = useNotifier();
  return useMemo(() => createActions(services, notifier), [services, notifier]);
}

function createActions({ client, refresh }: Services, notifier: Notifier): Actions {
  const run =
    (name: ActionName, act: (connection: Connection) => Promise<Result<unknown>>) =>
    async (connections: readonly Connection[]): Promise<readonly Connection[]> => {
      const [only] = connections;
      // One request is not repeated behind the reader's back: the row goes back, and a message says why.
      const results = only && connections.length === 1 ? [await act(only)] : await forEach(connections, act);
      refresh();
      const withResults = connections.map((connection, index) => ({ connection, result: results[index] }));
      notifyOfResults(notifier, name, withResults);
      return withResults.filter(({ result }) => !result?.ok).map(({ connection }) => connection);
    };
  const input = ({ id }: Connection) => ({ input: { id } });
  return {
    accept: run('accept', (connection) =>
      perform(
        client,
        ACCEPT,
        input(connection),
        connection.viewerActions.includes('ACCEPT') ? accepted(connection) : undefined,
      ),
    ),
    reject: run('reject', (connection) => perform(client, REJECT, input(connection))),
    remove: run('delete', (connection) => perform(client, DELETE, input(connection))),
  };
}

/** What accepting most likely answers. Rejecting and deleting are final, so their answers are awaited. */
function accepted(connection: Connection) {
  return {
    outcome: {
      __typename: 'AcceptEnvironmentAccountConnectionPayload',
      data: {
        ...connection,
        __typename: 'EnvironmentAccountConnection',
        status: 'CONNECTED',
        viewerActions: connection.viewerActions.filter((action) => action !== 'ACCEPT'),
      },
      error: null,
    },
  };
}
