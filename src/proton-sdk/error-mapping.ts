import { ProtonFailure } from '../proton/failure';
import { MalformedAnswer } from './responses';
import { UnusableAnswer } from './transport/http-handler';
import { isObject, isThrottling, NoCredentials, statusOf, type Place } from './transport/clients';
import { DeadlinePassed, NobodyWaits } from './transport/deadline';

/** What Proton said, or why it could not be heard: for the log, and for nobody else. */
export interface ProtonReport {
  /** `expected` where Proton refuses what was asked, or nobody waits for it; `trouble` where it could not do what it should. */
  readonly kind: 'expected' | 'trouble';
  readonly operation: string;
  readonly accountId: string;
  readonly region: string;
  readonly errorName: string;
  readonly said: string;
  readonly httpStatus: number | undefined;
  readonly requestId: string | undefined;
  readonly attempts: number | undefined;
  readonly error: unknown;
}

/** What becomes of a refusal that means something to one operation, by Proton's name for it. */
export type Refusals = Partial<
  Record<
    | 'ValidationException'
    | 'ResourceNotFoundException'
    | 'ConflictException'
    | 'ServiceQuotaExceededException',
    (said: string) => ProtonFailure
  >
>;

/** Names of refusals that concern the credentials or the signature, and so this service and not its caller. */
const CREDENTIAL_ERRORS = new Set([
  'UnrecognizedClientException',
  'InvalidClientTokenId',
  'InvalidAccessKeyId',
  'ExpiredToken',
  'ExpiredTokenException',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
  'IncompleteSignatureException',
  'MissingAuthenticationTokenException',
  'MissingAuthenticationToken',
  'RequestExpired',
  'RequestTimeTooSkewed',
  'RequestInTheFuture',
  'NotAuthorized',
  'OptInRequired',
]);

export function concernsCredentials(error: unknown): boolean {
  return error instanceof NoCredentials || (error instanceof Error && CREDENTIAL_ERRORS.has(error.name));
}

/**
 * Turns whatever a call through the SDK ends with into a failure of the port. Its message is our own: what Proton said may name
 * what the caller must not know.
 * @param throttling what was last said about too many calls, where a call ended without an answer
 */
export function failureOf(
  error: unknown,
  { accountId }: Place,
  { refusals, throttling }: { readonly refusals: Refusals; readonly throttling: unknown },
): ProtonFailure {
  if (error instanceof ProtonFailure) return error;
  if (!(error instanceof Error)) return unreachable(error);
  if (error instanceof NobodyWaits) {
    return ProtonFailure.unavailable('The request was given up, for nobody waited for its answer.', error);
  }
  // A deadline that falls into a wait between attempts leaves the reason for that wait.
  if (isThrottling(error) || (error instanceof DeadlinePassed && throttling !== undefined)) {
    return ProtonFailure.throttled('Proton takes no more calls at the moment. Try again later.', error);
  }
  if (error instanceof DeadlinePassed) {
    return ProtonFailure.unavailable('Proton did not answer in time. Try again later.', error);
  }
  if (concernsCredentials(error)) {
    return ProtonFailure.unavailable(
      `This service has no credentials that Proton takes for the account ${accountId}. Whoever runs it must mend that.`,
      error,
    );
  }
  // A name counts where it came in an answer of Proton's and not, say, of a proxy that is down.
  const status = statusOf(error) ?? 500;
  if (status >= 400 && status < 500 && '$fault' in error) {
    const refusal = Object.entries(refusals).find(([name]) => name === error.name)?.[1];
    if (refusal) return refusal(error.message);
    if (error.name === 'ConflictException') {
      return ProtonFailure.conflict(
        'Something else stands in the way of this. Look at the connection again.',
      );
    }
    if (error.name === 'AccessDeniedException') {
      return ProtonFailure.accessDenied(
        `Proton denies this to the credentials that this service has for the account ${accountId}.`,
      );
    }
    if (error.name === 'ValidationException') {
      return ProtonFailure.invalid([{ path: [], message: 'has something in it that Proton does not take' }]);
    }
  }
  return unreachable(error);
}

function unreachable(cause: unknown): ProtonFailure {
  return cause instanceof UnusableAnswer || cause instanceof MalformedAnswer
    ? ProtonFailure.unavailable('Proton gave no usable answer. Try again later.', cause)
    : ProtonFailure.unavailable("Proton can't be reached, or can't answer. Try again later.", cause);
}

/** A list that would be read for ever. */
export function goesOnAtTheSamePlace(): ProtonFailure {
  return unreachable(new UnusableAnswer('a list that goes on at the same place'));
}

/** Puts what happened into the words of the log. */
export function reportOf(
  error: unknown,
  operation: string,
  { accountId, region }: Place,
  failure: ProtonFailure,
): ProtonReport {
  const metadata = isObject(error) && isObject(error['$metadata']) ? error['$metadata'] : {};
  const { requestId, attempts } = metadata;
  return {
    kind: failure.retryable && !(error instanceof NobodyWaits) ? 'trouble' : 'expected',
    operation,
    accountId,
    region,
    errorName: error instanceof Error ? error.name : typeof error,
    said: error instanceof Error ? error.message : String(error),
    httpStatus: statusOf(error),
    requestId: typeof requestId === 'string' ? requestId : undefined,
    attempts: typeof attempts === 'number' ? attempts : undefined,
    error,
  };
}
