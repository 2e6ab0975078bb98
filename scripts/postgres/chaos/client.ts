import type { Random } from './random';

/** How a mutation ended for the client: acknowledged, refused, or unknown. */
export type Outcome =
  | { readonly kind: 'acknowledged'; readonly id: string }
  | { readonly kind: 'refused'; readonly code: string; readonly retryable: boolean }
  | { readonly kind: 'unknown' };

/** A change that a client has asked for. `type` is the type of its event. */
export interface AskedChange {
  readonly type: 'ACCEPTED' | 'REJECTED' | 'TAGGED' | 'DELETED';
  readonly isAcknowledged: boolean;
}

export interface AcknowledgedChange {
  /** Of the connection. */
  readonly id: string;
  /** The type of its event. */
  readonly type: 'CREATED' | AskedChange['type'];
}

/** What a client knows about a connection that it alone has asked for and changed. */
export interface KnownConnection {
  readonly name: string;
  /** Undefined while the creation is not acknowledged. */
  id: string | undefined;
  readonly changes: AskedChange[];
}

export interface ClientReport {
  readonly connections: readonly KnownConnection[];
  readonly acknowledged: number;
  readonly unknown: number;
  readonly unavailable: number;
  /** Answers that must never come. */
  readonly violations: readonly string[];
  /** How long the slowest answer took, in milliseconds. */
  readonly slowestMs: number;
}

export interface ClientOptions {
  readonly name: string;
  readonly random: Random;
  /** A replica that serves now; undefined when there is none. */
  readonly chooseUrl: () => string | undefined;
  /** Sent with each request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Called at each acknowledgement. */
  readonly onAcknowledged: (change: AcknowledgedChange) => void;
  readonly isOver: () => boolean;
  /** Waits for some milliseconds. */
  readonly pause: (ms: number) => Promise<unknown>;
}

/** An answer must come within this time, in milliseconds. The timeouts of the server are shorter. */
const ANSWER_MS = 15_000;
const PAUSE_MS = 20;

const ACCOUNTS = ['222222222222', '333333333333', '444444444444'] as const;

/** Creates and changes connections until it is over, one call after another. */
export async function runClient(options: ClientOptions): Promise<ClientReport> {
  const { name: client, random, isOver, pause } = options;
  const connections: KnownConnection[] = [];
  const violations: string[] = [];
  const counts = { acknowledged: 0, unknown: 0, unavailable: 0 };
  let slowestMs = 0;

  async function ask(type: AcknowledgedChange['type'], input: object): Promise<Outcome> {
    const url = options.chooseUrl();
    if (url === undefined) {
      await pause(PAUSE_MS);
      return { kind: 'unknown' };
    }
    const started = performance.now();
    const outcome = await send(url, FIELDS[type], input, options.headers);
    if (outcome.kind !== 'unknown') slowestMs = Math.max(slowestMs, performance.now() - started);
    if (outcome.kind === 'acknowledged') {
      counts.acknowledged += 1;
      options.onAcknowledged({ id: outcome.id, type });
    } else if (outcome.kind === 'unknown') counts.unknown += 1;
    else if (outcome.code === 'UNAVAILABLE' && outcome.retryable) counts.unavailable += 1;
    // A change whose outcome was unknown may have made a later one impossible.
    else if (type === 'CREATED')
      violations.push(`${client}: a creation of a new name was answered with ${outcome.code}`);
    if (outcome.kind !== 'acknowledged') await pause(PAUSE_MS);
    return outcome;
  }

  async function create(known: KnownConnection): Promise<void> {
    const account = random.pick(ACCOUNTS);
    const hasToken = random.next() < 0.7;
    const input = {
      environmentName: known.name,
      managementAccountId: '111111111111',
      environmentAccountId: account,
      roleArn: `arn:aws:iam::${account}:role/proton`,
      ...(hasToken && { clientToken: known.name }),
    };
    for (;;) {
      const outcome = await ask('CREATED', input);
      if (outcome.kind === 'acknowledged') known.id = outcome.id;
      // Without a token, a repetition may conflict with the first call.
      if (outcome.kind === 'acknowledged' || !hasToken || isOver()) return;
    }
  }

  async function change(id: string, type: AskedChange['type']): Promise<AskedChange | undefined> {
    const tagged = type === 'TAGGED' && { tags: [{ key: 'tagged', value: String(random.next()) }] };
    const outcome = await ask(type, { id, ...tagged });
    if (outcome.kind === 'acknowledged') return { type, isAcknowledged: true };
    const isRefused = outcome.kind === 'refused' && outcome.code !== 'UNAVAILABLE';
    return isRefused ? undefined : { type, isAcknowledged: false };
  }

  for (let count = 0; !isOver(); count += 1) {
    const known: KnownConnection = { name: `${client}-${String(count)}`, id: undefined, changes: [] };
    connections.push(known);
    await create(known);
    const types = ['TAGGED', 'ACCEPTED', 'TAGGED', 'REJECTED', 'DELETED'] as const;
    for (const type of types) {
      // Before the end of a connection's life there is an end of most clients' interest.
      if (known.id === undefined || isOver() || random.next() < 0.3) break;
      const asked = await change(known.id, type);
      if (asked) known.changes.push(asked);
    }
  }
  return { connections, ...counts, violations, slowestMs };
}

const FIELDS: Readonly<Record<AcknowledgedChange['type'], string>> = {
  CREATED: 'createEnvironmentAccountConnection',
  ACCEPTED: 'acceptEnvironmentAccountConnection',
  REJECTED: 'rejectEnvironmentAccountConnection',
  TAGGED: 'tagEnvironmentAccountConnection',
  DELETED: 'deleteEnvironmentAccountConnection',
};

/** A replica that is killed ends the connection: then the outcome is unknown. */
async function send(
  url: string,
  field: string,
  input: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const type = `${field.charAt(0).toUpperCase()}${field.slice(1)}Input`;
  const query = `mutation ($input: ${type}!) { ${field}(input: $input) { success data { id } error { code retryable } } }`;
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query, variables: { input } }),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const { data, errors } = (await response.json()) as Answer;
    const payload = data?.[field];
    if (payload?.success) return { kind: 'acknowledged', id: payload.data?.id ?? '' };
    if (payload?.error) return { kind: 'refused', ...payload.error };
    return { kind: 'refused', code: String(errors?.[0]?.extensions?.code), retryable: false };
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError')
      return { kind: 'refused', code: `no answer in ${String(ANSWER_MS)} ms`, retryable: false };
    return { kind: 'unknown' };
  }
}

interface Answer {
  readonly data?: Readonly<
    Record<
      string,
      {
        readonly success: boolean;
        readonly data: { readonly id: string } | null;
        readonly error: { readonly code: string; readonly retryable: boolean } | null;
      }
    >
  > | null;
  readonly errors?: readonly { readonly extensions?: { readonly code?: string } }[];
}
