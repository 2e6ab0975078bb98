import { ApolloProvider } from '@apollo/client/react';
import Alert from '@cloudscape-design/components/alert';
import I18nProvider from '@cloudscape-design/components/i18n';
import messages from '@cloudscape-design/components/i18n/messages/all.en';
import type { ReactNode } from 'react';
import type { Root } from 'react-dom/client';
import { Router } from 'wouter';
import { href, PATHS } from './addresses/addresses';
import { App } from './app/app';
import { NotificationsProvider } from './app/notifications';
import { ServicesContext, type Services } from './app/services';
import { createClient } from './graphql/client';
import { ConnectionMonitor } from './live/connection-state';
import { startLiveUpdates } from './live/live-updates';
import { createSocket } from './live/socket';
import { storeInput, takeStoredInput } from './sign-in/kept-input';
import type { OidcSignIn } from './sign-in/oidc';
import { Session } from './sign-in/session';
import { readSettings, socketUrl, type Settings } from './sign-in/settings';
import { SignInGate } from './sign-in/sign-in-gate';
import { ForeignText } from './text/foreign-text';

const BASE = href('');

/** Reads the settings, signs in where that takes no click, and shows the console. */
export async function start(root: Root): Promise<void> {
  let settings: Settings;
  try {
    settings = await readSettings();
  } catch (error) {
    root.render(
      <Page>
        <main className="sign-in">
          <Alert type="error" header="The console could not start">
            Its settings could not be read. Reload the page to try again.{' '}
            <ForeignText>{error instanceof Error ? error.message : String(error)}</ForeignText>
          </Alert>
        </main>
      </Page>,
    );
    return;
  }
  const session = new Session(settings.signIn !== 'none');
  const oidc = settings.signIn === 'oidc' ? await loadOidc(settings, session) : undefined;
  const problem = oidc && (await signInWithoutClick(oidc));
  if (problem === LEAVING) return;

  const monitor = new ConnectionMonitor();
  const socket = createSocket(socketUrl(settings), session, monitor);
  const { client, cache } = createClient({
    graphqlUrl: settings.graphqlUrl,
    session,
    socket,
    onReached: (reached) => {
      monitor.reached(reached);
    },
  });
  const live = startLiveUpdates(client, session, monitor);
  const services: Services = { settings, session, monitor, client, cache, refresh: live.refresh };
  const leave =
    oidc &&
    (({ silent }: { readonly silent: boolean }) => {
      storeInput();
      void oidc.leave(here(), { silent });
    });
  // What one reader read is not for the next.
  session.subscribe(() => {
    if (session.state() === 'signed-out') void client.clearStore();
  });
  root.render(
    <Page>
      <ServicesContext value={services}>
        <ApolloProvider client={client}>
          <Router base={BASE}>
            <NotificationsProvider>
              <SignInGate session={session} leave={leave} problem={problem}>
                <App />
              </SignInGate>
            </NotificationsProvider>
          </Router>
        </ApolloProvider>
      </ServicesContext>
    </Page>,
  );
}

function Page({ children }: { readonly children: ReactNode }) {
  return (
    <I18nProvider locale="en" messages={[messages]}>
      {children}
    </I18nProvider>
  );
}

/** In a file of its own, which only consoles with an issuer load. */
async function loadOidc(settings: Settings, session: Session): Promise<OidcSignIn> {
  const { OidcSignIn } = await import('./sign-in/oidc');
  return new OidcSignIn(settings, session);
}

const LEAVING = Symbol('the page leaves for the issuer');

/** @returns what went wrong, if something did; LEAVING when another page takes the place of this one */
async function signInWithoutClick(oidc: OidcSignIn): Promise<string | undefined | typeof LEAVING> {
  if (location.pathname !== href(PATHS.signedIn)) {
    try {
      await oidc.leave(here(), { silent: true });
      return LEAVING;
    } catch (error) {
      return `The issuer could not be reached. ${error instanceof Error ? error.message : ''}`;
    }
  }
  const arrival = await oidc.arrive(location.href);
  takeStoredInput();
  // The address must keep neither the code nor the state.
  history.replaceState(
    null,
    '',
    `${BASE}${arrival.outcome === 'failed' ? PATHS.overview : arrival.returnTo}`,
  );
  return arrival.outcome === 'failed' ? arrival.message : undefined;
}

/** The present address, below the console's own path. */
function here(): string {
  return `${location.pathname.slice(BASE.length)}${location.search}`;
}
