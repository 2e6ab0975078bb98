import TopNavigation, { type TopNavigationProps } from '@cloudscape-design/components/top-navigation';
import { useState, useSyncExternalStore } from 'react';
import { href, keepAccount, PATHS } from '../addresses/addresses';
import { useNavigation } from '../addresses/use-navigation';
import { AccountDialog } from './account-dialog';
import { placeOf } from './place';
import { useServices } from './services';
import { useIsNarrow } from './use-is-narrow';
import { useReadableAccounts } from './use-readable-accounts';
import { useViewer } from './viewer';

/** The ids of the menu's items that are no account. */
const ALL = 'all';
const FIND = 'find';

/** The bar on top: which account one acts as, and the end of a session. */
export function TopBar() {
  const { path, query, go } = useNavigation();
  const { session } = useServices();
  const { subject, account, everyAccount, namedAccounts } = useViewer();
  const { accounts, hasMore, failure } = useReadableAccounts('');
  // The dialog shows a failure, and tries again.
  const offersSearch = hasMore || (accounts === undefined && failure !== undefined);
  const [asks, setAsks] = useState(false);
  const isNarrow = useIsNarrow();
  useSyncExternalStore(session.subscribe, session.state);

  const actAs = (id: string): void => {
    const to = new URLSearchParams(id === ALL ? {} : { account: id });
    const { view, connection } = placeOf(path, query);
    // Filters and pages belong to the account they were chosen for. The connection in the drawer does not.
    const from = query.get('from');
    if (connection && from !== null) to.set('from', from);
    go(view === 'unknown' ? PATHS.overview : path, to);
  };

  const menu: TopNavigationProps.MenuDropdownUtility = {
    type: 'menu-dropdown',
    text: account === undefined && everyAccount ? 'All accounts' : `Acting as ${account ?? 'no account'}`,
    ariaLabel:
      account === undefined && everyAccount ? 'All accounts' : `Acting as ${account ?? 'no account'}`,
    ...(subject !== '' && { description: `Signed in as ${subject}` }),
    iconName: 'user-profile',
    disableUtilityCollapse: true,
    disableTextCollapse: true,
    items: [
      ...(everyAccount ? [{ id: ALL, text: 'All accounts' }] : []),
      // Not behind the others, which would be a hundred steps with the keyboard.
      ...(offersSearch ? [{ id: FIND, text: 'Find an account…' }] : []),
      ...(accounts ?? namedAccounts).map((id) => ({ id, text: id })),
    ],
    onItemClick: ({ detail }) => {
      if (detail.id === FIND) setAsks(true);
      else actAs(detail.id);
    },
  };
  const signOut: TopNavigationProps.ButtonUtility = {
    type: 'button',
    text: 'Sign out',
    onClick: () => {
      session.signOut();
    },
  };
  return (
    <div id="top-bar">
      <TopNavigation
        identity={{
          href: href(PATHS.overview, keepAccount(query)),
          // On a narrow screen the account that one acts as takes the room.
          ...(isNarrow ? { logo: { src: href('/icon.svg'), alt: 'Connections' } } : { title: 'Connections' }),
          onFollow: (event) => {
            event.preventDefault();
            go(PATHS.overview, keepAccount(query));
          },
        }}
        i18nStrings={{ overflowMenuTriggerText: 'More', overflowMenuTitleText: 'All' }}
        utilities={session.token === undefined ? [menu] : [menu, signOut]}
      />
      {asks ? (
        <AccountDialog
          onChoose={actAs}
          onClose={() => {
            setAsks(false);
          }}
        />
      ) : null}
    </div>
  );
}
