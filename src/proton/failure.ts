/** The codes of expected failures. Clients see them. */
export const FailureCode = {
  VALIDATION_ERROR: 'VALIDATION_ERROR',
  NOT_FOUND: 'NOT_FOUND',
  CONFLICT: 'CONFLICT',
  ACCESS_DENIED: 'ACCESS_DENIED',
  QUOTA_EXCEEDED: 'QUOTA_EXCEEDED',
  THROTTLED: 'THROTTLED',
  UNAVAILABLE: 'UNAVAILABLE',
} as const;
export type FailureCode = keyof typeof FailureCode;

/** A rule that the input breaks. */
export interface Violation {
  /** Path in the input, as in `['tags', '0', 'key']`; empty if the rule concerns the whole input. */
  readonly path: readonly string[];
  /** A phrase that follows the path, as in "must be 12 digits". */
  readonly message: string;
}

/**
 * An expected failure. A method of the port rejects with another error only because of a bug or a broken environment.
 * Clients see the message, so it never names a table, a file or a host.
 */
export class ProtonFailure extends Error {
  override readonly name = 'ProtonFailure';
  readonly code: FailureCode;
  readonly violations: readonly Violation[];

  private constructor(
    code: FailureCode,
    message: string,
    options: { violations?: readonly Violation[]; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.violations = options.violations ?? [];
  }

  /** Whether the same call may succeed later. */
  get retryable(): boolean {
    return this.code === 'THROTTLED' || this.code === 'UNAVAILABLE';
  }

  static invalid(violations: readonly Violation[]): ProtonFailure {
    const [first, ...others] = violations.map(({ path, message }) =>
      [path.join('.'), message].filter(Boolean).join(' '),
    );
    const message =
      others.length === 0
        ? `Invalid input: ${first ?? ''}.`
        : `Invalid input: ${[first, ...others].join('; ')}.`;
    return new ProtonFailure('VALIDATION_ERROR', message, { violations });
  }

  /** For an unknown id, and with exactly the same message for a connection that the viewer may not see. */
  static notFound(id: string): ProtonFailure {
    return new ProtonFailure('NOT_FOUND', `No environment account connection has the id ${id}.`);
  }

  static conflict(message: string): ProtonFailure {
    return new ProtonFailure('CONFLICT', message);
  }

  static accessDenied(message: string): ProtonFailure {
    return new ProtonFailure('ACCESS_DENIED', message);
  }

  static quotaExceeded(message: string): ProtonFailure {
    return new ProtonFailure('QUOTA_EXCEEDED', message);
  }

  /** @param cause the original error, for the log */
  static throttled(message: string, cause: unknown): ProtonFailure {
    return new ProtonFailure('THROTTLED', message, { cause });
  }

  /** @param cause the original error, for the log */
  static unavailable(message: string, cause: unknown): ProtonFailure {
    return new ProtonFailure('UNAVAILABLE', message, { cause });
  }
}

/** Returns a thrown value as an `Error`; JavaScript can throw anything. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown });
}
