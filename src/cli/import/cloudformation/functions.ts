import { isObject } from '../../../proton/validation/values';
import { joined, listOf, memberOf, text, UnresolvedError, type Resolver } from './expressions';
import type { TemplateScope } from './parameters';
import { createReferences } from './references';

/** An intrinsic function. The expression is the whole call, for error messages. */
type IntrinsicFunction = (argument: unknown, expression: unknown) => unknown;

/** The intrinsic functions that can be resolved here, by name. */
export function createFunctions(
  scope: TemplateScope,
  resolver: Resolver,
): Readonly<Record<string, IntrinsicFunction>> {
  const { value, condition } = resolver;
  const { reference, attribute } = createReferences(scope, resolver);

  const substitute: IntrinsicFunction = (given, expression) => {
    const [template, variables] = Array.isArray(given)
      ? [given[0] as unknown, given[1] as unknown]
      : [given, {}];
    if (typeof template !== 'string') throw new UnresolvedError(expression, 'needs a string');
    const resolved = new Map<string, string>();
    const valueFor = (name: string): string => {
      if (name.startsWith('!')) return `\${${name.slice(1)}}`;
      const result = resolved.get(name) ?? text(variable(name, variables, expression), expression);
      resolved.set(name, result);
      return result;
    };
    // Every second part is the name between two braces.
    const parts = template.split(/\$\{([^}]*)\}/);
    return joined(
      parts.map((part, index) => (index % 2 === 0 ? part : () => valueFor(part.trim()))),
      expression,
    );
  };

  function variable(name: string, variables: unknown, expression: unknown): unknown {
    if (isObject(variables) && Object.hasOwn(variables, name)) return value(variables[name]);
    return name.includes('.') ? attribute(name, expression) : reference(name, expression);
  }

  return {
    Ref: reference,
    'Fn::Sub': substitute,
    'Fn::GetAtt': attribute,
    'Fn::Join': (argument, expression) => {
      const [separator, parts] = listOf(argument, expression, 2);
      const resolved = listOf(value(parts), expression);
      const between = text(separator, expression);
      return joined(
        resolved.flatMap((part, index) => [index === 0 ? '' : between, text(part, expression)]),
        expression,
      );
    },
    'Fn::Split': (argument, expression) => {
      const [separator, whole] = listOf(argument, expression, 2);
      return text(value(whole), expression).split(text(separator, expression));
    },
    'Fn::Select': (argument, expression) => {
      const [given, list] = listOf(argument, expression, 2);
      const index = Number(text(value(given), expression));
      const items = listOf(value(list), expression);
      if (!Number.isInteger(index) || index < 0 || index >= items.length) {
        throw new UnresolvedError(expression, 'has an index outside its list');
      }
      return items[index];
    },
    'Fn::FindInMap': (argument, expression) => {
      const [map, first, second, options] = listOf(argument, expression, hasDefault(argument) ? 4 : 3);
      let found: unknown = scope.content['Mappings'];
      for (const key of [map, first, second].map((each) => text(value(each), expression))) {
        found = memberOf(found, key, expression);
      }
      if (found !== undefined) return found;
      if (isObject(options)) return value(options['DefaultValue']);
      throw new UnresolvedError(expression, 'is not in the mappings');
    },
    'Fn::If': (argument, expression) => {
      const [name, then, otherwise] = listOf(argument, expression, 3);
      return value(condition(name) ? then : otherwise);
    },
  };
}

/** Whether the last argument of `Fn::FindInMap` is the value for a key that is not in the mappings. */
function hasDefault(argument: unknown): boolean {
  const last: unknown = Array.isArray(argument) ? argument[3] : undefined;
  return isObject(last) && Object.keys(last).join() === 'DefaultValue';
}
