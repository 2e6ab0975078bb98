import type { EnvironmentAccountConnectionAction as Action } from '../../../generated/console/graphql';
import type { Viewer } from '../app/viewer';
import type { Connection } from '../connections/connection';

/** Reasons that lie in the connection's state. They do not repeat its name, which stands beside them. */
const BY_STATUS: Readonly<Record<string, string>> = {
  'ACCEPT CONNECTED': 'It has been accepted already.',
  'ACCEPT REJECTED': 'It was refused for good. The environment account has to ask again.',
  'REJECT REJECTED': 'It was refused already, for good.',
  'UPDATE REJECTED': 'It was refused for good, so its roles can’t change.',
};

/**
 * @returns why the server would refuse an action, undefined when it would not. The server decides: this only puts
 *   into words that `viewerActions` lacks the action.
 */
export function whyNot(action: Action, connection: Connection, viewer: Viewer): string | undefined {
  const { viewerActions, status, managementAccountId, environmentAccountId } = connection;
  if (viewerActions.includes(action)) return undefined;
  const byStatus = BY_STATUS[`${action} ${status}`];
  const isAnswer = action === 'ACCEPT' || action === 'REJECT';
  const [permission, account] = isAnswer
    ? (['APPROVE', managementAccountId] as const)
    : (['WRITE', environmentAccountId] as const);
  if (!viewer.may(permission, account)) {
    const part = isAnswer ? 'management' : 'environment';
    return `It takes the permission “${permission.toLowerCase()}” on the ${part} account ${account}, which you do not have.`;
  }
  return byStatus ?? 'The server does not allow this at the moment.';
}
