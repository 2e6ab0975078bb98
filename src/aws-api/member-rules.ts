import { AccountRole, ConnectionStatus } from '../proton/connection';
import { MAX_PAGE_SIZE } from '../proton/page';
import type { Rule, Violations } from '../proton/validation/violations';

/** Rules for members that only the AWS API has. Each is named after its shape in Proton's public model. */

const ARN_LENGTH = 200;
/** The model's pattern nests quantifiers and can take exponential time. This one accepts the same ARNs in linear time. */
const ARN =
  /^arn:(?:aws|aws-cn|aws-us-gov):[a-zA-Z0-9-]+:[a-zA-Z0-9-]*:\d{12}:[\w+=,.@-]+(?:[/:][\w+=,.@-]+)*$/;
const NEXT_TOKEN = /^[A-Za-z0-9+=/]+$/;

/** `Arn`: the ARN of any resource. The connection need not exist. */
export const resourceArnRule: Rule<string> = (value) => {
  if (value.length < 1 || value.length > ARN_LENGTH) {
    return { messages: [`must have 1 to ${String(ARN_LENGTH)} characters`] };
  }
  return ARN.test(value)
    ? { value }
    : { messages: ['must be an ARN, as in arn:aws:proton:REGION:ACCOUNT:environment-account-connection/ID'] };
};

/** `NextToken` */
export const nextTokenRule: Rule<string> = (value) =>
  NEXT_TOKEN.test(value) ? { value } : { messages: ['must be a token that an earlier page answered'] };

/** `EnvironmentAccountConnectionRequesterAccountType` */
export const requestedByRule = oneOf<AccountRole>(Object.values(AccountRole));

/** `EnvironmentAccountConnectionStatus` */
export const statusRule = oneOf<ConnectionStatus>(Object.values(ConnectionStatus));

/** `MaxPageResults` */
export function checkMaxResults(violations: Violations, value: number | undefined): void {
  if (value === undefined) return;
  if (!Number.isInteger(value) || value < 1 || value > MAX_PAGE_SIZE) {
    violations.add(['maxResults'], `must be a whole number from 1 to ${String(MAX_PAGE_SIZE)}`);
  }
}

function oneOf<Value extends string>(values: readonly Value[]): Rule<Value> {
  return (given) => {
    const value = values.find((known) => known === given);
    return value === undefined ? { messages: [`must be one of ${values.join(', ')}`] } : { value };
  };
}
