import type {
  ConnectionRowFragment,
  EnvironmentAccountConnectionRole,
  EnvironmentAccountConnectionStatus as Status,
} from '../../../generated/console/graphql';

/** A connection as lists and the drawer show it. */
export type Connection = ConnectionRowFragment;

export const STATUS_LABELS: Readonly<Record<Status, string>> = {
  PENDING: 'Pending',
  CONNECTED: 'Connected',
  REJECTED: 'Rejected',
};

export function statusOfLabel(label: string): Status | undefined {
  const wanted = label.trim().toLowerCase();
  return (Object.keys(STATUS_LABELS) as Status[]).find((key) => STATUS_LABELS[key].toLowerCase() === wanted);
}

/** The three roles of a connection: the field's name, and what it provisions with, for names that must differ from the field's. */
export const ROLES = [
  {
    key: 'roleArn',
    label: 'CloudFormation role',
    use: 'CloudFormation',
    short: 'CFN',
    policy: 'PROVISIONING',
  },
  { key: 'componentRoleArn', label: 'Component role', use: 'components', short: 'Comp', policy: 'COMPONENT' },
  { key: 'codebuildRoleArn', label: 'CodeBuild role', use: 'CodeBuild', short: 'CB', policy: 'CODEBUILD' },
] as const;
export type RoleKey = (typeof ROLES)[number]['key'];

/** The role that a trust policy is for. */
export function roleOf(policy: EnvironmentAccountConnectionRole): (typeof ROLES)[number] {
  const role = ROLES.find((each) => each.policy === policy);
  if (!role) throw new Error(`The server has a policy for a role that the console does not know: ${policy}`);
  return role;
}
