import { AccountRole, ConnectionStatus, type ConnectionView } from './connection';
import type { ProtonFailure } from './failure';
import { missingPermission, rejectedIsFinal } from './failure-messages';
import type { AccountId } from './identifiers';
import { may, maySee, type Permission, type Viewer } from './viewer';

/** What can be done with a connection that exists. */
export const ConnectionAction = {
  UPDATE: 'UPDATE',
  TAG: 'TAG',
  UNTAG: 'UNTAG',
  DELETE: 'DELETE',
  ACCEPT: 'ACCEPT',
  REJECT: 'REJECT',
} as const;
export type ConnectionAction = keyof typeof ConnectionAction;

interface ActionRule {
  /** The account that acts. Its `write`, or as the management account its `approve`, is needed. */
  readonly role: AccountRole;
  /** The start of a failure's sentence, as in "Updating". */
  readonly gerund: string;
  /** As in "it can't be updated". */
  readonly participle: string;
  /** The action fails in this status. */
  readonly refusedIn?: ConnectionStatus;
  /** The action succeeds in this status and changes nothing. */
  readonly withoutEffectIn?: ConnectionStatus;
}

const { ENVIRONMENT_ACCOUNT, MANAGEMENT_ACCOUNT } = AccountRole;
const { CONNECTED, REJECTED } = ConnectionStatus;

/** The rules that writes check. A client can ask beforehand which writes they allow. */
const RULES: Readonly<Record<ConnectionAction, ActionRule>> = {
  UPDATE: { role: ENVIRONMENT_ACCOUNT, gerund: 'Updating', participle: 'updated', refusedIn: REJECTED },
  TAG: { role: ENVIRONMENT_ACCOUNT, gerund: 'Tagging', participle: 'tagged' },
  UNTAG: { role: ENVIRONMENT_ACCOUNT, gerund: 'Untagging', participle: 'untagged' },
  DELETE: { role: ENVIRONMENT_ACCOUNT, gerund: 'Deleting', participle: 'deleted' },
  ACCEPT: {
    role: MANAGEMENT_ACCOUNT,
    gerund: 'Accepting',
    participle: 'accepted',
    refusedIn: REJECTED,
    withoutEffectIn: CONNECTED,
  },
  REJECT: {
    role: MANAGEMENT_ACCOUNT,
    gerund: 'Rejecting',
    participle: 'rejected',
    withoutEffectIn: REJECTED,
  },
};

const PERMISSION: Readonly<Record<AccountRole, { readonly permission: Permission; readonly name: string }>> =
  {
    ENVIRONMENT_ACCOUNT: { permission: 'write', name: 'environment account' },
    MANAGEMENT_ACCOUNT: { permission: 'approve', name: 'management account' },
  };

type Accounts = Pick<ConnectionView, 'environmentAccountId' | 'managementAccountId'>;

/** The account in whose name the action is taken. */
export function actingAccount(action: ConnectionAction, connection: Accounts): AccountId {
  return RULES[action].role === ENVIRONMENT_ACCOUNT
    ? connection.environmentAccountId
    : connection.managementAccountId;
}

/** Why a viewer who sees the connection may not take the action; undefined if the viewer has the permission. */
export function permissionFailure(
  viewer: Viewer,
  action: ConnectionAction,
  connection: Accounts,
): ProtonFailure | undefined {
  const { role, gerund } = RULES[action];
  const { permission, name } = PERMISSION[role];
  const account = actingAccount(action, connection);
  if (may(viewer, permission, account)) return undefined;
  return missingPermission(`${gerund} a connection`, permission, name, account);
}

/** Why the connection's status does not allow the action; undefined if it does. */
export function statusFailure(
  action: ConnectionAction,
  { id, status }: Pick<ConnectionView, 'id' | 'status'>,
): ProtonFailure | undefined {
  const { refusedIn, participle } = RULES[action];
  return status === refusedIn ? rejectedIsFinal(id, participle) : undefined;
}

/** Whether the action can change a connection in this status. */
export function hasEffect(action: ConnectionAction, { status }: Pick<ConnectionView, 'status'>): boolean {
  return status !== RULES[action].withoutEffectIn;
}

/** As in "it can't be updated". */
export function participleOf(action: ConnectionAction): string {
  return RULES[action].participle;
}

/** The actions that succeed for the viewer and can change the connection, in the order of `ConnectionAction`. */
export function actionsOn(viewer: Viewer, connection: ConnectionView): readonly ConnectionAction[] {
  if (!maySee(viewer, connection)) return [];
  return Object.values(ConnectionAction).filter(
    (action) =>
      !permissionFailure(viewer, action, connection) &&
      !statusFailure(action, connection) &&
      hasEffect(action, connection),
  );
}
