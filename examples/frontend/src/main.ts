import {
  ConnectionChangesDocument,
  ConnectionsDocument,
  RequestToConnectDocument,
  type ConnectionWithOwnerFragment,
} from '../../../generated/frontend/graphql';
import { send, subscribe } from './graphql';

const form = find('form');
const message = find('p');
const rows = find('tbody');
const connections = new Map<string, ConnectionWithOwnerFragment>();

subscribe(ConnectionChangesDocument, {
  onConnected: () => {
    list().catch(showError);
  },
  onData: ({ environmentAccountConnectionStatusChanged: change }) => {
    if (!change) return;
    const { status, connection } = change;
    // No status: the connection was deleted.
    if (status) connections.set(connection.id, connection);
    else connections.delete(connection.id);
    show();
  },
});

form.addEventListener('submit', (event) => {
  event.preventDefault();
  request().catch(showError);
});

async function list(): Promise<void> {
  const { environmentAccountConnections: page } = await send(ConnectionsDocument, {});
  connections.clear();
  // The server sends the newest first, and a Map keeps its order.
  for (const connection of (page?.nodes ?? []).toReversed()) connections.set(connection.id, connection);
  show();
}

async function request(): Promise<void> {
  const fields = new FormData(form);
  const textOf = (name: string) => fields.get(name) as string;
  const input = {
    managementAccountId: textOf('managementAccountId'),
    environmentAccountId: textOf('environmentAccountId'),
    environmentName: textOf('environmentName'),
  };
  const { createEnvironmentAccountConnection: result } = await send(RequestToConnectDocument, { input });
  message.textContent = result?.error?.message ?? 'Requested. The management account decides.';
  if (result?.data) connections.set(result.data.id, result.data);
  show();
}

function show(): void {
  rows.replaceChildren(
    ...[...connections.values()].reverse().map(({ environmentName, status, environmentAccount }) => {
      const row = document.createElement('tr');
      const { id, name } = environmentAccount;
      for (const text of [environmentName, status, name ?? id]) row.insertCell().textContent = text;
      return row;
    }),
  );
}

function showError(error: unknown): void {
  message.textContent = error instanceof Error ? error.message : String(error);
}

function find<Name extends keyof HTMLElementTagNameMap>(name: Name): HTMLElementTagNameMap[Name] {
  const element = document.querySelector(name);
  if (!element) throw new Error(`index.html has no ${name}`);
  return element;
}
