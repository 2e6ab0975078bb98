import type { Violation } from '../../proton/failure';
import type { Violations } from '../../proton/validation/violations';

/**
 * What is broken, each as "status must be one of …".
 * @param nameOf what the first part of a path is called where the record was written
 */
export function reasonsOf(violations: Violations, nameOf = (member: string) => member): readonly string[] {
  return violations.asFailure().violations.map(({ path, message }: Violation) => {
    const [member, ...rest] = path;
    return [member === undefined ? '' : [nameOf(member), ...rest].join('.'), message]
      .filter(Boolean)
      .join(' ');
  });
}
