import { checkRolesFit, parseRoles } from '../../proton/validation/roles';
import { checkTags } from '../../proton/validation/tags';
import { accountIdRule, clientTokenRule, environmentNameRule } from '../../proton/validation/values';
import { Violations } from '../../proton/validation/violations';
import { optionalText, requiredText, tagListMember } from '../read-members';
import { connectionOutput } from '../output';
import { rolesMember, type Operation } from './operation';

export const createEnvironmentAccountConnection: Operation = async (input, { caller, session }) => {
  const { accountId, region } = caller;
  const violations = new Violations();
  const managementAccountId = requiredText(violations, input, 'managementAccountId', accountIdRule);
  const environmentName = requiredText(violations, input, 'environmentName', environmentNameRule);
  const roles = rolesMember(input);
  checkRolesFit(violations, parseRoles(violations, roles), { environmentAccountId: accountId, region });
  const clientToken = optionalText(violations, input, 'clientToken', clientTokenRule);
  // Last, for there may be so many that a report ends with them.
  const tags = tagListMember(input, 'tags', violations);
  checkTags(violations, tags ?? []);
  if (violations.any || managementAccountId === undefined || environmentName === undefined) {
    throw violations.asFailure();
  }
  const connection = await session.createConnection({
    managementAccountId,
    environmentName,
    ...roles,
    environmentAccountId: accountId,
    region,
    tags,
    clientToken,
  });
  return { environmentAccountConnection: connectionOutput(connection) };
};
