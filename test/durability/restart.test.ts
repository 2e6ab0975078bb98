import { Agent, request as sendRequest } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';

import BetterSqlite3 from 'better-sqlite3';

import { unsignedHeaders } from '../support/aws-call';
import { useTemporaryFolder } from '../support/folder';
import { prepareServerProcess, startServerProcess, type ServerProcess } from '../support/server-process';

const folder = useTemporaryFolder();

const RESTARTS = 3;
const MANAGEMENT = '111111111111';
const CREATE = `mutation ($create: CreateEnvironmentAccountConnectionInput!) {
  createEnvironmentAccountConnection(input: $create) { success }
}`;

/** A write whose connection broke without a response. */
interface Unanswered {
  readonly name: string;
  readonly error: string;
  /** Whether the connection had carried a response before: then the server had accepted it. */
  readonly wasTaken: boolean;
}

interface Book {
  readonly acknowledged: Set<string>;
  readonly refused: string[];
  readonly unanswered: Unanswered[];
}

/** Sends one write and records its outcome. */
type Write = (name: string) => Promise<void>;

function writer(
  book: Book,
  agent: Agent | false,
  {
    url,
    headers,
    body,
  }: Readonly<Record<'url' | 'body', (name: string) => string>> & {
    readonly headers: Readonly<Record<string, string>>;
  },
): Write {
  return (name) =>
    new Promise((resolve) => {
      const text = body(name);
      const request = sendRequest(url(name), {
        method: 'POST',
        agent,
        headers: { ...headers, 'content-length': String(Buffer.byteLength(text)) },
      });
      request.once('response', (response) => {
        buffer(response).then(
          (bytes) => {
            const isDone =
              response.statusCode === 200 &&
              /"success":true|"environmentAccountConnection"/.test(bytes.toString());
            if (isDone) book.acknowledged.add(name);
            else book.refused.push(`${name}: ${String(response.statusCode)} ${bytes.toString()}`);
            resolve();
          },
          (error: unknown) => {
            book.unanswered.push({ name, error: `half an answer: ${String(error)}`, wasTaken: true });
            resolve();
          },
        );
      });
      request.once('error', (error: NodeJS.ErrnoException) => {
        // No server listens during the restart, so nothing has been sent.
        if (error.code !== 'ECONNREFUSED')
          book.unanswered.push({ name, error: String(error), wasTaken: request.reusedSocket });
        resolve(wait(10));
      });
      request.end(text);
    });
}

describe('A server that is restarted under load', () => {
  it('responds to every request that it accepted, and keeps every write that it acknowledged', async () => {
    const file = folder.path('proton.db');
    const variables = {
      DATABASE_URL: `sqlite:${file}`,
      PROTON_CONNECTION_QUOTA: '1000000',
      // Every client has sent its next request by then, also on a busy machine, and received the last response on its connection.
      SHUTDOWN_DELAY_MS: '1000',
    };
    let server: ServerProcess = await startServerProcess(variables);
    const [graphql, endpoint] = [server.url, server.protonEndpoint ?? ''];
    const [port, endpointPort] = [new URL(graphql).port, new URL(endpoint).port];

    const book: Book = { acknowledged: new Set(), refused: [], unanswered: [] };
    const overGraphql = {
      url: () => graphql,
      headers: { 'content-type': 'application/json' },
      body: (environmentName: string) =>
        JSON.stringify({
          query: CREATE,
          variables: { create: { managementAccountId: MANAGEMENT, environmentName } },
        }),
    };
    const overEndpoint = {
      url: () => endpoint,
      headers: unsignedHeaders('222222222222', 'CreateEnvironmentAccountConnection'),
      body: (environmentName: string) =>
        JSON.stringify({
          managementAccountId: MANAGEMENT,
          environmentName,
          roleArn: 'arn:aws:iam::222222222222:role/proton',
        }),
    };
    const agents = Array.from({ length: 4 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
    const clients: readonly Write[] = [
      ...agents.slice(0, 2).map((agent) => writer(book, agent, overGraphql)),
      ...agents.slice(2).map((agent) => writer(book, agent, overEndpoint)),
      writer(book, false, overGraphql),
      writer(book, false, overEndpoint),
    ];
    let over = false;
    const running = clients.map(async (write, client) => {
      for (let count = 0; !over; count += 1) {
        await write(`c${String(client)}-${String(count)}`);
        // Some connections pause between requests, like a gateway's.
        if (client % 2 === 1) await wait(count % 40);
      }
    });
    const acknowledgements = async (more: number) => {
      const enough = book.acknowledged.size + more;
      while (book.acknowledged.size < enough) await wait(5);
    };

    for (let restart = 0; restart < RESTARTS; restart += 1) {
      const next = prepareServerProcess({ ...variables, PORT: port, PROTON_ENDPOINT_PORT: endpointPort });
      await acknowledgements(40);
      expect(await server.end('SIGTERM')).toBe(0);
      server = await next.start();
    }
    await acknowledgements(40);
    over = true;
    await Promise.all(running);
    for (const agent of agents) agent.destroy();
    expect(await server.end('SIGTERM')).toBe(0);

    const database = new BetterSqlite3(file);
    const kept = new Set(database.prepare('SELECT environment_name FROM connections').pluck().all());
    database.close();
    expect([...book.acknowledged].filter((name) => !kept.has(name))).toEqual([]);
    expect(book.refused).toEqual([]);
    expect(book.unanswered.filter(({ wasTaken }) => wasTaken)).toEqual([]);
    // A write on a connection that the server never accepted was not run.
    expect(book.unanswered.filter(({ name }) => kept.has(name))).toEqual([]);
    expect(kept.size).toBe(book.acknowledged.size);
  });
});
