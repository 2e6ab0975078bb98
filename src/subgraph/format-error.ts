import { unwrapResolverError } from '@apollo/server/errors';
import type { GraphQLFormattedError } from 'graphql';

import { ProtonFailure } from '../proton/failure';

const FAULT = 'Something went wrong on our side. The fault has been recorded.';

/**
 * Turns anything thrown while a document is executed into what its sender may read. An expected failure keeps its message and
 * gets its code, where `VALIDATION_ERROR` becomes Apollo's `BAD_USER_INPUT`; a fault is told to `reportFault` and masked.
 */
export function createErrorFormatter(
  reportFault: (error: unknown) => void,
): (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError {
  return (formatted, error) => {
    const thrown = unwrapResolverError(error);
    if (thrown instanceof ProtonFailure) {
      const code = thrown.code === 'VALIDATION_ERROR' ? 'BAD_USER_INPUT' : thrown.code;
      if (thrown.retryable) reportFault(thrown);
      return { ...formatted, message: thrown.message, extensions: { code } };
    }
    if (formatted.extensions?.['code'] !== 'INTERNAL_SERVER_ERROR') return formatted;
    reportFault(thrown);
    return { ...formatted, message: FAULT, extensions: { code: 'INTERNAL_SERVER_ERROR' } };
  };
}
