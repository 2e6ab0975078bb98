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

/** @param onDone learns of each connection for which it did not fail, as soon as it is done */
type Act = (connections: readonly Connection[], onDone?: (id: string) => void) => Promise<void>;

export interface Actions {
  readonly accept: Act;
  readonly reject: Act;
  readonly remove: Act;
}

/** The answers to a request and its end, for one connection or many. They say in a notification how it went. */
export function useActions(): Actions {
  const services = useServices();
  const notifier = useNotifier();
  return useMemo(() => createActions(services, notifier), [services, notifier]);
}

function createActions({ client, refresh }: Services, notifier: Notifier): Actions {
  const run =
    (name: ActionName, send: (connection: Connection) => Promise<Result<unknown>>): Act =>
    async (connections, onDone) => {
      const act = async (connection: Connection): Promise<Result<unknown>> => {
        const result = await send(connection);
        if (result.ok) onDone?.(connection.id);
        return result;
      };
      const [only] = connections;
      // One request is not repeated behind the reader's back: the row goes back, and a message says why.
      const results = only && connections.length === 1 ? [await act(only)] : await forEach(connections, act);
      refresh();
      notifyOfResults(
        notifier,
        name,
        connections.map((connection, index) => ({ connection, result: results[index] })),
      );
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
