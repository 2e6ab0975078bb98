import { CombinedGraphQLErrors, ServerError, ServerParseError } from '@apollo/client/errors';

/** Why a request failed, as far as the console treats it differently. */
export type FailureKind =
  /** The token is missing, expired or refused. */
  | 'signed-out'
  /** The server refused it before it did anything, and says when to come back. */
  | 'busy'
  /** It took too long: a write may have been carried out. */
  | 'unknown-outcome'
  /** No response came. */
  | 'unreachable'
  | 'other';

export interface Failure {
  readonly kind: FailureKind;
  readonly message: string;
  /** The rules that the input breaks, if the server names them. */
  readonly violations?: readonly Violation[];
  /** Seconds after which to repeat a request that met a busy server, if the server says so. */
  readonly retryAfterS?: number;
}

/** A rule that an input breaks. */
export interface Violation {
  /** As in `['tags', '0', 'key']`. */
  readonly path: readonly string[];
  readonly message: string;
}

const BUSY = [429, 503];

/** @param error what Apollo Client throws */
export function toFailure(error: unknown): Failure {
  if (CombinedGraphQLErrors.is(error)) {
    const [first] = error.errors;
    const kind = KIND_OF_CODE[String(first?.extensions?.code)] ?? 'other';
    const violations = first?.extensions?.violations as readonly Violation[] | undefined;
    return { kind, message: first?.message ?? error.message, ...(violations && { violations }) };
  }
  if (ServerError.is(error) || ServerParseError.is(error)) return fromResponse(error);
  return { kind: 'unreachable', message: 'The server did not respond. Check the network, then try again.' };
}

/** By the error's code, where the status is 200. */
const KIND_OF_CODE: Readonly<Record<string, FailureKind>> = {
  UNAUTHENTICATED: 'signed-out',
  RATE_LIMITED: 'busy',
  OVERLOADED: 'busy',
  UNAVAILABLE: 'busy',
  EXECUTION_TIMEOUT: 'unknown-outcome',
};

function fromResponse({ statusCode, response, bodyText }: ServerError | ServerParseError): Failure {
  const message = messageOf(bodyText) ?? `The server responded with status ${String(statusCode)}.`;
  if (statusCode === 401) return { kind: 'signed-out', message };
  if (statusCode === 504) return { kind: 'unknown-outcome', message };
  if (!BUSY.includes(statusCode)) return { kind: 'other', message };
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(retryAfter)
    ? { kind: 'busy', message, retryAfterS: retryAfter }
    : { kind: 'busy', message };
}

/** The message of the first GraphQL error in a response's body. */
function messageOf(body: string): string | undefined {
  try {
    const { errors } = JSON.parse(body) as { errors?: { message?: unknown }[] };
    const message = errors?.[0]?.message;
    return typeof message === 'string' ? message : undefined;
  } catch {
    return undefined;
  }
}
