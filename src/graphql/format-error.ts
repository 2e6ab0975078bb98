import { unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';

import { ProtonFailure } from '../proton/failure';
import { ExcessError } from './limits/document-limits';

/** What is said of a fault, to whoever met it. */
export const FAULT = 'Something went wrong on our side. The fault has been recorded.';

const FAULT_CODE = 'INTERNAL_SERVER_ERROR';

/** Apollo leaves suggestions in the errors of variables, whatever it is told. They are the end of a message. */
const SUGGESTION = ' Did you mean ';

/** Characters of a message that are told. What is longer repeats what a sender wrote. */
const MOST_TOLD = 1_000;
/** Of its end, where graphql-js says what is wrong. */
const MOST_OF_THE_END = 300;

/** How graphql-js begins to tell of mistakes that it finds only when it executes; Apollo takes them for faults. */
const LATE_MISTAKES = ['Argument "', 'Too many errors processing variables'];

/** How graphql-js tells, as a mistake of syntax, that it has stopped counting tokens. */
const TOKENS = /^Syntax Error: Document contains more that (\d+) tokens\b/;

/**
 * Turns anything thrown on the way to an answer into what its sender may read. An expected failure keeps its message and gets its
 * code, where `VALIDATION_ERROR` becomes Apollo's `BAD_USER_INPUT`; a fault is masked.
 * @param suggestions whether mistakes are answered with the names that were perhaps meant
 */
export function createErrorFormatter({
  suggestions,
}: {
  readonly suggestions: boolean;
}): (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError {
  function told(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
    const thrown = unwrapResolverError(error);
    if (thrown instanceof ProtonFailure) {
      const code = thrown.code === 'VALIDATION_ERROR' ? 'BAD_USER_INPUT' : thrown.code;
      return { ...formatted, message: thrown.message, extensions: { code } };
    }
    const tokens = TOKENS.exec(formatted.message)?.[1];
    if (tokens !== undefined) {
      const message = `The document has more than ${Number(tokens).toLocaleString('en')} tokens, which are allowed.`;
      return { message, extensions: { code: 'TOO_MANY_TOKENS' } };
    }
    // Apollo gives every error of validation its own code, and keeps what there was before.
    const excess = error instanceof GraphQLError ? (error.originalError ?? error) : error;
    if (excess instanceof ExcessError) return { message: excess.message, extensions: { code: excess.code } };
    if (isLateMistake(thrown)) return { ...formatted, extensions: { code: 'BAD_USER_INPUT' } };
    if (!isFault(formatted)) {
      return suggestions ? formatted : { ...formatted, message: withoutSuggestion(formatted.message) };
    }
    return { ...formatted, message: FAULT, extensions: { code: FAULT_CODE } };
  }

  return (formatted, error) => {
    const answer = told(formatted, error);
    return answer.message.length > MOST_TOLD ? { ...answer, message: shortened(answer.message) } : answer;
  };
}

/** No pattern, for most of a message may be what somebody sent to have it take long. */
function withoutSuggestion(message: string): string {
  const start = message.endsWith('?') ? message.lastIndexOf(SUGGESTION) : -1;
  return start === -1 ? message : message.slice(0, start);
}

function shortened(message: string): string {
  return `${message.slice(0, MOST_TOLD - MOST_OF_THE_END)} … ${message.slice(-MOST_OF_THE_END)}`;
}

function isLateMistake(thrown: unknown): boolean {
  return (
    thrown instanceof GraphQLError &&
    thrown.originalError === undefined &&
    thrown.extensions['code'] === undefined &&
    LATE_MISTAKES.some((start) => thrown.message.startsWith(start))
  );
}

/** Whether an error, as it is formatted, is one that nobody foresaw. */
export function isFault({ extensions }: Pick<GraphQLFormattedError, 'extensions'>): boolean {
  return (extensions?.['code'] ?? FAULT_CODE) === FAULT_CODE;
}

/**
 * What of an error the log must be told, because its answer does not tell it: a fault, or why something could not be carried out
 * that may be tried again. Undefined where there is nothing to tell.
 */
export function concealedIn(error: GraphQLError): unknown {
  const thrown = unwrapResolverError(error);
  if (thrown instanceof ProtonFailure) return thrown.retryable ? thrown : undefined;
  return isFault(error) && !isLateMistake(thrown) ? thrown : undefined;
}
