import type { FieldNode, GraphQLField } from 'graphql';

import { MAX_PAGE_SIZE } from '../../proton/page';
import { amountIn, type Amount } from './cost-expression';
import { amountOf, type ValueReader } from './arguments';
import type { FieldCost } from './field-costs';

/**
 * The length of the list that a field returns, or of the lists inside its result that its arguments size.
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
