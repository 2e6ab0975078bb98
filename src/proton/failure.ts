/** The expected ways in which a call can fail, by the names that the schema gives them. */
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

/** One broken rule. */
export interface Violation {
  /** Path in the input, as in `['tags', '0', 'key']`; empty where the rule concerns the input as a whole. */
  readonly path: readonly string[];
  /** What is wrong, as a phrase that follows the path: "must be 12 digits". */
  readonly message: string;
}

/**
 * An expected failure. Every method of the port rejects with this and with nothing else, unless something is broken.
 * Its message is written for the caller: it names no table, file or host.
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

  /** Whether the same call may succeed later: throttling and unavailability pass, nothing else does. */
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

  /** The answer for an unknown id, and, word for word, for one that the viewer may not see. */
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

  /** @param cause what really happened, for the log */
  static throttled(message: string, cause: unknown): ProtonFailure {
    return new ProtonFailure('THROTTLED', message, { cause });
  }

  /** @param cause what really happened, for the log */
  static unavailable(message: string, cause: unknown): ProtonFailure {
    return new ProtonFailure('UNAVAILABLE', message, { cause });
  }
}
