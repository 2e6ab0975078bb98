import { ProtonFailure } from '../proton/failure';

/** The store as a whole fails, and not one write: the whole commit fails. The message is for the operator. */
export class StoreError extends Error {
  override readonly name: string = 'StoreError';
}

/** The setting that names the store can't be used. The message says how to fix it. */
export class StoreOpenError extends Error {
  override readonly name = 'StoreOpenError';
}

export function readFailure(cause: unknown): ProtonFailure {
  return ProtonFailure.unavailable("The store can't be read at the moment. Try again later.", cause);
}

export function writeFailure(cause: unknown): ProtonFailure {
  return ProtonFailure.unavailable(
    "The store can't take writes at the moment, and has not acknowledged this one. Try again later.",
    cause,
  );
}
