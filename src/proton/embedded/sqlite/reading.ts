import { ProtonFailure } from '../../failure';
import { isStoreFailure } from './sqlite-error';

/** Runs a read now and answers as a promise; a file that can't be read is told from a mistake of ours. */
export function reading<Answer>(read: () => Answer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    try {
      resolve(read());
    } catch (error) {
      const failure = "The store can't be read at the moment. Try again later.";
      reject(isStoreFailure(error) ? ProtonFailure.unavailable(failure, error) : asError(error));
    }
  });
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('a read failed', { cause: error });
}
