import {
  Kind,
  valueFromASTUntyped,
  type DirectiveNode,
  type FieldNode,
  type OperationDefinitionNode,
  type ValueNode,
} from 'graphql';

import { productOf, type Amount, type VariableValues } from './cost-expression';

/** A literal value in a document, or a variable. */
export type Value =
  | { readonly kind: 'literal'; readonly value: unknown }
  | { readonly kind: 'variable'; readonly valueIn: (variables: VariableValues) => unknown };

/** Reads the values in one operation. Variables are not coerced yet. */
export interface ValueReader {
  /** Undefined when the argument is absent. */
  readonly argument: (field: FieldNode, name: string) => Value | undefined;
  /** 0 when `@skip` or `@include` removes the selection, else 1. */
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
    // Only the length of a list counts here; its items may be variables.
    if (node.kind === Kind.LIST) return { kind: 'literal', value: node.values };
    if (node.kind !== Kind.VARIABLE) return { kind: 'literal', value: valueFromASTUntyped(node) };
    const name = node.name.value;
    const defaultValue = defaults.get(name);
    // As in execution, an explicit null is not replaced by the default.
    return {
      kind: 'variable',
      valueIn: (variables) => (Object.hasOwn(variables, name) ? variables[name] : defaultValue),
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

/** Applies a rule to a value: at once for a literal, per request for a variable. */
export function amountOf(value: Value | undefined, rule: (value: unknown) => number): Amount {
  if (value === undefined) return rule(undefined);
  if (value.kind === 'literal') return rule(value.value);
  return (variables) => rule(value.valueIn(variables));
}
