import AppLayout from '@cloudscape-design/components/app-layout';
import Box from '@cloudscape-design/components/box';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useEffect, useRef } from 'react';
import { PATHS } from '../addresses/addresses';
import { useNavigation } from '../addresses/use-navigation';
import { ConnectionDrawer } from '../connection/connection-drawer';
import { Overview } from '../overview/overview';
import { RequestsReceived } from '../received/requests-received';
import { RequestToConnect } from '../request/request-to-connect';
import { RequestsSent } from '../sent/requests-sent';
import { TrustPolicies } from '../trust-policies/trust-policies';
import { ConnectionStateBar } from './connection-state-bar';
import { Footer } from './footer';
import { Notifications } from './notifications';
import { OfflineAlert } from './offline-alert';
import { placeOf, TITLES, type Place } from './place';
import { SideMenu } from './side-menu';
import { TopBar } from './top-bar';
import { useFocus, type DrawerExit } from './use-focus';
import { ViewerProvider } from './viewer';

/** The console: the bars around a view, and the drawer beside it. */
export function App() {
  return <ViewerProvider>{(loaded) => <Frame loaded={loaded} />}</ViewerProvider>;
}

function Frame({ loaded }: { readonly loaded: boolean }) {
  const { path, query, go } = useNavigation();
  const place = placeOf(path, query);
  const { view, connection } = place;
  const exit = useRef<DrawerExit>('closed');
  useFocus(place, exit);
  useEffect(() => {
    document.title = `${TITLES[view]} – Environment account connections`;
  }, [view]);
  useEffect(() => {
    if (path === '/') go(PATHS.overview, query, true);
  });
  const closeDrawer = (how: DrawerExit): void => {
    exit.current = how;
    const to = new URLSearchParams(query);
    to.delete('from');
    go(view === 'sent' ? PATHS.sent : PATHS.received, to);
  };
  return (
    <div className="page">
      <TopBar />
      <AppLayout
        headerSelector="#top-bar"
        toolsHide
        contentType={view === 'received' || view === 'sent' ? 'table' : 'default'}
        // Lines of a form that are longer are hard to read.
        {...(view === 'request' && { maxContentWidth: 900 })}
        ariaLabels={{
          navigation: 'Views',
          navigationClose: 'Close the navigation',
          navigationToggle: 'Open the navigation',
          notifications: 'Notifications',
        }}
        breadcrumbs={<ConnectionStateBar />}
        navigation={<SideMenu active={view} />}
        notifications={<Notifications />}
        splitPanelOpen={connection !== undefined}
        onSplitPanelToggle={({ detail }) => {
          if (!detail.open) closeDrawer('closed');
        }}
        splitPanelPreferences={{ position: 'side' }}
        splitPanel={
          connection && loaded ? (
            <ConnectionDrawer
              key={connection.id}
              {...connection}
              onDeleted={() => {
                closeDrawer('deleted');
              }}
            />
          ) : null
        }
        content={
          <div>
            <OfflineAlert />
            {loaded ? (
              <View place={place} />
            ) : (
              <SpaceBetween size="m">
                <Header variant="h1">{TITLES[view]}</Header>
                <StatusIndicator type="loading">Reading who you are</StatusIndicator>
              </SpaceBetween>
            )}
            <Footer />
          </div>
        }
      />
    </div>
  );
}

function View({ place }: { readonly place: Place }) {
  switch (place.view) {
    case 'overview':
      return <Overview />;
    case 'received':
      return <RequestsReceived />;
    case 'sent':
      return <RequestsSent />;
    case 'trust-policies':
      return <TrustPolicies />;
    case 'request':
      return <RequestToConnect />;
    case 'unknown':
      return (
        <Box>
          <Header variant="h1">Not found</Header>
          The console has nothing at this address.
        </Box>
      );
  }
}
