import Link from '@cloudscape-design/components/link';
import type { ReactNode } from 'react';
import type { ListName } from '../addresses/addresses';
import { ROLES, type Connection } from '../connections/connection';
import { ConnectionStatus } from '../connections/connection-status';
import { ForeignText } from '../text/foreign-text';
import { duration, inFull, secondsSince } from '../text/time';
import { TimeAgo } from '../text/time-ago';

export interface Column {
  readonly id: string;
  readonly header: string;
  /** In pixels. Longer text wraps. */
  readonly minWidth?: number;
  readonly maxWidth?: number;
  readonly isRowHeader?: boolean;
  readonly cell: (connection: Connection) => ReactNode;
}

export interface ColumnOptions {
  readonly list: ListName;
  /** Whether connections of several accounts are in the list, so that both sides are shown. */
  readonly allAccounts: boolean;
  readonly hrefOf: (connection: Connection) => string;
  readonly onOpen: (connection: Connection) => void;
}

/** The columns of a list of connections. The server sorts, newest request first, so none of them does. */
export function columnsOf({ list, allAccounts, hrefOf, onOpen }: ColumnOptions): readonly Column[] {
  const environmentAccount: Column = {
    id: 'environmentAccount',
    header: 'Environment account',
    cell: ({ environmentAccountId }) => environmentAccountId,
  };
  const managementAccount: Column = {
    id: 'managementAccount',
    header: 'Management account',
    cell: ({ managementAccountId }) => managementAccountId,
  };
  const [other, own] =
    list === 'received' ? [environmentAccount, managementAccount] : [managementAccount, environmentAccount];
  return [
    {
      id: 'environment',
      header: 'Environment',
      minWidth: 190,
      maxWidth: 320,
      isRowHeader: true,
      cell: (connection) => (
        <Link
          href={hrefOf(connection)}
          onFollow={(event) => {
            event.preventDefault();
            onOpen(connection);
          }}
        >
          <ForeignText>{connection.environmentName}</ForeignText>
        </Link>
      ),
    },
    {
      id: 'status',
      header: 'Status',
      minWidth: 150,
      cell: ({ status }) => <ConnectionStatus status={status} />,
    },
    other,
    ...(allAccounts ? [own] : []),
    { id: 'region', header: 'Region', minWidth: 120, cell: ({ region }) => region },
    { id: 'roles', header: 'Roles', minWidth: 110, cell: (connection) => rolesOf(connection) },
    { id: 'tags', header: 'Tags', minWidth: 150, maxWidth: 320, cell: ({ tags }) => <Tags tags={tags} /> },
    {
      id: 'requested',
      header: 'Requested',
      minWidth: 150,
      cell: (connection) => <Requested {...connection} />,
    },
  ];
}

function rolesOf(connection: Connection): string {
  const named = ROLES.filter(({ key }) => connection[key] != null);
  return named.length === 0 ? '–' : named.map(({ short }) => short).join(' · ');
}

function Tags({ tags }: Pick<Connection, 'tags'>) {
  if (tags == null) return 'not kept here';
  if (tags.length === 0) return '–';
  return <ForeignText>{tags.map(({ key, value }) => `${key}=${value}`).join(', ')}</ForeignText>;
}

function Requested({ status, createdAt }: Connection) {
  if (status !== 'PENDING') return <TimeAgo at={createdAt} />;
  return (
    <time dateTime={createdAt} title={inFull(createdAt)}>
      waiting {duration(secondsSince(createdAt))}
    </time>
  );
}
