import Box from '@cloudscape-design/components/box';
import Container from '@cloudscape-design/components/container';
import Header from '@cloudscape-design/components/header';
import Link from '@cloudscape-design/components/link';
import { connectionPath, href, keepAccount, type ListName } from '../addresses/addresses';
import { useNavigation } from '../addresses/use-navigation';
import { ForeignText } from '../text/foreign-text';
import { TimeAgo } from '../text/time-ago';
import type { FiguresProps } from './figures';

export interface LongestWaitingProps {
  readonly list: ListName;
  /** Longest first; null if the server could not read them. */
  readonly waiting: FiguresProps['overview']['longestPending'];
}

/** The requests that have waited longest for an answer. */
export function LongestWaiting({ list, waiting }: LongestWaitingProps) {
  const { query, go } = useNavigation();
  const to = keepAccount(query);
  if (list === 'sent') to.set('from', list);
  return (
    <Container fitHeight header={<Header variant="h2">Waiting longest</Header>}>
      {waiting?.length === 0 ? <Box color="text-body-secondary">Nothing waits for an answer.</Box> : null}
      <ol className="plain-list rows" aria-label="The requests that wait longest">
        {(waiting ?? []).map(
          ({ id, environmentName, environmentAccountId, managementAccountId, createdAt }) => {
            const path = connectionPath(id, 'details');
            return (
              <li key={id}>
                <Link
                  variant="primary"
                  href={href(path, to)}
                  onFollow={(event) => {
                    event.preventDefault();
                    go(path, to);
                  }}
                >
                  <ForeignText>{environmentName}</ForeignText>
                </Link>
                <span>{list === 'received' ? environmentAccountId : managementAccountId}</span>
                <TimeAgo at={createdAt} />
              </li>
            );
          },
        )}
      </ol>
    </Container>
  );
}
