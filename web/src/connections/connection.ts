import type {
  ConnectionRowFragment,
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

/** The three roles of a connection, as the page names them. */
export const ROLES = [
  { key: 'roleArn', label: 'CloudFormation role', short: 'CFN', policy: 'PROVISIONING' },
  { key: 'componentRoleArn', label: 'Component role', short: 'Comp', policy: 'COMPONENT' },
  { key: 'codebuildRoleArn', label: 'CodeBuild role', short: 'CB', policy: 'CODEBUILD' },
] as const;
export type RoleKey = (typeof ROLES)[number]['key'];
