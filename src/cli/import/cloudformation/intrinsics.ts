import { isObject } from '../formats/documents';
import { NO_VALUE, parameterDefault, pseudoParameter, type TemplateScope } from './parameters';
import { joined, text, Unresolved } from './unresolved';

/** Steps from one expression to the next: far more than any template takes. */
const DEEPEST = 200;

type Resolve = (value: unknown) => unknown;

/**
 * Resolves values of a template: `Ref` and `Fn::Sub` of pseudo parameters and of parameters with a default, the ARN of a role
 * whose name is written down, `Fn::Join`, `Fn::Split`, `Fn::Select`, `Fn::FindInMap` and `Fn::If`.
 */
export interface Resolver {
  /** @throws Unresolved */
  readonly value: Resolve;
  /** @throws Unresolved */
  readonly condition: (name: string) => boolean;
}

/** Resolves what has a name once, however often others refer to it; what needs itself has no value. */
function resolvedOnce<Answer>() {
  const known = new Map<string, Answer>();
  const underWay = new Set<string>();
  return (name: string, expression: unknown, work: () => Answer): Answer => {
    const answer = known.get(name);
    if (answer !== undefined) return answer;
    if (underWay.has(name)) throw new Unresolved(expression, 'refers to itself');
    underWay.add(name);
    try {
      const made = work();
      known.set(name, made);
      return made;
    } finally {
      underWay.delete(name);
    }
  };
}

/** Whether an object is a function call, as in `{ "Fn::Sub": … }`. */
export function isCall(given: Readonly<Record<string, unknown>>): boolean {
  const [name, ...others] = Object.keys(given);
  return name !== undefined && others.length === 0 && (name === 'Ref' || name.startsWith('Fn::'));
}

export function createResolver(scope: TemplateScope): Resolver {
  const { content } = scope;
  const section = (name: string) => {
    const found = content[name];
    return isObject(found) ? found : {};
  };
  const conditionOnce = resolvedOnce<boolean>();
  const roleOnce = resolvedOnce<string>();
  let depth = 0;

  /** Counts how far expressions have led to one another: there is only so much stack. */
  function deeper<Answer>(expression: unknown, work: () => Answer): Answer {
    if (depth >= DEEPEST) {
      throw new Unresolved(expression, `is more than ${String(DEEPEST)} steps away from its value`);
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
      if (!resolve) throw new Unresolved(given, 'is known to CloudFormation alone');
      return resolve(given[name], given);
    }
    return Object.fromEntries(
      Object.entries(given).map(([key, member]) => {
        if (key.startsWith('Fn::')) throw new Unresolved({ [key]: member }, 'stands among other members');
        return [key, value(member)];
      }),
    );
  }

  function reference(name: unknown, expression: unknown): unknown {
    if (typeof name !== 'string') throw new Unresolved(expression, 'names nothing');
    if (name.startsWith('AWS::')) return pseudoParameter(name, scope, expression);
    const parameters = section('Parameters');
    if (Object.hasOwn(parameters, name)) return parameterDefault(parameters[name], expression);
    throw new Unresolved(expression, whyNoReference(name));
  }

  function whyNoReference(name: string): string {
    return Object.hasOwn(section('Resources'), name)
      ? 'is known once CloudFormation has made that resource'
      : 'names no parameter of the template';
  }

  function attribute(path: unknown, expression: unknown): unknown {
    const [name, attributeName] = Array.isArray(path) ? path.map(String) : splitAtDot(String(path));
    const resource = name === undefined ? undefined : section('Resources')[name];
    if (attributeName === 'Arn' && isObject(resource) && resource['Type'] === 'AWS::IAM::Role') {
      return roleOnce(String(name), expression, () => roleArn(resource['Properties'], expression));
    }
    throw new Unresolved(expression, 'is known once CloudFormation has made that resource');
  }

  /** The ARN of a role that the template makes is known beforehand, if its name is written down. */
  function roleArn(properties: unknown, expression: unknown): string {
    const { RoleName: roleName, Path: path = '/' } = isObject(properties) ? properties : {};
    if (roleName === undefined || roleName === null) {
      throw new Unresolved(expression, 'is a role without a RoleName, so CloudFormation makes one up');
    }
    const partition = text(reference('AWS::Partition', expression), expression);
    const account = text(reference('AWS::AccountId', expression), expression);
    const name = [path, roleName].map((part) => text(value(part), expression));
    return joined(['arn:', partition, ':iam::', account, ':role', ...name], expression);
  }

  function substitute(given: unknown, expression: unknown): string {
    const [template, variables] = Array.isArray(given)
      ? [given[0] as unknown, given[1] as unknown]
      : [given, {}];
    if (typeof template !== 'string') throw new Unresolved(expression, 'must be given a text');
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

  function listOf(given: unknown, expression: unknown, length?: number): readonly unknown[] {
    if (!Array.isArray(given) || (length !== undefined && given.length !== length)) {
      throw new Unresolved(
        expression,
        length === undefined ? 'must be given a list' : `must be given ${String(length)} values`,
      );
    }
    return given;
  }

  function condition(name: string): boolean {
    const conditions = section('Conditions');
    const expression = { Condition: name };
    if (!Object.hasOwn(conditions, name)) throw new Unresolved(expression, 'is no condition of the template');
    return conditionOnce(name, expression, () => truth(conditions[name]));
  }

  function truthOf(given: unknown): boolean {
    if (given === true || given === 'true') return true;
    if (given === false || given === 'false') return false;
    const [name = ''] = isObject(given) ? Object.keys(given) : [];
    const argument = isObject(given) ? given[name] : undefined;
    switch (name) {
      case 'Condition':
        return condition(String(argument));
      case 'Fn::Equals': {
        const [one, other] = listOf(argument, given, 2).map((side) => text(value(side), given));
        return one === other;
      }
      case 'Fn::Not':
        return !truth(listOf(argument, given, 1)[0]);
      case 'Fn::And':
        return listOf(argument, given).every(truth);
      case 'Fn::Or':
        return listOf(argument, given).some(truth);
      default:
        throw new Unresolved(given, 'is no condition that can be decided here');
    }
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
        throw new Unresolved(expression, 'selects nothing');
      return items[at];
    },
    'Fn::FindInMap': (argument, expression) => {
      const [map, first, second] = listOf(argument, expression, 3).map((key) => text(value(key), expression));
      const keys = [map, first, second] as const;
      let found: unknown = section('Mappings');
      for (const key of keys) {
        if (!isObject(found) || key === undefined || !Object.hasOwn(found, key)) {
          throw new Unresolved(expression, 'finds nothing in the mappings');
        }
        found = found[key];
      }
      return found;
    },
    'Fn::If': (argument, expression) => {
      const [name, then, otherwise] = listOf(argument, expression, 3);
      return value(condition(text(name, expression)) ? then : otherwise);
    },
  };

  return { value, condition };
}

function splitAtDot(path: string): readonly string[] {
  const dot = path.indexOf('.');
  return dot === -1 ? [path] : [path.slice(0, dot), path.slice(dot + 1)];
}
