import { createClient } from 'graphql-ws';
import type { TypedDocumentString } from '../../../generated/frontend/graphql';

const URL_OF_GATEWAY = '/graphql';

/** Sends a query or a mutation. @throws an error with the server's message */
export async function send<Data, Variables>(
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const response = await fetch(URL_OF_GATEWAY, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: document.toString(), variables }),
  });
  const { data, errors } = (await response.json()) as {
    data?: Data;
    errors?: readonly { message: string }[];
  };
  if (data === undefined || errors)
    throw new Error(errors?.[0]?.message ?? `status ${String(response.status)}`);
  return data;
}

const socket = createClient({ url: URL_OF_GATEWAY, retryAttempts: Number.POSITIVE_INFINITY });

/**
 * Subscribes until the page is left. The client connects again by itself.
 * @param onConnected called each time, because changes from before are not sent
 */
export function subscribe<Data>(
  document: TypedDocumentString<Data, Record<string, never>>,
  { onConnected, onData }: { readonly onConnected: () => void; readonly onData: (data: Data) => void },
): void {
  socket.on('connected', onConnected);
  socket.subscribe<Data>(
    { query: document.toString() },
    {
      next: ({ data }) => {
        if (data) onData(data);
      },
      error: (error) => {
        console.error(error);
      },
      complete: () => undefined,
    },
  );
}
