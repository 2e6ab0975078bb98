import { isObject } from '../formats/documents';
import {
  isCall,
  joined,
  listOf,
  memberOf,
  resolvedOnce,
  splitAtDot,
  text,
  UnresolvedError,
} from './expressions';
import { NO_VALUE, parameterValue, pseudoParameter, type TemplateScope } from './parameters';

/** Steps from one expression to the next: far more than any template takes. */
const DEEPEST = 200;

type Resolve = (value: unknown) => unknown;

/**
 * Resolves values of a template: `Ref` and `Fn::Sub` of pseudo parameters and of parameters, the ARN of a role that has a name or
 * whose ARN is given, `Fn::Join`, `Fn::Split`, `Fn::Select`, `Fn::FindInMap` and `Fn::If`.
 */
export interface Resolver {
  /** @throws UnresolvedError */
  readonly value: Resolve;
  /** Whether the condition that a resource or an `Fn::If` names is true. @throws UnresolvedError */
  readonly condition: (name: unknown) => boolean;
}

export function createResolver(scope: TemplateScope): Resolver {
  const { content, parameters } = scope;
  const resources = isObject(content['Resources']) ? content['Resources'] : {};
  const conditionOnce = resolvedOnce<boolean>();
  const roleOnce = resolvedOnce<string>();
  let depth = 0;

  /** Counts how far expressions have led to one another: there is only so much stack. */
  function deeper<Answer>(expression: unknown, work: () => Answer): Answer {
    if (depth >= DEEPEST) {
      throw new UnresolvedError(expression, `is more than ${String(DEEPEST)} steps away from its value`);
    }
    depth += 1;
    try {
      return work();
    } finally {
      depth -= 1;
    }
  }

  const value: Resolve = (given) => deeper(given, () => valueOf(given));
  const truth = (given: unknown): boolean => deeper(given, () => truthOf(given));

  function valueOf(given: unknown): unknown {
    if (Array.isArray(given)) return given.map(value).filter((item) => item !== NO_VALUE);
    if (!isObject(given)) return given;
    if (isCall(given)) {
      const [name = ''] = Object.keys(given);
      const resolve = Object.hasOwn(functions, name) ? functions[name] : undefined;
      if (!resolve) throw new UnresolvedError(given, 'is known to CloudFormation alone');
      return resolve(given[name], given);
    }
    return Object.fromEntries(
      Object.entries(given).map(([key, member]) => {
        if (key.startsWith('Fn::'))
          throw new UnresolvedError({ [key]: member }, 'stands among other members');
        return [key, value(member)];
      }),
    );
  }

  function reference(name: unknown, expression: unknown): unknown {
    if (typeof name !== 'string') throw new UnresolvedError(expression, 'names nothing');
    if (name.startsWith('AWS::')) return pseudoParameter(name, scope, expression);
    const declaration = memberOf(content['Parameters'], name, expression);
    if (declaration !== undefined) return parameterValue(name, declaration, parameters.get(name), expression);
    throw new UnresolvedError(
      expression,
      Object.hasOwn(resources, name)
        ? 'is known once CloudFormation has made that resource'
        : 'names no parameter of the template',
    );
  }

  function attribute(path: unknown, expression: unknown): unknown {
    const [name = '', attributeName] = Array.isArray(path) ? path.map(String) : splitAtDot(String(path));
    const resource = Object.hasOwn(resources, name) ? resources[name] : undefined;
    if (attributeName === 'Arn' && isRole(resource)) {
      return roleOnce(name, expression, () => roleArn(name, resource, expression));
    }
    throw new UnresolvedError(expression, 'is known once CloudFormation has made that resource');
  }

  /** The ARN of a role that the template makes: the given one, or the one that follows from the role's name. */
  function roleArn(logicalId: string, role: Readonly<Record<string, unknown>>, expression: unknown): string {
    const made = memberOf(role, 'Condition', expression);
    if (made !== undefined && !condition(made)) {
      throw new UnresolvedError(expression, 'is a role whose Condition is false');
    }
    const option = roleArnOption(logicalId);
    const given = parameters.get(option);
    if (given !== undefined) return given;
    const roleName = memberOf(role['Properties'], 'RoleName', expression) ?? undefined;
    const name = roleName === undefined ? undefined : value(roleName);
    if (name === undefined) {
      throw new UnresolvedError(
        expression,
        `is a role without a RoleName, so CloudFormation makes one up: give its ARN with --parameter ${option}=ARN`,
      );
    }
    const path = value(memberOf(role['Properties'], 'Path', expression) ?? '/') ?? '/';
    const partition = text(reference('AWS::Partition', expression), expression);
    const account = text(reference('AWS::AccountId', expression), expression);
    return joined(
      ['arn:', partition, ':iam::', account, ':role', text(path, expression), text(name, expression)],
      expression,
    );
  }

  function substitute(given: unknown, expression: unknown): string {
    const [template, variables] = Array.isArray(given)
      ? [given[0] as unknown, given[1] as unknown]
      : [given, {}];
    if (typeof template !== 'string') throw new UnresolvedError(expression, 'must be given a text');
    const known = new Map<string, string>();
    const valueFor = (name: string): string => {
      if (name.startsWith('!')) return `\${${name.slice(1)}}`;
      const answer = known.get(name) ?? text(variable(name, variables, expression), expression);
      known.set(name, answer);
      return answer;
    };
    // What stands between the braces is every second part.
    const parts = template.split(/\$\{([^}]*)\}/);
    return joined(
      parts.map((part, index) => (index % 2 === 0 ? part : () => valueFor(part.trim()))),
      expression,
    );
  }

  function variable(name: string, variables: unknown, expression: unknown): unknown {
    if (isObject(variables) && Object.hasOwn(variables, name)) return value(variables[name]);
    return name.includes('.') ? attribute(name, expression) : reference(name, expression);
  }

  function condition(name: unknown): boolean {
    if (typeof name !== 'string') throw new UnresolvedError(name, 'must be the name of a condition');
    const expression = { Condition: name };
    const definition = memberOf(content['Conditions'], name, expression);
    if (definition === undefined) throw new UnresolvedError(expression, 'is no condition of the template');
    return conditionOnce(name, expression, () => truth(definition));
  }

  function truthOf(given: unknown): boolean {
    if (given === true || given === 'true') return true;
    if (given === false || given === 'false') return false;
    const [[name, argument] = ['', undefined], ...others] = isObject(given) ? Object.entries(given) : [];
    switch (others.length === 0 ? name : '') {
      case 'Condition':
        return condition(argument);
      case 'Fn::Equals': {
        const [one, other] = listOf(argument, given, 2).map((side) => text(value(side), given));
        return one === other;
      }
      case 'Fn::Not':
        return !truth(listOf(argument, given, 1)[0]);
      case 'Fn::And':
        return several(argument, given).every(truth);
      case 'Fn::Or':
        return several(argument, given).some(truth);
      default:
        throw new UnresolvedError(given, 'is no condition that can be decided here');
    }
  }

  function several(given: unknown, expression: unknown): readonly unknown[] {
    const conditions = listOf(given, expression);
    if (conditions.length < 2) throw new UnresolvedError(expression, 'must be given at least two conditions');
    return conditions;
  }

  const functions: Readonly<Record<string, (argument: unknown, expression: unknown) => unknown>> = {
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
      const [index, list] = listOf(argument, expression, 2);
      const at = Number(text(value(index), expression));
      const items = listOf(value(list), expression);
      if (!Number.isInteger(at) || at < 0 || at >= items.length)
        throw new UnresolvedError(expression, 'selects nothing');
      return items[at];
    },
    'Fn::FindInMap': (argument, expression) => {
      const [map, first, second, options] = listOf(argument, expression, hasDefault(argument) ? 4 : 3);
      let found: unknown = content['Mappings'];
      for (const key of [map, first, second].map((each) => text(value(each), expression))) {
        found = memberOf(found, key, expression);
      }
      if (found !== undefined) return found;
      if (isObject(options)) return value(options['DefaultValue']);
      throw new UnresolvedError(expression, 'finds nothing in the mappings');
    },
    'Fn::If': (argument, expression) => {
      const [name, then, otherwise] = listOf(argument, expression, 3);
      return value(condition(name) ? then : otherwise);
    },
  };

  return { value, condition };
}

/** Whether the last argument of `Fn::FindInMap` is the value for what is not in the mappings. */
function hasDefault(argument: unknown): boolean {
  const last: unknown = Array.isArray(argument) ? argument[3] : undefined;
  return isObject(last) && Object.keys(last).join() === 'DefaultValue';
}

export function isRole(resource: unknown): resource is Readonly<Record<string, unknown>> {
  return isObject(resource) && resource['Type'] === 'AWS::IAM::Role';
}

/** How the options name the ARN of a role. */
export function roleArnOption(logicalId: string): string {
  return `${logicalId}.Arn`;
}
