import { GraphQLError } from 'graphql';

import type { VariableValues } from './cost-expression';
import { counted } from './document-limits';

/** Entries of one list: far more than any list of the schema takes, except representations. */
const MAX_ENTRIES = 1_000;

/**
 * Refuses variables with a longer list than any field takes. A document may use one variable in a hundred fields, and validating the
 * list each time has a cost that the cost limit does not see.
 * @param maxRepresentations allowed; their list is a variable too
 * @throws GraphQLError `BAD_USER_INPUT`
 */
export function refuseLongLists(variables: VariableValues, maxRepresentations: number): void {
  const max = Math.max(MAX_ENTRIES, maxRepresentations);
  for (const name in variables) {
    const left: unknown[] = [variables[name]];
    while (left.length > 0) {
      const value = left.pop();
      if (Array.isArray(value)) {
        if (value.length > max) throw tooLong(name, value.length, max);
      } else if (typeof value === 'object' && value !== null) {
        for (const inner of Object.values(value)) left.push(inner);
      }
    }
  }
}

function tooLong(name: string, length: number, max: number): GraphQLError {
  return new GraphQLError(
    `Variable "$${name}" has a list of ${counted(length, 'entry', 'entries')}; ${max.toLocaleString('en')} are allowed.`,
    { extensions: { code: 'BAD_USER_INPUT', http: { status: 400 } } },
  );
}
