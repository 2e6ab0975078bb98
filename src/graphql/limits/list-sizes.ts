import { type FieldNode, GraphQLError, type GraphQLField } from 'graphql';

import { MAX_PAGE_SIZE } from '../../proton/page';
import { amountOf, type ValueReader } from './arguments';
import { type Amount, amountIn, type VariableValues } from './cost-expression';
import { counted } from './document-limits';
import type { FieldCost } from './field-costs';

/**
 * The length of a field's list, or of the lists in its page, from its arguments.
 *
 * Null and absent count as the argument's default. An invalid page size counts as an empty page: the service rejects it without
 * reading, and its error message says more than a limit's.
 */
export function listSizeOf(
  field: GraphQLField<unknown, unknown>,
  { slicingArguments }: FieldCost,
  node: FieldNode,
  values: ValueReader,
): Amount {
  const sizes = slicingArguments.flatMap((name) => {
    const defaultValue: unknown = field.args.find((argument) => argument.name === name)?.defaultValue;
    const given = values.argument(node, name);
    // An absent argument without a default does not size the list.
    if (given === undefined && defaultValue === undefined) return [];
    return [amountOf(given, (value) => pageSize(value ?? defaultValue))];
  });
  return maxOf(sizes) ?? 1;
}

function pageSize(value: unknown): number {
  const isPageSize =
    typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_PAGE_SIZE;
  return isPageSize ? value : 0;
}

function maxOf(amounts: readonly Amount[]): Amount | undefined {
  const [first, ...others] = amounts;
  if (first === undefined || others.length === 0) return first;
  return (variables) => Math.max(...amounts.map((amount) => amountIn(amount, variables)));
}

/** The number of representations of an `_entities` field. GraphQL coerces a single value to a list of one. */
export function representationCount(node: FieldNode, values: ValueReader): Amount {
  return amountOf(values.argument(node, 'representations'), (value) => {
    if (value === undefined || value === null) return 0;
    return Array.isArray(value) ? value.length : 1;
  });
}

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
