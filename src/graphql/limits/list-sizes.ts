import type { FieldNode, GraphQLField } from 'graphql';

import { MOST_PER_PAGE } from '../../proton/page';
import { amountIn, type Amount } from './cost-expression';
import { amountOf, type ValueReader } from './arguments';
import type { FieldCost } from './field-costs';

/**
 * How long the list is that a field answers, or the lists in it that it sizes, by what its arguments ask for.
 *
 * What is asked for is counted as it is: null and left out as the argument's default, and what is no page size as an empty page,
 * for the service refuses it without reading a thing, and that answer tells more than the one of a limit would.
 */
export function listSizeOf(
  field: GraphQLField<unknown, unknown>,
  { slicingArguments, assumedSize }: FieldCost,
  node: FieldNode,
  values: ValueReader,
): Amount {
  const sizes = slicingArguments.flatMap((name) => {
    const otherwise: unknown = field.args.find((argument) => argument.name === name)?.defaultValue;
    const given = values.argument(node, name);
    // An argument that is left out and has no default says nothing.
    if (given === undefined && otherwise === undefined) return [];
    return [amountOf(given, (value) => pageSize(value ?? otherwise))];
  });
  return greatestOf(sizes) ?? assumedSize ?? 1;
}

function pageSize(value: unknown): number {
  const isPageSize =
    typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MOST_PER_PAGE;
  return isPageSize ? value : 0;
}

function greatestOf(amounts: readonly Amount[]): Amount | undefined {
  const [first, ...others] = amounts;
  if (first === undefined || others.length === 0) return first;
  return (variables) => Math.max(...amounts.map((amount) => amountIn(amount, variables)));
}

/** How many entities an `_entities` asks for. GraphQL makes a list of one of a value that is none. */
export function representationCount(node: FieldNode, values: ValueReader): Amount {
  return amountOf(values.argument(node, 'representations'), (value) => {
    if (value === undefined || value === null) return 0;
    return Array.isArray(value) ? value.length : 1;
  });
}
