import type { ProtonClient } from '@aws-sdk/client-proton';

import { failureOf, reportOf, type ExceptionMapping, type ProtonReport } from './error-mapping';
import type { CallTarget, ProtonClients } from './transport/clients';
import { ClientGoneError, type ConcurrencyLimit, reasonOf } from './transport/deadline';
import type { CallScope } from './transport/http-handler';
import { isCredentialError } from './transport/sdk-errors';

export interface CallDependencies {
  readonly clients: ProtonClients;
  /** Shared by all calls of one session. */
  readonly limit: ConcurrencyLimit;
  /** Receives every failed call, except those that found no connection. */
  readonly report: (report: ProtonReport) => void;
}

/** One call of one operation. */
export interface Call<Output, Result> {
  readonly operation: string;
  readonly target: CallTarget;
  readonly send: (client: ProtonClient) => Promise<Output>;
  readonly parse: (output: Output) => Result;
  /** The failures for exceptions with a special meaning for this call. */
  readonly exceptions?: ExceptionMapping | undefined;
}

/** Rejects with a `ProtonFailure`; any other error is a bug. */
export type RunCall = <Output, Result>(call: Call<Output, Result>) => Promise<Result>;

/** @param signal cancels all calls */
export function createCallRunner({ clients, limit, report }: CallDependencies, signal: AbortSignal): RunCall {
  const reported = new Set<string>();
  /** The last throttling error, so that calls which did not start in time fail as throttled too. */
  let throttling: unknown;

  /** Reports each error once per account and Region: the same error for a thousand ids is logged once. */
  function reportOnce(failedCall: ProtonReport): void {
    const key = `${failedCall.accountId} ${failedCall.region} ${failedCall.errorName}`;
    if (reported.has(key)) return;
    reported.add(key);
    report(failedCall);
  }

  return ({ operation, target, send, parse, exceptions = {} }) =>
    limit.run(async () => {
      const scope: CallScope = { signal, throttling, clockSkewed: false };
      // The call has not been made, so there is nothing to report.
      if (signal.aborted) throw failureOf(reasonOf(signal), target, { exceptions, throttling: undefined });
      try {
        return parse(await clients.call(target, scope, send));
      } catch (error) {
        if (isCredentialError(error)) clients.invalidateCredentials(target.accountId);
        const failure = failureOf(error, target, { exceptions, throttling: scope.throttling });
        // A search calls many targets, and most of them don't have the connection.
        if (failure.code !== 'NOT_FOUND' && !(error instanceof ClientGoneError)) {
          reportOnce(reportOf(error, operation, target, failure));
        }
        throw failure;
      } finally {
        throttling = scope.throttling;
      }
    });
}
