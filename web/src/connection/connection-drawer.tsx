import SpaceBetween from '@cloudscape-design/components/space-between';
import SplitPanel from '@cloudscape-design/components/split-panel';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Tabs from '@cloudscape-design/components/tabs';
import { CONNECTION_TABS, connectionPath, type ConnectionTab } from '../addresses/addresses';
import { useNavigation } from '../addresses/use-navigation';
import { LoadFailure } from '../app/load-failure';
import type { Connection } from '../connections/connection';
import { operation } from '../graphql/operation';
import { useLiveQuery } from '../live/use-live-query';
import { ConnectionActions } from './connection-actions';
import { ConnectionTrustPolicies } from './connection-trust-policies';
import { Details } from './details';
import { History } from './history';

const QUERY = operation('Connection');

export interface ConnectionDrawerProps {
  readonly id: string;
  readonly tab: ConnectionTab;
  readonly onDeleted: () => void;
}

/** One connection: what it is, what happened to it, the policies that its roles need, and every action on it. */
export function ConnectionDrawer({ id, tab, onDeleted }: ConnectionDrawerProps) {
  const { data, failure, loading, refetch } = useLiveQuery(QUERY, { id });
  const connection = data?.environmentAccountConnection;
  return (
    <SplitPanel
      header={connection?.environmentName ?? 'Connection'}
      closeBehavior="hide"
      hidePreferencesButton
      i18nStrings={{ closeButtonAriaLabel: 'Close', resizeHandleAriaLabel: 'Resize the drawer' }}
    >
      <SpaceBetween size="m">
        <LoadFailure failure={failure} hasData={data !== undefined} retry={refetch} />
        {loading ? <StatusIndicator type="loading">Reading the connection</StatusIndicator> : null}
        {connection ? <Content connection={connection} tab={tab} onDeleted={onDeleted} /> : null}
        {data && !connection ? (
          <StatusIndicator type="info">
            No connection with this id is visible to you. It may have been deleted.
          </StatusIndicator>
        ) : null}
      </SpaceBetween>
    </SplitPanel>
  );
}

interface ContentProps {
  readonly connection: Connection;
  readonly tab: ConnectionTab;
  readonly onDeleted: () => void;
}

function Content({ connection, tab, onDeleted }: ContentProps) {
  const { query, go } = useNavigation();
  return (
    <SpaceBetween size="m">
      <ConnectionActions connection={connection} onDeleted={onDeleted} />
      <Tabs
        activeTabId={tab}
        onChange={({ detail }) => {
          const chosen = CONNECTION_TABS.find((id) => id === detail.activeTabId);
          if (chosen) go(connectionPath(connection.id, chosen), query);
        }}
        ariaLabel="About this connection"
        tabs={[
          { id: 'details', label: 'Details', content: <Details connection={connection} /> },
          { id: 'history', label: 'History', content: <History id={connection.id} /> },
          {
            id: 'trust',
            label: 'Trust policy',
            content: <ConnectionTrustPolicies connection={connection} />,
          },
        ]}
      />
    </SpaceBetween>
  );
}
