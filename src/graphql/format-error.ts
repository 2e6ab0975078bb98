import { unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';

import { ProtonFailure } from '../proton/failure';
import { DocumentLimitError } from './limits/document-limits';

/** The message that replaces an internal error's. */
export const INTERNAL_ERROR_MESSAGE = 'Something went wrong on our side. The fault has been recorded.';

const INTERNAL_ERROR_CODE = 'INTERNAL_SERVER_ERROR';

/** The start of a suggestion, at the end of a message. Apollo's option does not remove them from errors in variables. */
const SUGGESTION = ' Did you mean ';

/** Characters of a message. Longer ones quote the client's text. */
const MAX_MESSAGE = 1_000;
/** Characters that are kept at the end of a long message, where graphql-js says what is wrong. */
const MAX_END = 300;

/** How messages begin about client mistakes that graphql-js finds during execution; Apollo treats them as internal errors. */
const LATE_MISTAKES = ['Argument "', 'Too many errors processing variables'];

/** The error of V8 when a document is nested deeper than graphql-js's parser can call itself. */
const STACK_OVERFLOW = 'Maximum call stack size exceeded';

/** The syntax error of graphql-js for a document with too many tokens. */
const TOKENS = /^Syntax Error: Document contains more that (\d+) tokens\b/;

/** @param formatted the error with a code in its extensions; `INTERNAL_SERVER_ERROR` unless a better one is known */
export type FormatError = (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError;

/**
 * Formats anything thrown as an error for the client. An expected failure keeps its message and code (`VALIDATION_ERROR` becomes Apollo's
 * `BAD_USER_INPUT`); an internal error is masked.
 * @param suggestions whether messages may suggest names of the schema
 */
export function createErrorFormatter({ suggestions }: { readonly suggestions: boolean }): FormatError {
  function format(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
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
    if (
      formatted.extensions?.['code'] === 'GRAPHQL_PARSE_FAILED' &&
      formatted.message.includes(STACK_OVERFLOW)
    ) {
      return { message: 'The document is nested too deeply to be parsed.', extensions: { code: 'TOO_DEEP' } };
    }
    // Apollo overwrites the code of every validation error and keeps the original error.
    const limitError = error instanceof GraphQLError ? (error.originalError ?? error) : error;
    if (limitError instanceof DocumentLimitError)
      return { message: limitError.message, extensions: { code: limitError.code } };
    if (isLateMistake(thrown)) return { ...formatted, extensions: { code: 'BAD_USER_INPUT' } };
    if (!isInternalError(formatted)) {
      return suggestions ? formatted : { ...formatted, message: withoutSuggestion(formatted.message) };
    }
    return { ...formatted, message: INTERNAL_ERROR_MESSAGE, extensions: { code: INTERNAL_ERROR_CODE } };
  }

  return (formatted, error) => {
    const result = format(formatted, error);
    return result.message.length > MAX_MESSAGE ? { ...result, message: shortened(result.message) } : result;
  };
}

/** Without a regular expression: an attacker controls most of the message. */
function withoutSuggestion(message: string): string {
  const start = message.endsWith('?') ? message.lastIndexOf(SUGGESTION) : -1;
  return start === -1 ? message : message.slice(0, start);
}

function shortened(message: string): string {
  return `${message.slice(0, MAX_MESSAGE - MAX_END)} … ${message.slice(-MAX_END)}`;
}

function isLateMistake(thrown: unknown): boolean {
  return (
    thrown instanceof GraphQLError &&
    thrown.originalError === undefined &&
    thrown.extensions['code'] === undefined &&
    LATE_MISTAKES.some((start) => thrown.message.startsWith(start))
  );
}

/** Whether a formatted error is an internal one. */
export function isInternalError({ extensions }: Pick<GraphQLFormattedError, 'extensions'>): boolean {
  return (extensions?.['code'] ?? INTERNAL_ERROR_CODE) === INTERNAL_ERROR_CODE;
}

/**
 * The error to log when the response hides it: an internal error, or the cause of a retryable failure. Undefined when the response
 * says everything.
 */
export function hiddenCause(error: GraphQLError): unknown {
  const thrown = unwrapResolverError(error);
  if (thrown instanceof ProtonFailure) return thrown.retryable ? thrown : undefined;
  return isInternalError(error) && !isLateMistake(thrown) ? thrown : undefined;
}

/** How graphql-js begins these notices. */
const NOTICES = ['Too many validation errors', 'Too many errors processing variables'];

/** Removes graphql-js's notice that it stopped at the maximum number of errors. */
export function withoutNotice<Listed extends Pick<GraphQLFormattedError, 'message'>>(
  errors: readonly Listed[],
  maxValidationErrors: number,
): readonly Listed[] {
  const last = errors.at(-1);
  const isNotice =
    errors.length === maxValidationErrors + 1 && NOTICES.some((start) => last?.message.startsWith(start));
  return isNotice ? errors.slice(0, -1) : errors;
}

/** The code of an error for clients. */
export function extensionCodeOf(error: GraphQLFormattedError | undefined): string | undefined {
  const code = error?.extensions?.['code'];
  return typeof code === 'string' ? code : undefined;
}

/** Formats an error as Apollo Server does before it calls its formatter. @param code unless the error has one */
export function toFormatted(error: GraphQLError, code = INTERNAL_ERROR_CODE): GraphQLFormattedError {
  const extensions = Object.entries({ code, ...error.extensions }).filter(([name]) => name !== 'http');
  return { ...error.toJSON(), extensions: Object.fromEntries(extensions) };
}
