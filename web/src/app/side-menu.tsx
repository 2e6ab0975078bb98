import Box from '@cloudscape-design/components/box';
import SideNavigation from '@cloudscape-design/components/side-navigation';
import { href, keepAccount, PATHS } from '../addresses/addresses';
import { ofAccount } from '../addresses/list-query';
import { useNavigation } from '../addresses/use-navigation';
import { operation } from '../graphql/operation';
import { useLiveQuery } from '../live/use-live-query';
import { TITLES, type Place } from './place';
import { useServices } from './services';
import { useViewer } from './viewer';

const QUERY = operation('WaitingCount');

const PATH_OF_VIEW: Partial<Record<Place['view'], string>> = {
  overview: PATHS.overview,
  received: PATHS.received,
  sent: PATHS.sent,
  request: PATHS.sent,
  'trust-policies': PATHS.trustPolicies,
};

/** The links to the views. */
export function SideMenu({ active }: { readonly active: Place['view'] }) {
  const { query, go } = useNavigation();
  const { explorerUrl } = useServices().settings;
  const kept = keepAccount(query);
  const link = (path: string, view: Place['view']) => ({
    type: 'link' as const,
    text: TITLES[view],
    href: href(path, kept),
  });
  const activePath = PATH_OF_VIEW[active];
  return (
    <SideNavigation
      header={{ text: 'Environment account connections', href: href(PATHS.overview, kept) }}
      {...(activePath !== undefined && { activeHref: href(activePath, kept) })}
      onFollow={(event) => {
        const base = href('');
        if (event.detail.external || !event.detail.href.startsWith(base)) return;
        event.preventDefault();
        go(event.detail.href.slice(base.length).split('?')[0] ?? '', kept);
      }}
      items={[
        link(PATHS.overview, 'overview'),
        { ...link(PATHS.received, 'received'), info: <Waiting /> },
        link(PATHS.sent, 'sent'),
        { type: 'divider' },
        link(PATHS.trustPolicies, 'trust-policies'),
        ...(explorerUrl === null ? [] : [{ type: 'link' as const, text: 'Explorer', href: explorerUrl }]),
      ]}
    />
  );
}

/** How many requests wait for an answer of the account that one acts as. */
function Waiting() {
  const { account } = useViewer();
  const { data } = useLiveQuery(QUERY, {
    filter: { ...ofAccount('received', account), statuses: ['PENDING'] },
  });
  const waiting = data?.environmentAccountConnections;
  if (!waiting) return null;
  const { totalCount, nodes, pageInfo } = waiting;
  const count =
    totalCount == null ? `${String(nodes.length)}${pageInfo.hasNextPage ? '+' : ''}` : String(totalCount);
  return count === '0' ? null : (
    <Box variant="span" color="text-status-info">
      {`${count} waiting`}
    </Box>
  );
}
