import { GraphQLError } from 'graphql';

import type { VariableValues } from './cost-expression';
import { counted } from './document-limits';

/** Entries in one list; far more than any that the schema takes, representations excepted. */
const MOST_ENTRIES = 1_000;

/**
 * Refuses a variable with a list so long that nothing in the schema takes it. A field may stand in a hundred places at once, each
 * with the same variable: its length would count a hundred times, and no cost tells of it. Lists within lists there are none of.
 * @param mostRepresentations that are allowed, for their list is a variable too
 * @throws GraphQLError `BAD_USER_INPUT`
 */
export function refuseLongLists(variables: VariableValues, mostRepresentations: number): void {
  const most = Math.max(MOST_ENTRIES, mostRepresentations);
  for (const name in variables) {
    const left: unknown[] = [variables[name]];
    while (left.length > 0) {
      const value = left.pop();
      if (Array.isArray(value)) {
        if (value.length > most) throw tooLong(name, value.length, most);
      } else if (typeof value === 'object' && value !== null) {
        for (const inner of Object.values(value)) left.push(inner);
      }
    }
  }
}

function tooLong(name: string, length: number, most: number): GraphQLError {
  return new GraphQLError(
    `Variable "$${name}" has a list of ${counted(length, 'entry', 'entries')}; ${most.toLocaleString('en')} are allowed.`,
    { extensions: { code: 'BAD_USER_INPUT', http: { status: 400 } } },
  );
}
