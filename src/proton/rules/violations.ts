import { ProtonFailure, type Violation } from '../failure';

/** Enough to mend any honest input; it bounds the answer to one that breaks a rule ten thousand times. */
const MOST_REPORTED = 100;

/** Gathers every rule that one input breaks, so that its sender can mend them all at once. */
export class Violations {
  readonly #found: Violation[] = [];

  add(path: readonly string[], message: string): undefined {
    if (this.#found.length < MOST_REPORTED) this.#found.push({ path, message });
    return undefined;
  }

  get any(): boolean {
    return this.#found.length > 0;
  }

  /** All that was found, as a `VALIDATION_ERROR`. */
  asFailure(): ProtonFailure {
    return ProtonFailure.invalid(this.#found);
  }

  throwIfAny(): void {
    if (this.any) throw this.asFailure();
  }
}

/**
 * Judges one string: answers it in its narrower type, or calls `broken` once for every rule that it breaks and answers undefined.
 */
export type Rule<Value extends string> = (value: string, broken: (message: string) => undefined) => Value | undefined;

/** Applies a rule to a member that must be there. */
export function required<Value extends string>(
  violations: Violations,
  path: readonly string[],
  value: string,
  rule: Rule<Value>,
): Value | undefined {
  return rule(value, (message) => violations.add(path, message));
}

/** Applies a rule to a member that may be left out, which null does too. Answers null when it is, undefined when it is broken. */
export function optional<Value extends string>(
  violations: Violations,
  path: readonly string[],
  value: string | null | undefined,
  rule: Rule<Value>,
): Value | null | undefined {
  return value === null || value === undefined ? null : required(violations, path, value, rule);
}
