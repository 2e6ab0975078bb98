import { isObject } from '../../../proton/validation/values';
import { createConditions } from './conditions';
import { isCall, UnresolvedError, type Resolver } from './expressions';
import { createFunctions } from './functions';
import { NO_VALUE, type TemplateScope } from './parameters';

/** Expressions that may be resolved within one another. Limits the depth of the call stack; templates need far fewer. */
const MAX_DEPTH = 200;

/**
 * Resolves values of a template: `Ref` and `Fn::Sub` of pseudo parameters and of parameters, the ARN of a role that has a name or
 * whose ARN is given, `Fn::Join`, `Fn::Split`, `Fn::Select`, `Fn::FindInMap` and `Fn::If`.
 */
export function createResolver(scope: TemplateScope): Resolver {
  const withinDepth = limitDepth();
  const resolver: Resolver = {
    value: (given) => withinDepth(given, () => valueOf(given)),
    condition: createConditions(scope.content, (given) => resolver.value(given), withinDepth),
  };
  const functions = createFunctions(scope, resolver);

  function valueOf(given: unknown): unknown {
    if (Array.isArray(given)) return given.map(resolver.value).filter((item) => item !== NO_VALUE);
    if (!isObject(given)) return given;
    if (isCall(given)) {
      const [name = ''] = Object.keys(given);
      const call = Object.hasOwn(functions, name) ? functions[name] : undefined;
      if (!call) throw new UnresolvedError(given, 'is known only to CloudFormation');
      return call(given[name], given);
    }
    return Object.fromEntries(
      Object.entries(given).map(([key, member]) => {
        if (key.startsWith('Fn::')) {
          throw new UnresolvedError({ [key]: member }, 'must be the only member of its object');
        }
        return [key, resolver.value(member)];
      }),
    );
  }

  return resolver;
}

function limitDepth() {
  let depth = 0;
  return <Value>(expression: unknown, resolve: () => Value): Value => {
    if (depth >= MAX_DEPTH) {
      throw new UnresolvedError(expression, `is nested more than ${String(MAX_DEPTH)} expressions deep`);
    }
    depth += 1;
    try {
      return resolve();
    } finally {
      depth -= 1;
    }
  };
}
