import {
  Kind,
  valueFromASTUntyped,
  type DirectiveNode,
  type FieldNode,
  type OperationDefinitionNode,
  type ValueNode,
} from 'graphql';

import { productOf, type Amount, type VariableValues } from './cost-expression';

/** A value that a document writes, or has a variable for. */
export type Value =
  | { readonly kind: 'written'; readonly value: unknown }
  | { readonly kind: 'variable'; readonly of: (variables: VariableValues) => unknown };

/** Reads the values in one operation. Those of variables are read as they came: execution has not judged them yet. */
export interface ValueReader {
  /** Undefined where the argument is left out. */
  readonly argument: (field: FieldNode, name: string) => Value | undefined;
  /** 1 where `@skip` and `@include` let something be, else 0. */
  readonly presence: (directives: readonly DirectiveNode[] | undefined) => Amount;
}

export function valuesIn(operation: OperationDefinitionNode): ValueReader {
  const defaults = new Map(
    operation.variableDefinitions?.map(({ variable, defaultValue }) => [
      variable.name.value,
      defaultValue && valueFromASTUntyped(defaultValue),
    ]),
  );

  function read(node: ValueNode): Value {
    // Of a list, its length is all that counts here; there may be variables in it.
    if (node.kind === Kind.LIST) return { kind: 'written', value: node.values };
    if (node.kind !== Kind.VARIABLE) return { kind: 'written', value: valueFromASTUntyped(node) };
    const name = node.name.value;
    const otherwise = defaults.get(name);
    // As execution does: null is a value, which no default takes the place of.
    return {
      kind: 'variable',
      of: (variables) => (Object.hasOwn(variables, name) ? variables[name] : otherwise),
    };
  }

  function argument(
    { arguments: given }: Pick<FieldNode, 'arguments'> | DirectiveNode,
    name: string,
  ): Value | undefined {
    const node = given?.find((one) => one.name.value === name);
    return node && read(node.value);
  }

  return {
    argument,
    presence(directives = []) {
      let presence: Amount = 1;
      for (const directive of directives) {
        const { value: name } = directive.name;
        if (name !== 'skip' && name !== 'include') continue;
        const condition = argument(directive, 'if');
        presence = productOf(
          presence,
          amountOf(condition, (value) => (value === (name === 'skip') ? 0 : 1)),
        );
      }
      return presence;
    },
  };
}

/** What a value amounts to, by a rule; at once where it is written in the document. */
export function amountOf(value: Value | undefined, rule: (value: unknown) => number): Amount {
  if (value === undefined) return rule(undefined);
  if (value.kind === 'written') return rule(value.value);
  return (variables) => rule(value.of(variables));
}
