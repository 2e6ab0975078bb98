import { partitionOf, type AccountId, type Region } from '../../../proton/identifiers';
import { isObject } from '../formats/documents';
import { text, Unresolved } from './unresolved';

/** What a template's expressions are resolved with. */
export interface TemplateScope {
  /** The account and the Region that the template is deployed in, where they were told. */
  readonly account: AccountId | undefined;
  readonly region: Region | undefined;
  readonly content: Readonly<Record<string, unknown>>;
}

/** What a property becomes that is not there: `AWS::NoValue`. */
export const NO_VALUE = undefined;

/** The value of a pseudo parameter, as in `AWS::Region`. @throws Unresolved where it was not told, or only CloudFormation knows it */
export function pseudoParameter(
  name: string,
  { account, region }: TemplateScope,
  expression: unknown,
): unknown {
  switch (name) {
    case 'AWS::AccountId':
      if (account === undefined) throw new Unresolved(expression, 'needs the option --account');
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
      throw new Unresolved(expression, 'is known to CloudFormation alone');
  }
}

function regionFor(region: Region | undefined, expression: unknown): Region {
  if (region === undefined) throw new Unresolved(expression, 'needs the option --region');
  return region;
}

/** The value of a parameter that nobody gives another. @throws Unresolved where there is none */
export function parameterDefault(parameter: unknown, expression: unknown): unknown {
  const { Type: type = 'String', Default: given } = isObject(parameter) ? parameter : {};
  if (given === undefined || given === null)
    throw new Unresolved(expression, 'is a parameter without a default value');
  if (typeof type === 'string' && type.startsWith('AWS::SSM::')) {
    throw new Unresolved(expression, 'is kept in the Parameter Store');
  }
  const isList = type === 'CommaDelimitedList' || (typeof type === 'string' && type.startsWith('List<'));
  return isList && !Array.isArray(given)
    ? text(given, expression)
        .split(',')
        .map((item) => item.trim())
    : given;
}
