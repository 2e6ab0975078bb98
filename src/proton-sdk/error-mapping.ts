import { ProtonFailure } from '../proton/failure';
import { MalformedResponseError } from './responses';
import type { CallTarget } from './transport/clients';
import { ClientGoneError, DeadlineExceededError } from './transport/deadline';
import { UnusableResponseError } from './transport/http-handler';
import { isCredentialError, isThrottling, metadataOf, statusOf } from './transport/sdk-errors';

/** A failed call, for the log. Clients never see it. */
export interface ProtonReport {
  /** `expected` if Proton rejected the call or the client is gone; `unexpected` if Proton could not be called or did not work. */
  readonly kind: 'expected' | 'unexpected';
  readonly operation: string;
  readonly accountId: string;
  readonly region: string;
  readonly errorName: string;
  readonly errorMessage: string;
  readonly httpStatus: number | undefined;
  readonly requestId: string | undefined;
  readonly attempts: number | undefined;
  readonly error: unknown;
}

/** The failures for those of Proton's exceptions that have a special meaning for one operation. */
export type ExceptionMapping = Partial<
  Record<
    | 'ValidationException'
    | 'ResourceNotFoundException'
    | 'ConflictException'
    | 'ServiceQuotaExceededException',
    (message: string) => ProtonFailure
  >
>;

/** For an input that Proton rejects although it passed our own validation. */
export function rejectedByProton(): ProtonFailure {
  return ProtonFailure.invalid([{ path: [], message: 'has something in it that Proton does not take' }]);
}

/**
 * Maps the error of a call through the SDK to a failure of the port. The failure has a message of our own, because Proton's may
 * contain details that the client must not see.
 * @param throttling the last throttling error of the request, if there was one
 */
export function failureOf(
  error: unknown,
  { accountId }: CallTarget,
  { exceptions, throttling }: { readonly exceptions: ExceptionMapping; readonly throttling: unknown },
): ProtonFailure {
  if (error instanceof ProtonFailure) return error;
  if (!(error instanceof Error)) return unavailable(error);
  if (error instanceof ClientGoneError) {
    return ProtonFailure.unavailable(
      'The client has closed the connection, so the request was given up.',
      error,
    );
  }
  // If the time ran out while the SDK waited to retry, the reason is what it was retrying.
  if (isThrottling(error) || (error instanceof DeadlineExceededError && throttling !== undefined)) {
    return ProtonFailure.throttled('Proton takes no more calls at the moment. Try again later.', error);
  }
  if (error instanceof DeadlineExceededError) {
    return ProtonFailure.unavailable('Proton did not answer in time. Try again later.', error);
  }
  if (isCredentialError(error)) {
    return ProtonFailure.unavailable(
      `This service has no credentials that Proton accepts for the account ${accountId}. Its operator has to set them.`,
      error,
    );
  }
  const failure = isProtonException(error) ? failureOfException(error, accountId, exceptions) : undefined;
  return failure ?? unavailable(error);
}

/** Whether an error is a 4xx exception of Proton, and not, for example, the response of a broken proxy. */
function isProtonException(error: Error): boolean {
  const status = statusOf(error) ?? 500;
  return status >= 400 && status < 500 && '$fault' in error;
}

function failureOfException(
  { name, message }: Error,
  accountId: string,
  exceptions: ExceptionMapping,
): ProtonFailure | undefined {
  const failure = Object.entries(exceptions).find(([exception]) => exception === name)?.[1];
  if (failure) return failure(message);
  switch (name) {
    case 'ConflictException':
      return ProtonFailure.conflict(
        'Something else stands in the way of this. Look at the connection again.',
      );
    case 'AccessDeniedException':
      return ProtonFailure.accessDenied(
        `Proton denies this to the credentials that this service has for the account ${accountId}.`,
      );
    case 'ValidationException':
      return rejectedByProton();
    default:
      return undefined;
  }
}

function unavailable(cause: unknown): ProtonFailure {
  return cause instanceof UnusableResponseError || cause instanceof MalformedResponseError
    ? ProtonFailure.unavailable('Proton gave no usable answer. Try again later.', cause)
    : ProtonFailure.unavailable("Proton can't be reached, or can't answer. Try again later.", cause);
}

/** For a list whose next page token is the one that was just used: reading on would never end. */
export function repeatedPageToken(): ProtonFailure {
  return unavailable(new UnusableResponseError('a page whose next page token is its own'));
}

/** Describes a failed call for the log. */
export function reportOf(
  error: unknown,
  operation: string,
  { accountId, region }: CallTarget,
  failure: ProtonFailure,
): ProtonReport {
  const { requestId, attempts } = metadataOf(error);
  return {
    kind: failure.retryable && !(error instanceof ClientGoneError) ? 'unexpected' : 'expected',
    operation,
    accountId,
    region,
    errorName: error instanceof Error ? error.name : typeof error,
    errorMessage: error instanceof Error ? error.message : String(error),
    httpStatus: statusOf(error),
    requestId: typeof requestId === 'string' ? requestId : undefined,
    attempts: typeof attempts === 'number' ? attempts : undefined,
    error,
  };
}
