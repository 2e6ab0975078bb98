import Box from '@cloudscape-design/components/box';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import type { OverviewQuery } from '../../../generated/console/graphql';
import type { ListName } from '../addresses/addresses';
import { ofAccount } from '../addresses/list-query';
import { LoadFailure } from '../app/load-failure';
import { useViewer } from '../app/viewer';
import { operation } from '../graphql/operation';
import { NothingVisible } from '../list/empty-list';
import { useLiveQuery, type LiveResult } from '../live/use-live-query';
import { RequestButton } from '../request/request-button';
import { Figures } from './figures';

const QUERY = operation('Overview');
export const WEEKS = 12;

/** How many requests wait, how they were answered, and how long that took. */
export function Overview() {
  const { account, seesNothing } = useViewer();
  const received = useOverview('received', account);
  const sent = useOverview('sent', account);
  // An account is mostly one of the two. With all accounts both are the same.
  const shown = account === undefined ? [received] : [received, sent].filter(hasConnections);
  return (
    <SpaceBetween size="l">
      <Header
        variant="h1"
        description={account === undefined ? 'All accounts' : `Account ${account}`}
        actions={<RequestButton />}
      >
        Overview
      </Header>
      <LoadFailure
        failure={received.failure}
        hasData={received.data !== undefined}
        retry={received.refetch}
      />
      {received.loading ? <StatusIndicator type="loading">Reading the figures</StatusIndicator> : null}
      {seesNothing ? <NothingVisible account={account} /> : null}
      {(seesNothing ? [] : shown.length > 0 ? shown : [received]).map(({ list, data }) => (
        <OverviewOfList key={list} list={list} data={data} titled={shown.length > 1} />
      ))}
    </SpaceBetween>
  );
}

interface ListOverview extends LiveResult<OverviewQuery> {
  readonly list: ListName;
}

function useOverview(list: ListName, account: string | undefined): ListOverview {
  const result = useLiveQuery(
    QUERY,
    { filter: ofAccount(list, account), weeks: WEEKS },
    { skip: list === 'sent' && account === undefined },
  );
  return { ...result, list };
}

function hasConnections({ data }: ListOverview): boolean {
  return data?.environmentAccountConnectionOverview?.byStatus.some(({ count }) => count > 0) ?? false;
}

interface OverviewOfListProps {
  readonly list: ListName;
  readonly data: OverviewQuery | undefined;
  readonly titled: boolean;
}

function OverviewOfList({ list, data, titled }: OverviewOfListProps) {
  if (!data) return null;
  const overview = data.environmentAccountConnectionOverview;
  if (!overview) return <Box color="text-body-secondary">The back end keeps no figures.</Box>;
  const title = titled
    ? list === 'received'
      ? 'As management account'
      : 'As environment account'
    : 'Connections';
  return <Figures title={title} list={list} overview={overview} />;
}
