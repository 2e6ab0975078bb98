import { availableParallelism, loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

import { request } from './graphql-client';
import { startServerProcess, type ServerProcess } from './server-process';

/** A machine with so many processes for each core answers nothing in time. */
const SLOWNESS = (loadavg()[0] ?? 0) > 4 * availableParallelism() ? 2 : 1;

/** A request is answered after 1.75 s, one timeout of the database, and this is what is promised. In milliseconds. */
export const LATEST_ANSWER_MS = 2_500 * SLOWNESS;
/** A server works within this time after its database does. In milliseconds. */
export const LATEST_RECOVERY_MS = 5_000 * SLOWNESS;

/** How a mutation ended for its client. */
export interface MutationOutcome {
  readonly success: boolean;
  readonly id: string | undefined;
  readonly status: string | undefined;
  /** The code of the payload's error, or of the GraphQL error. */
  readonly code: string | undefined;
  /** As the payload's error says; undefined when there is none. */
  readonly retryable: boolean | undefined;
  /** How long the response took, in milliseconds. */
  readonly ms: number;
}

export interface CreateOptions {
  readonly token?: string;
  readonly account?: string;
  readonly management?: string;
  readonly role?: string;
}

/** What clients ask a server to write in these tests. */
export interface Mutations {
  readonly create: (environmentName: string, options?: CreateOptions) => Promise<MutationOutcome>;
  readonly accept: (id: string) => Promise<MutationOutcome>;
  readonly reject: (id: string) => Promise<MutationOutcome>;
  readonly remove: (id: string) => Promise<MutationOutcome>;
  /** Sets the role for AWS CodeBuild of a connection of this environment account. */
  readonly update: (id: string, account: string) => Promise<MutationOutcome>;
}

/** A server process, and what clients ask it in these tests. */
export interface Replica extends ServerProcess, Mutations {
  /** Reads the newest connection. */
  readonly read: () => Promise<{ readonly code: string | undefined; readonly ms: number }>;
  /** What readiness and liveness answer, and how long readiness took, in milliseconds. */
  readonly health: () => Promise<ReplicaHealth>;
}

export interface ReplicaHealth {
  readonly ready: number;
  readonly live: number;
  /** The result of the check of the store. */
  readonly store: string;
  readonly ms: number;
}

const FIELDS = '{ success data { id status } error { code retryable } }';

/** Starts the built server on a database. */
export async function startReplica(
  database: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<Replica> {
  const server = await startServerProcess({ DATABASE_URL: database, ...variables });
  return {
    ...server,
    ...mutationsAt(server.url),
    async read() {
      const started = performance.now();
      const { errors } = await request(
        server.url,
        '{ environmentAccountConnections(first: 1) { nodes { id } } }',
      );
      return { code: errors && String(errors[0]?.extensions?.['code']), ms: performance.now() - started };
    },
    health: () => healthOf(server.admin ?? ''),
  };
}

/** @param url of `/graphql` */
export function mutationsAt(url: string): Mutations {
  const mutate = (field: string, input: object) => sendMutation(url, field, input);
  return {
    create: (
      environmentName,
      { token, account = '222222222222', management = '111111111111', role = 'proton' } = {},
    ) =>
      mutate('createEnvironmentAccountConnection', {
        environmentName,
        managementAccountId: management,
        environmentAccountId: account,
        roleArn: `arn:aws:iam::${account}:role/${role}`,
        ...(token !== undefined && { clientToken: token }),
      }),
    accept: (id) => mutate('acceptEnvironmentAccountConnection', { id }),
    reject: (id) => mutate('rejectEnvironmentAccountConnection', { id }),
    remove: (id) => mutate('deleteEnvironmentAccountConnection', { id }),
    update: (id, account) =>
      mutate('updateEnvironmentAccountConnection', {
        id,
        codebuildRoleArn: `arn:aws:iam::${account}:role/builds`,
      }),
  };
}

async function sendMutation(url: string, field: string, input: object): Promise<MutationOutcome> {
  const started = performance.now();
  const { data, errors } = await request<Record<string, Payload>, { input: object }>(
    url,
    `mutation ($input: ${field.charAt(0).toUpperCase()}${field.slice(1)}Input!) { ${field}(input: $input) ${FIELDS} }`,
    { input },
  );
  const payload = data?.[field];
  const error = errors?.[0]?.extensions?.['code'];
  return {
    success: payload?.success === true,
    id: payload?.data?.id,
    status: payload?.data?.status,
    code: payload?.error?.code ?? (errors && String(error)),
    retryable: payload?.error?.retryable,
    ms: performance.now() - started,
  };
}

interface Payload {
  readonly success: boolean;
  readonly data: { readonly id: string; readonly status: string } | null;
  readonly error: { readonly code: string; readonly retryable: boolean } | null;
}

async function healthOf(admin: string): Promise<ReplicaHealth> {
  const started = performance.now();
  const response = await fetch(`${admin}/health/ready`);
  const { checks } = (await response.json()) as { readonly checks: Readonly<Record<string, string>> };
  const ms = performance.now() - started;
  const live = await fetch(`${admin}/health/live`);
  return { ready: response.status, live: live.status, store: checks['store'] ?? '', ms };
}

/** Repeats a look until what it finds is right. @returns how long that took, in milliseconds */
export async function until(isRight: () => Promise<boolean>, withinMs = 10_000): Promise<number> {
  const started = performance.now();
  for (;;) {
    if (await isRight()) return performance.now() - started;
    if (performance.now() - started > withinMs) throw new Error(`not so within ${String(withinMs)} ms`);
    await delay(20);
  }
}
