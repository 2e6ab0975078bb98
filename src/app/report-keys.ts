import type { Logger } from 'pino';

import type { KeyReport } from '../authentication/user/issuer-keys';

/** Writes to the log what became of asking the issuer for keys. */
export function reportKeysTo(logger: Logger): (report: KeyReport) => void {
  return (report) => {
    if (report.kind === 'fetched') {
      logger.info({ keys: report.keys }, 'fetched the keys that tokens are verified with');
    } else if (report.kept > 0) {
      logger.warn(
        { err: report.error, keys: report.kept },
        'the keys at AUTH_JWKS_URL could not be fetched; those that are known stay good',
      );
    } else {
      logger.error(
        { err: report.error },
        'the keys at AUTH_JWKS_URL could not be fetched; until they are, GraphQL is answered with 503',
      );
    }
  };
}
