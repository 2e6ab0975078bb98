import { ProtonFailure, type Violation } from '../failure';

/** Enough to mend any honest input; it bounds the answer to one that breaks a rule ten thousand times. */
const MOST_REPORTED = 100;

/** Gathers every rule that one input breaks, so that its sender can mend them all at once. */
export class Violations {
  readonly #found: Violation[] = [];

  add(path: readonly string[], message: string): void {
    if (this.#found.length < MOST_REPORTED) this.#found.push({ path, message });
  }

  get any(): boolean {
    return this.#found.length > 0;
  }

  /** All that was found, as a `VALIDATION_ERROR`. */
  asFailure(): ProtonFailure {
    return ProtonFailure.invalid(this.#found);
  }
}

/** A string in its narrower type, or all that is wrong with it. */
export type Verdict<Value extends string> =
  { readonly value: Value } | { readonly broken: readonly string[] };

export type Rule<Value extends string> = (value: string) => Verdict<Value>;

/** Applies a rule to a member that must be there. */
export function required<Value extends string>(
  violations: Violations,
  path: readonly string[],
  value: string,
  rule: Rule<Value>,
): Value | undefined {
  const verdict = rule(value);
  if ('value' in verdict) return verdict.value;
  for (const message of verdict.broken) violations.add(path, message);
  return undefined;
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
