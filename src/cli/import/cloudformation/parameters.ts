import { type AccountId, partitionOf, type Region } from '../../../proton/identifiers';
import { isObject } from '../../../proton/validation/values';
import { text, UnresolvedError } from './expressions';

/** The values of parameters by name, and ARNs of roles by `LogicalId.Arn`, from the options `--parameter` and `--parameters`. */
export type GivenParameters = ReadonlyMap<string, string>;

/** The account, the Region and the parameters of a stack, from the command's options. */
export interface Deployment {
  readonly account: AccountId | undefined;
  readonly region: Region | undefined;
  readonly parameters: GivenParameters;
}

/** A template with everything that its expressions can refer to. */
export interface TemplateScope extends Deployment {
  readonly content: Readonly<Record<string, unknown>>;
}

/** The value of `AWS::NoValue`: a property with this value is left out. */
export const NO_VALUE = undefined;

/** The value of a pseudo parameter, as in `AWS::Region`. @throws UnresolvedError when no option gives the value, or only CloudFormation knows it */
export function pseudoParameter(
  name: string,
  { account, region }: TemplateScope,
  expression: unknown,
): unknown {
  switch (name) {
    case 'AWS::AccountId':
      if (account === undefined) throw new UnresolvedError(expression, 'needs the option --account');
      return account;
    case 'AWS::Region':
      return regionFor(region, expression);
    case 'AWS::Partition':
      return partitionOf(regionFor(region, expression));
    case 'AWS::URLSuffix':
      return partitionOf(regionFor(region, expression)) === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
    case 'AWS::NoValue':
      return NO_VALUE;
    default:
      throw new UnresolvedError(expression, 'is known only to CloudFormation');
  }
}

function regionFor(region: Region | undefined, expression: unknown): Region {
  if (region === undefined) throw new UnresolvedError(expression, 'needs the option --region');
  return region;
}

/**
 * The value of a parameter: the given value, or the default. Values of list types are split at commas.
 * @throws UnresolvedError when there is no value, or CloudFormation would reject it
 */
export function parameterValue(
  name: string,
  declaration: unknown,
  given: string | undefined,
  expression: unknown,
): unknown {
  const parameter = isObject(declaration) ? declaration : {};
  const { Type: type = 'String', Default: defaultValue } = parameter;
  if (typeof type !== 'string')
    throw new UnresolvedError(expression, 'is a parameter whose Type is not a string');
  const inParameterStore = type.startsWith('AWS::SSM::Parameter::Value<');
  const option = `give it with --parameter ${name}=VALUE`;
  if (given === undefined && (defaultValue === undefined || defaultValue === null)) {
    throw new UnresolvedError(expression, `is a parameter without a default value: ${option}`);
  }
  if (given === undefined && inParameterStore) {
    throw new UnresolvedError(expression, `is stored in the Parameter Store: ${option}`);
  }
  const value = given ?? defaultValue;
  const isList = /^(?:CommaDelimitedList$|List<)|<(?:CommaDelimitedList|List<.*>)>$/.test(type);
  const items =
    isList && !Array.isArray(value)
      ? text(value, expression)
          .split(',')
          .map((item) => item.trim())
      : value;
  // For a Parameter Store type, the constraints apply to the name of the stored parameter and not to its value.
  if (!inParameterStore) checkConstraints(type, parameter, items, expression);
  return items;
}

/** @throws UnresolvedError when the value, or an item of a list, breaks a constraint of its parameter */
function checkConstraints(
  type: string,
  parameter: Readonly<Record<string, unknown>>,
  value: unknown,
  expression: unknown,
): void {
  const isNumber = type === 'Number' || type === 'List<Number>';
  const { AllowedValues: allowed, AllowedPattern: pattern } = parameter;
  const limit = (name: string, fallback: number): number => Number(parameter[name] ?? fallback);
  for (const each of Array.isArray(value) ? value : [value]) {
    const item = text(each, expression);
    const size = isNumber ? Number(item) : item.length;
    const [min, max] = isNumber ? ['MinValue', 'MaxValue'] : ['MinLength', 'MaxLength'];
    const check = (passes: boolean, rule: string) => {
      if (!passes) throw new UnresolvedError(expression, `is ${JSON.stringify(item)}, which ${rule}`);
    };
    check(!isNumber || (item.trim() !== '' && Number.isFinite(size)), 'is not a number');
    if (Array.isArray(allowed)) {
      const values = allowed.map((one: unknown) => text(one, expression));
      check(values.includes(item), `is not one of its AllowedValues: ${values.join(', ')}`);
    }
    check(size >= limit(min, -Infinity), `is below its ${min}, ${String(limit(min, 0))}`);
    check(size <= limit(max, Infinity), `is above its ${max}, ${String(limit(max, 0))}`);
    if (pattern !== undefined) {
      const source = text(pattern, expression);
      check(matches(source, item, expression), `does not match its AllowedPattern, ${source}`);
    }
  }
}

function matches(pattern: string, value: string, expression: unknown): boolean {
  try {
    return new RegExp(`^(?:${pattern})$`).test(value);
  } catch {
    throw new UnresolvedError(expression, `has an AllowedPattern that can't be checked here: ${pattern}`);
  }
}
