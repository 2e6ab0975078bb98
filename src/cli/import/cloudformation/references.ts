import { isObject } from '../../../proton/validation/values';
import { joined, memberOf, resolvedOnce, text, UnresolvedError, type Resolver } from './expressions';
import { parameterValue, pseudoParameter, type TemplateScope } from './parameters';

/** Resolves `Ref`, and `Fn::GetAtt` of a role's ARN. */
export function createReferences(scope: TemplateScope, { value, condition }: Resolver) {
  const { content, parameters } = scope;
  const resources = isObject(content['Resources']) ? content['Resources'] : {};
  const roleOnce = resolvedOnce<string>();

  function reference(name: unknown, expression: unknown): unknown {
    if (typeof name !== 'string') throw new UnresolvedError(expression, 'needs a name');
    if (name.startsWith('AWS::')) return pseudoParameter(name, scope, expression);
    const declaration = memberOf(content['Parameters'], name, expression);
    if (declaration !== undefined) return parameterValue(name, declaration, parameters.get(name), expression);
    throw new UnresolvedError(
      expression,
      Object.hasOwn(resources, name)
        ? 'is known only after CloudFormation has created that resource'
        : 'is not a parameter of the template',
    );
  }

  function attribute(path: unknown, expression: unknown): unknown {
    const [name = '', attributeName] = Array.isArray(path) ? path.map(String) : splitAtDot(String(path));
    const resource = Object.hasOwn(resources, name) ? resources[name] : undefined;
    if (attributeName === 'Arn' && isRole(resource)) {
      return roleOnce(name, expression, () => roleArn(name, resource, expression));
    }
    throw new UnresolvedError(expression, 'is known only after CloudFormation has created that resource');
  }

  /** The ARN of a role that the template creates: the given ARN, or one built from the role's name. */
  function roleArn(logicalId: string, role: Readonly<Record<string, unknown>>, expression: unknown): string {
    const roleCondition = memberOf(role, 'Condition', expression);
    if (roleCondition !== undefined && !condition(roleCondition)) {
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
        `is a role without a RoleName, so CloudFormation generates one: give its ARN with --parameter ${option}=ARN`,
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

  return { reference, attribute };
}

function splitAtDot(path: string): readonly string[] {
  const dot = path.indexOf('.');
  return dot === -1 ? [path] : [path.slice(0, dot), path.slice(dot + 1)];
}

export function isRole(resource: unknown): resource is Readonly<Record<string, unknown>> {
  return isObject(resource) && resource['Type'] === 'AWS::IAM::Role';
}

/** The name under which the options `--parameter` and `--parameters` give the ARN of a role. */
export function roleArnOption(logicalId: string): string {
  return `${logicalId}.Arn`;
}
