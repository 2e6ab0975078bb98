import { ProtonFailure } from '../../proton/failure';
import { parseRolesToSet } from '../../proton/validation/roles';
import { connectionIdRule } from '../../proton/validation/values';
import { Violations } from '../../proton/validation/violations';
import { requiredText, tagListMember, textMember } from '../read-members';
import { connectionOutput, type Operation, parseIdInput, rolesMember } from './operation';

/** The operations on one connection, identified by its id. */

export const getEnvironmentAccountConnection: Operation = async (input, { session }) => {
  const { id } = parseIdInput(input);
  const [connection] = await session.findConnections([{ id }]);
  if (connection instanceof Error) throw connection;
  if (!connection) throw ProtonFailure.notFound(id);
  return { environmentAccountConnection: connectionOutput(connection) };
};

export const updateEnvironmentAccountConnection: Operation = async (input, { session }) => {
  const violations = new Violations();
  const id = requiredText(violations, input, 'id', connectionIdRule);
  const roles = rolesMember(input);
  parseRolesToSet(violations, roles);
  if (violations.any || id === undefined) throw violations.asFailure();
  const connection = await session.updateConnection({ id, ...roles });
  return { environmentAccountConnection: connectionOutput(connection) };
};

export const acceptEnvironmentAccountConnection: Operation = async (input, { session }) => {
  const connection = await session.acceptConnection(parseIdInput(input));
  return { environmentAccountConnection: connectionOutput(connection) };
};

export const rejectEnvironmentAccountConnection: Operation = async (input, { session }) => {
  const connection = await session.rejectConnection(parseIdInput(input));
  return { environmentAccountConnection: connectionOutput(connection) };
};

export const deleteEnvironmentAccountConnection: Operation = async (input, { session }) => {
  const connection = await session.deleteConnection(parseIdInput(input));
  return connection ? { environmentAccountConnection: connectionOutput(connection) } : {};
};

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
