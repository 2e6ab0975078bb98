import { asError, ProtonFailure } from '../../proton/failure';
import { isStoreFailure } from './errors';

/** Starts a read at once. @throws ProtonFailure `UNAVAILABLE` when the file can't be read */
export async function reading<Answer>(read: () => Answer | Promise<Answer>): Promise<Answer> {
  try {
    return await read();
  } catch (error) {
    throw isStoreFailure(error) ? readFailure(error) : asError(error);
  }
}

export function readFailure(cause: unknown): ProtonFailure {
  return ProtonFailure.unavailable("The store can't be read at the moment. Try again later.", cause);
}
