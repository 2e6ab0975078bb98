import { memo, type ReactNode } from 'react';
import type { ListName } from '../addresses/addresses';
import { ROLES, type Connection } from '../connections/connection';
import { ConnectionStatus } from '../connections/connection-status';
import { ForeignText } from '../text/foreign-text';
import { inFull, waiting } from '../text/time';
import { TimeAgo } from '../text/time-ago';
import { useNow } from '../text/use-now';
import { RowLink } from './row-link';

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
  const columns: readonly Column[] = [
    {
      id: 'environment',
      header: 'Environment',
      minWidth: 190,
      maxWidth: 320,
      isRowHeader: true,
      cell: (connection) => (
        <RowLink
          href={hrefOf(connection)}
          onOpen={() => {
            onOpen(connection);
          }}
        >
          <ForeignText>{connection.environmentName}</ForeignText>
        </RowLink>
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
    {
      id: 'region',
      header: 'Region',
      cell: ({ region }) => <span className="one-line">{region}</span>,
    },
    {
      id: 'roles',
      header: 'Roles',
      cell: (connection) => <span className="one-line">{rolesOf(connection)}</span>,
    },
    { id: 'tags', header: 'Tags', minWidth: 150, maxWidth: 320, cell: ({ tags }) => <Tags tags={tags} /> },
    {
      id: 'requested',
      header: 'Requested',
      minWidth: 150,
      cell: (connection) => <Requested {...connection} />,
    },
  ];
  return columns.map((column) => ({
    ...column,
    cell: (connection) => <Cell connection={connection} content={column.cell} />,
  }));
}

interface CellProps {
  readonly connection: Connection;
  readonly content: (connection: Connection) => ReactNode;
}

/** Cloudscape renders every cell again when one row is selected: what is in a cell is kept while its connection stays the same. */
const Cell = memo(function Cell({ connection, content }: CellProps) {
  return content(connection);
});

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
  return status === 'PENDING' ? <Waiting since={createdAt} /> : <TimeAgo at={createdAt} />;
}

function Waiting({ since }: { readonly since: string }) {
  const now = useNow();
  return (
    <time dateTime={since} title={inFull(since)}>
      {waiting(since, now)}
    </time>
  );
}
