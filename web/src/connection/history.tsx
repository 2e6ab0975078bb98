import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Steps, { type StepsProps } from '@cloudscape-design/components/steps';
import { useState } from 'react';
import type { EnvironmentAccountConnectionEventType, HistoryQuery } from '../../../generated/console/graphql';
import { LoadFailure } from '../app/load-failure';
import { STATUS_LABELS } from '../connections/connection';
import { operation } from '../graphql/operation';
import { useLiveQuery } from '../live/use-live-query';
import { ForeignText } from '../text/foreign-text';
import { inFull } from '../text/time';

const QUERY = operation('History');

type Event = NonNullable<
  NonNullable<HistoryQuery['environmentAccountConnection']>['history']
>['nodes'][number];

const EVENTS: Readonly<Record<EnvironmentAccountConnectionEventType, readonly [string, StepsProps.Status]>> =
  {
    CREATED: ['Requested', 'pending'],
    ACCEPTED: ['Accepted', 'success'],
    REJECTED: ['Rejected', 'stopped'],
    UPDATED: ['Roles updated', 'info'],
    TAGGED: ['Tagged', 'info'],
    UNTAGGED: ['Tags removed', 'info'],
    DELETED: ['Deleted', 'stopped'],
    IMPORTED: ['Imported', 'info'],
  };

export interface HistoryProps {
  readonly id: string;
  /** The cursor that the events begin after; undefined for the newest. */
  readonly after?: string;
}

/** What happened to a connection, newest first: who did what, and when. Older events follow on request. */
export function History({ id, after }: HistoryProps) {
  const [showsOlder, setShowsOlder] = useState(false);
  const { data, failure, loading, refetch } = useLiveQuery(QUERY, {
    id,
    ...(after !== undefined && { after }),
  });
  const history = data?.environmentAccountConnection?.history;
  const end = history?.pageInfo.hasNextPage ? history.pageInfo.endCursor : null;
  if (loading) return <StatusIndicator type="loading">Reading the history</StatusIndicator>;
  return (
    <SpaceBetween size="s">
      <LoadFailure failure={failure} hasData={data !== undefined} retry={refetch} />
      {history ? (
        <Steps
          ariaLabel={after === undefined ? 'History, newest first' : 'Older events'}
          steps={history.nodes.map(toStep)}
        />
      ) : null}
      {data && !history ? <Box color="text-body-secondary">The back end keeps no history.</Box> : null}
      {end != null && showsOlder ? <History id={id} after={end} /> : null}
      {end != null && !showsOlder ? (
        <Button
          onClick={() => {
            setShowsOlder(true);
          }}
        >
          Show older events
        </Button>
      ) : null}
    </SpaceBetween>
  );
}

function toStep({ type, status, previousStatus, actor, occurredAt }: Event): StepsProps.Step {
  const [label, icon] = EVENTS[type];
  const changes = status != null && previousStatus != null && status !== previousStatus;
  return {
    status: icon,
    header: (
      <span>
        <Box variant="strong">{label}</Box>
        {changes ? (
          <Box variant="span" color="text-body-secondary">
            {` ${STATUS_LABELS[previousStatus]} → ${STATUS_LABELS[status]}`}
          </Box>
        ) : null}
      </span>
    ),
    details: (
      <Box color="text-body-secondary" fontSize="body-s">
        by <ForeignText>{actor}</ForeignText>, <time dateTime={occurredAt}>{inFull(occurredAt)}</time>
      </Box>
    ),
  };
}
