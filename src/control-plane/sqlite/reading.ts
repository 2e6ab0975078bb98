import { ProtonFailure } from '../../proton/failure';
import { isStoreFailure } from './errors';

/** Runs a read now and answers as a promise; a file that can't be read is told from a mistake of ours. */
export function reading<Answer>(read: () => Answer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    try {
      resolve(read());
    } catch (error) {
      reject(isStoreFailure(error) ? readFailure(error) : asError(error));
    }
  });
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error('a read failed', { cause: error });
}

export function readFailure(cause: unknown): ProtonFailure {
  return ProtonFailure.unavailable("The store can't be read at the moment. Try again later.", cause);
}
