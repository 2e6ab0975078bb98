import { Violations } from '../../proton/validation/violations';
import { connectionOutput } from '../output';
import { requiredMember, tagListMember, textMember } from '../read-members';
import { rolesMember, type Operation } from './operation';

/** The caller's account becomes the environment account. Only missing members are reported here; the service validates the values. */
export const createEnvironmentAccountConnection: Operation = async (input, { caller, session }) => {
  const { accountId: environmentAccountId, region } = caller;
  const violations = new Violations();
  const managementAccountId = requiredMember(
    violations,
    'managementAccountId',
    textMember(input, 'managementAccountId'),
  );
  const environmentName = requiredMember(violations, 'environmentName', textMember(input, 'environmentName'));
  const roles = rolesMember(input);
  const clientToken = textMember(input, 'clientToken');
  const tags = tagListMember(input, 'tags', violations);
  if (violations.any || managementAccountId === undefined || environmentName === undefined) {
    throw violations.asFailure();
  }
  const connection = await session.createConnection({
    managementAccountId,
    environmentName,
    ...roles,
    environmentAccountId,
    region,
    tags,
    clientToken,
  });
  return { environmentAccountConnection: connectionOutput(connection) };
};
