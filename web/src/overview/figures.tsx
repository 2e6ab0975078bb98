import Box from '@cloudscape-design/components/box';
import ColumnLayout from '@cloudscape-design/components/column-layout';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import Link from '@cloudscape-design/components/link';
import SpaceBetween from '@cloudscape-design/components/space-between';
import type {
  EnvironmentAccountConnectionStatus as Status,
  OverviewQuery,
} from '../../../generated/console/graphql';
import { href, keepAccount, PATHS, type ListName } from '../addresses/addresses';
import { useNavigation } from '../addresses/use-navigation';
import { duration } from '../text/time';
import { LongestWaiting } from './longest-waiting';
import { WeeklyAnswers } from './weekly-answers';

export interface FiguresProps {
  readonly title: string;
  readonly list: ListName;
  readonly overview: NonNullable<OverviewQuery['environmentAccountConnectionOverview']>;
}

const FIGURES: readonly (readonly [Status, string])[] = [
  ['PENDING', 'Waiting for an answer'],
  ['CONNECTED', 'Connected'],
  ['REJECTED', 'Rejected'],
];

export function Figures({ title, list, overview }: FiguresProps) {
  const { byStatus, medianSecondsToDecision, longestPending, weeks } = overview;
  const countOf = (status: Status): number => byStatus.find((each) => each.status === status)?.count ?? 0;
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2">{title}</Header>}>
        <KeyValuePairs
          columns={4}
          items={[
            ...FIGURES.map(([status, label]) => ({
              label,
              value: <Count list={list} status={status} count={countOf(status)} />,
            })),
            {
              label: 'Median time to an answer',
              value: (
                <Box variant="awsui-value-large">
                  {medianSecondsToDecision == null ? '–' : duration(medianSecondsToDecision)}
                </Box>
              ),
            },
          ]}
        />
      </Container>
      <ColumnLayout columns={2}>
        <WeeklyAnswers weeks={weeks} />
        <LongestWaiting list={list} waiting={longestPending} />
      </ColumnLayout>
    </SpaceBetween>
  );
}

function Count({
  list,
  status,
  count,
}: {
  readonly list: ListName;
  readonly status: Status;
  readonly count: number;
}) {
  const { query, go } = useNavigation();
  const to = keepAccount(query);
  to.set('status', status);
  return (
    <Link
      variant="awsui-value-large"
      href={href(PATHS[list], to)}
      onFollow={(event) => {
        event.preventDefault();
        go(PATHS[list], to);
      }}
    >
      {count.toLocaleString('en')}
    </Link>
  );
}
