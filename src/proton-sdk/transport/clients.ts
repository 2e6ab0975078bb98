import { ProtonClient, type ProtonClientConfig } from '@aws-sdk/client-proton';
import { NodeHttpHandler } from '@smithy/node-http-handler';

import type { AccountId, Region } from '../../proton/identifiers';
import { cacheCredentials, type CachedCredentials, type CredentialProvider } from './credentials';
import { orAborted } from './deadline';
import { createCallScopes, createHttpHandler, type AroundAttempt, type CallScope } from './http-handler';
import { isThrottling, markRetryable, NoCredentialsError, statusOf } from './sdk-errors';

/** Where a call goes: the account whose credentials it uses, and the Region. */
export interface CallTarget {
  readonly accountId: AccountId;
  readonly region: Region;
}

export interface ProtonClientOptions {
  /** Undefined if the SDK is to choose it. */
  readonly endpointUrl: string | undefined;
  /** How long all calls of one request may take together. */
  readonly timeoutMs: number;
  readonly credentialsFor: (accountId: AccountId) => CredentialProvider;
  /** Receives warnings that the SDK would otherwise print. */
  readonly warn: (warning: string) => void;
  /** Called around each attempt, for example to record a span. */
  readonly around?: AroundAttempt | undefined;
  readonly tuning?: Partial<ClientTuning> | undefined;
}

/** Optimisations. They are on by default; benchmarks turn them off to measure their effect. */
export interface ClientTuning {
  /** Whether to keep connections open for the next call. */
  readonly keepAlive: boolean;
  /** Whether the SDK caches its middleware between calls. */
  readonly cacheMiddleware: boolean;
}

export interface ProtonClients {
  /** Makes a call. Afterwards `scope` contains what happened to its attempts. */
  readonly call: <Output>(
    target: CallTarget,
    scope: CallScope,
    send: (client: ProtonClient) => Promise<Output>,
  ) => Promise<Output>;
  /** Makes the next call load the account's credentials again. */
  readonly invalidateCredentials: (accountId: AccountId) => void;
  /** Closes the connections to the endpoint. */
  readonly close: () => void;
}

/** Only the SDK retries. A retry may repeat a write that took place and whose response was lost; every operation allows that. */
const MAX_ATTEMPTS = 3;

/** The timeout of one attempt, as a share of the whole timeout: it leaves time for a second attempt. */
const ATTEMPT_TIMEOUT_SHARE = 0.4;

/** Sockets to the endpoint, shared by all requests. */
const MAX_SOCKETS = 64;

/** One client per account and Region, created when it is first needed. All share one pool of connections. */
export function createProtonClients({
  endpointUrl,
  timeoutMs,
  credentialsFor,
  warn,
  around,
  tuning: { keepAlive = true, cacheMiddleware = true } = {},
}: ProtonClientOptions): ProtonClients {
  const scopes = createCallScopes();
  const agent = { keepAlive, maxSockets: MAX_SOCKETS };
  const http = new NodeHttpHandler({
    httpAgent: agent,
    httpsAgent: agent,
    logger: {
      ...SILENT,
      warn: (...args: unknown[]) => {
        warn(args.map(String).join(' '));
      },
    },
  });
  const requestHandler = createHttpHandler({
    inner: http,
    scopes,
    around,
    attemptTimeoutMs: Math.ceil(timeoutMs * ATTEMPT_TIMEOUT_SHARE),
  });
  const clients = new Map<string, ProtonClient>();
  const credentials = new Map<AccountId, CachedCredentials>();

  function credentialsOf(accountId: AccountId): CachedCredentials {
    const known = credentials.get(accountId);
    if (known) return known;
    const created = cacheCredentials(() => credentialsFor(accountId));
    credentials.set(accountId, created);
    return created;
  }

  function clientFor({ accountId, region }: CallTarget): ProtonClient {
    const key = `${accountId} ${region}`;
    const known = clients.get(key);
    if (known) return known;
    const config: ProtonClientConfig = {
      region,
      ...(endpointUrl === undefined ? {} : { endpoint: endpointUrl }),
      // `memoized` is the SDK's own mark; without it each client would cache the credentials again.
      credentials: Object.assign(() => credentialsOf(accountId).get(), { memoized: true }),
      requestHandler,
      maxAttempts: MAX_ATTEMPTS,
      retryMode: 'standard',
      cacheMiddleware,
    };
    const created = new ProtonClient(config);
    created.middlewareStack.add(
      (next) => async (args) => {
        try {
          return await next(args);
        } catch (error) {
          const scope = scopes.getStore();
          if (scope && error instanceof Error) inspectFailedAttempt(error, scope);
          throw error;
        }
      },
      // Inside the SDK's retry middleware, so that it runs for every attempt.
      { step: 'finalizeRequest', priority: 'low', name: 'inspectFailedAttempts' },
    );
    clients.set(key, created);
    return created;
  }

  return {
    call: (target, scope, send) =>
      orAborted(
        scopes.run(scope, async () => {
          // Loaded before the client needs them, so that a failure here is not mistaken for a failure of Proton.
          await credentialsOf(target.accountId)
            .get()
            .catch((cause: unknown) => {
              throw new NoCredentialsError(`no credentials for the account ${target.accountId}`, { cause });
            });
          scope.signal.throwIfAborted();
          return send(clientFor(target));
        }),
        scope.signal,
      ),
    invalidateCredentials: (accountId) => credentials.get(accountId)?.invalidate(),
    close() {
      http.destroy();
    },
  };
}

/** Records throttling in the scope, and marks errors that are worth a retry although the SDK would not retry them. */
function inspectFailedAttempt(error: Error, scope: CallScope): void {
  scope.throttling = isThrottling(error) ? error : undefined;
  // The SDK could not parse the body of a successful response.
  if (!('$fault' in error) && statusOf(error) === 200) markRetryable(error);
  // The SDK corrects its clock before the next attempt.
  if (scope.clockSkewed) markRetryable(error);
}

const nothing = () => undefined;
const SILENT = { trace: nothing, debug: nothing, info: nothing, error: nothing };
