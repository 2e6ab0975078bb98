import type { Logger } from 'pino';

import { troubleOf } from '../control-plane/sqlite/errors';
import { ProtonFailure } from '../proton/failure';
import type { ReportFault } from './back-end';

/**
 * Logs what goes wrong on our side. What is wrong with the store as a whole is told when it begins, with all that is known of it, so
 * that what fails for it meanwhile needs no more than a word.
 */
export function reportFaultsTo(logger: Logger): ReportFault {
  return (error, requestId) => {
    const trouble = error instanceof ProtonFailure ? troubleOf(error.cause) : undefined;
    if (trouble) logger.error({ requestId, reason: trouble.message }, 'a request failed');
    else logger.error({ requestId, err: error }, 'a request failed');
  };
}
