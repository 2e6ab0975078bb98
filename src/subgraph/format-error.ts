import { unwrapResolverError } from '@apollo/server/errors';
import type { GraphQLFormattedError } from 'graphql';

import { ProtonFailure } from '../proton/failure';

/** What is said of a fault, to whoever met it. */
export const FAULT = 'Something went wrong on our side. The fault has been recorded.';

/** Apollo leaves these in the errors of variables, whatever it is told. */
const SUGGESTION = / ?Did you mean [^?]*\?/g;

export interface ErrorFormatOptions {
  /** Is told of what goes wrong on our side. */
  readonly reportFault: (error: unknown) => void;
  /** Whether mistakes are answered with the names that were perhaps meant. */
  readonly suggestions: boolean;
}

/**
 * Turns anything thrown while a document is executed into what its sender may read. An expected failure keeps its message and
 * gets its code, where `VALIDATION_ERROR` becomes Apollo's `BAD_USER_INPUT`; a fault is told to `reportFault` and masked.
 */
export function createErrorFormatter({
  reportFault,
  suggestions,
}: ErrorFormatOptions): (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError {
  // A thousand references may share one failure, which is told once.
  const told = new WeakSet<ProtonFailure>();
  return (formatted, error) => {
    const thrown = unwrapResolverError(error);
    if (thrown instanceof ProtonFailure) {
      const code = thrown.code === 'VALIDATION_ERROR' ? 'BAD_USER_INPUT' : thrown.code;
      if (thrown.retryable && !told.has(thrown)) {
        told.add(thrown);
        reportFault(thrown);
      }
      return { ...formatted, message: thrown.message, extensions: { code } };
    }
    if (formatted.extensions?.['code'] !== 'INTERNAL_SERVER_ERROR') {
      return suggestions ? formatted : { ...formatted, message: formatted.message.replace(SUGGESTION, '') };
    }
    reportFault(thrown);
    return { ...formatted, message: FAULT, extensions: { code: 'INTERNAL_SERVER_ERROR' } };
  };
}
