import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type { ReactNode } from 'react';
import type { ListName } from '../addresses/addresses';

/** Why a list is empty. */
export type EmptyReason = 'nothing-yet' | 'nothing-matches' | 'nothing-left' | 'nothing-visible';

export interface EmptyListProps {
  readonly reason: EmptyReason;
  readonly list: ListName;
  readonly account: string | undefined;
  readonly onClear: () => void;
  readonly onFirst: () => void;
  readonly onRequest: () => void;
}

export function EmptyList({ reason, list, account, onClear, onFirst, onRequest }: EmptyListProps) {
  switch (reason) {
    case 'nothing-matches':
      return (
        <Empty title="No connections match" action={<Button onClick={onClear}>Clear filters</Button>}>
          Nothing that you can see fits every part of the filter.
        </Empty>
      );
    case 'nothing-left':
      return (
        <Empty
          title="Nothing left on this page"
          action={<Button onClick={onFirst}>Go to the first page</Button>}
        >
          The connections that were here are gone or no longer match.
        </Empty>
      );
    case 'nothing-visible':
      return <NothingVisible account={account} />;
    case 'nothing-yet':
      return (
        <Empty
          title={list === 'received' ? 'No requests received' : 'No requests sent'}
          action={<Button onClick={onRequest}>Request to connect</Button>}
        >
          <SpaceBetween size="xs">
            <span>
              With a connection, an environment account allows a management account to provision one
              environment in it. The environment account asks, and the management account accepts.
            </span>
            <span>From a shell, with an aws CLI that is set up for this service:</span>
            <pre className="command">
              {[
                'aws proton create-environment-account-connection',
                `--management-account-id ${list === 'received' && account !== undefined ? account : 'ACCOUNT'}`,
                '--environment-name NAME',
                '--role-arn ARN',
              ].join(' \\\n  ')}
            </pre>
          </SpaceBetween>
        </Empty>
      );
  }
}

/** @param account the one that the reader acts as; undefined where the permissions name none */
export function NothingVisible({ account }: { readonly account: string | undefined }) {
  return (
    <Empty title={`Nothing of ${account ?? 'any account'} is visible to you`}>
      To see the connections of an account takes the permission “read” on it. The people who manage the
      permissions of this service can grant it.
    </Empty>
  );
}

interface EmptyProps {
  readonly title: string;
  readonly children: ReactNode;
  readonly action?: ReactNode;
}

function Empty({ title, children, action }: EmptyProps) {
  return (
    <div className="empty">
      <SpaceBetween size="s">
        <Box variant="strong">{title}</Box>
        <Box color="text-body-secondary">{children}</Box>
        {action ?? null}
      </SpaceBetween>
    </div>
  );
}
