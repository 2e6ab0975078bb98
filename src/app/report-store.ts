import type { Logger } from 'pino';

/** Logs what becomes of a store: once when something begins to be wrong with it, once when all is well again. */
export function reportStoreTo(logger: Logger): (trouble: Error | undefined) => void {
  return (trouble) => {
    if (trouble) logger.error({ err: trouble }, 'the store is in trouble');
    else logger.info('the store is well again');
  };
}
