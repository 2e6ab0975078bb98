import { ProtonClient, type ProtonClientConfig } from '@aws-sdk/client-proton';
import { NodeHttpHandler } from '@smithy/node-http-handler';

import type { AccountId, Region } from '../../proton/identifiers';
import { createCallScopes, type CallScope } from './http-handler';
import type { CredentialProvider } from './credentials';
import { orAborted } from './deadline';
import { createGuardedHandler, type AroundAttempt } from './http-handler';
import { rememberCredentials, type RememberedCredentials } from './credentials';

/** As whom a call is made, and where. */
export interface Place {
  readonly accountId: AccountId;
  readonly region: Region;
}

/** The credentials of an account could not be had. */
export class NoCredentials extends Error {
  override readonly name = 'NoCredentials';
}

export interface ClientSettings {
  /** Undefined where the SDK is to find it by itself. */
  readonly endpointUrl: string | undefined;
  /** How long a whole request may take. */
  readonly timeoutMs: number;
  readonly credentialsFor: (accountId: AccountId) => CredentialProvider;
  /** What the SDK would otherwise print. */
  readonly warn: (warning: string) => void;
  /** Sends what the SDK sends; left out, nothing is to be seen of it. */
  readonly around?: AroundAttempt | undefined;
  readonly tuning?: Partial<ClientTuning> | undefined;
}

/** What makes calls quicker, and is turned off only to measure by how much. */
export interface ClientTuning {
  /** Whether connections to the endpoint are kept for the next call. */
  readonly keepAlive: boolean;
  /** Whether the SDK keeps its middleware prepared for the next call. */
  readonly cacheMiddleware: boolean;
}

export interface ProtonClients {
  /** Makes a call in an account and Region. `scope` tells afterwards what happened on the way. */
  readonly call: <Answer>(
    place: Place,
    scope: CallScope,
    send: (client: ProtonClient) => Promise<Answer>,
  ) => Promise<Answer>;
  /** Has the credentials of an account asked for anew. */
  readonly forgetCredentials: (accountId: AccountId) => void;
  readonly close: () => void;
}

/** The SDK's retries are the only ones: every operation may be repeated, for a lost answer may be of a write that took place. */
const MOST_ATTEMPTS = 3;

/** An attempt that gets no answer leaves time for another. */
const SHARE_OF_AN_ATTEMPT = 0.4;

/** Sockets to the endpoint, over all requests; a request that finds none free waits. */
const MOST_SOCKETS = 64;

/** One client for each account and Region, made when it is first needed, over one pool of connections that are kept alive. */
export function createProtonClients({
  endpointUrl,
  timeoutMs,
  credentialsFor,
  warn,
  around,
  tuning: { keepAlive = true, cacheMiddleware = true } = {},
}: ClientSettings): ProtonClients {
  const scopes = createCallScopes();
  const agent = { keepAlive, maxSockets: MOST_SOCKETS };
  const http = new NodeHttpHandler({
    httpAgent: agent,
    httpsAgent: agent,
    logger: {
      ...SILENT,
      warn: (...said: unknown[]) => {
        warn(said.map(String).join(' '));
      },
    },
  });
  const requestHandler = createGuardedHandler({
    inner: http,
    scopes,
    around,
    attemptTimeoutMs: Math.ceil(timeoutMs * SHARE_OF_AN_ATTEMPT),
  });
  const clients = new Map<string, ProtonClient>();
  const credentials = new Map<AccountId, RememberedCredentials>();

  function credentialsOf(accountId: AccountId): RememberedCredentials {
    const known = credentials.get(accountId);
    if (known) return known;
    const made = rememberCredentials(() => credentialsFor(accountId));
    credentials.set(accountId, made);
    return made;
  }

  function clientAt({ accountId, region }: Place): ProtonClient {
    const key = `${accountId} ${region}`;
    const known = clients.get(key);
    if (known) return known;
    const config: ProtonClientConfig = {
      region,
      ...(endpointUrl === undefined ? {} : { endpoint: endpointUrl }),
      // Marked as the SDK marks its own, so that each client does not remember them once more for itself.
      credentials: Object.assign(() => credentialsOf(accountId).get(), { memoized: true }),
      requestHandler,
      maxAttempts: MOST_ATTEMPTS,
      retryMode: 'standard',
      cacheMiddleware,
    };
    const made = new ProtonClient(config);
    made.middlewareStack.add(
      (next) => async (args) => {
        try {
          return await next(args);
        } catch (error) {
          const scope = scopes.getStore();
          if (scope && error instanceof Error) noteFailedAttempt(error, scope);
          throw error;
        }
      },
      // Within the SDK's retries, so that every attempt passes by.
      { step: 'finalizeRequest', priority: 'low', name: 'noteFailedAttempts' },
    );
    clients.set(key, made);
    return made;
  }

  return {
    call: (place, scope, send) =>
      orAborted(
        scopes.run(scope, async () => {
          // Before the client asks, so that what goes wrong here is told apart from what goes wrong at Proton.
          await credentialsOf(place.accountId)
            .get()
            .catch((cause: unknown) => {
              throw new NoCredentials(`no credentials for the account ${place.accountId}`, { cause });
            });
          scope.signal.throwIfAborted();
          return send(clientAt(place));
        }),
        scope.signal,
      ),
    forgetCredentials: (accountId) => credentials.get(accountId)?.forget(),
    close() {
      http.destroy();
    },
  };
}

/** Notes what tells how a call went, and marks what deserves another attempt though the SDK would not make it. */
function noteFailedAttempt(error: Error, scope: CallScope): void {
  scope.throttling = isThrottling(error) ? error : undefined;
  // A body that is no JSON, under a status that promised some; and a clock that the SDK sets right now.
  if (!('$fault' in error) && statusOf(error) === 200) retry(error);
  if (scope.clockWasOff) retry(error);
}

/** The SDK's own mark for errors that are worth another attempt. */
function retry(error: Error): void {
  Object.assign(error, { $retryable: { throttling: false } });
}

export function statusOf(error: unknown): number | undefined {
  const metadata = isObject(error) && isObject(error['$metadata']) ? error['$metadata'] : {};
  return typeof metadata['httpStatusCode'] === 'number' ? metadata['httpStatusCode'] : undefined;
}

/** Whether Proton, or something before it, says that there are too many calls. */
export function isThrottling(error: Error): boolean {
  return statusOf(error) === 429 || THROTTLING.has(error.name);
}

const THROTTLING = new Set([
  'ThrottlingException',
  'Throttling',
  'ThrottledException',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
]);

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

const nothing = () => undefined;
const SILENT = { trace: nothing, debug: nothing, info: nothing, error: nothing };
