import { Violations } from '../../proton/validation/violations';
import { connectionOutput } from '../output';
import { tagListMember, textMember } from '../read-members';
import { rolesMember, type Operation } from './operation';

/** The caller's account becomes the environment account. The service validates the values. */
export const createEnvironmentAccountConnection: Operation = async (input, { caller, session }) => {
  const { accountId: environmentAccountId, region } = caller;
  const violations = new Violations();
  const tags = tagListMember(input, 'tags', violations);
  const connectionInput = {
    managementAccountId: textMember(input, 'managementAccountId'),
    environmentName: textMember(input, 'environmentName'),
    ...rolesMember(input),
    environmentAccountId,
    region,
    tags,
    clientToken: textMember(input, 'clientToken'),
  };
  if (violations.any) throw violations.asFailure();
  const connection = await session.createConnection(connectionInput);
  return { environmentAccountConnection: connectionOutput(connection) };
};
