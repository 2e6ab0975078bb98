import { ProtonFailure, type Violation } from '../failure';

/** Limits the response to an input that breaks a rule ten thousand times. */
const MAX_REPORTED = 100;

/** Collects every rule that one input breaks, so that the caller can fix them all at once. */
export class Violations {
  readonly #list: Violation[] = [];

  add(path: readonly string[], message: string): void {
    if (this.#list.length < MAX_REPORTED) this.#list.push({ path, message });
  }

  get any(): boolean {
    return this.#list.length > 0;
  }

  /** All violations, as one `VALIDATION_ERROR`. */
  asFailure(): ProtonFailure {
    return ProtonFailure.invalid(this.#list);
  }
}

/** The valid value, or a message for each rule that it breaks. */
export type RuleResult<Value extends string> =
  { readonly value: Value } | { readonly messages: readonly string[] };

export type Rule<Value extends string> = (value: string) => RuleResult<Value>;

/** The rule of a member that has no default. */
export const MUST_BE_GIVEN = 'must be given';

/** Applies a rule to a member that must be given. Returns undefined if the value is missing or invalid. */
export function required<Value extends string>(
  violations: Violations,
  path: readonly string[],
  value: string | undefined,
  rule: Rule<Value>,
): Value | undefined {
  const result = value === undefined ? { messages: [MUST_BE_GIVEN] } : rule(value);
  if ('value' in result) return result.value;
  for (const message of result.messages) violations.add(path, message);
  return undefined;
}

/** Applies a rule to a member that may be null or left out. Returns null if it is, undefined if the value is invalid. */
export function optional<Value extends string>(
  violations: Violations,
  path: readonly string[],
  value: string | null | undefined,
  rule: Rule<Value>,
): Value | null | undefined {
  return value === null || value === undefined ? null : required(violations, path, value, rule);
}
