import type { ApolloClient, InMemoryCache } from '@apollo/client';
import { createContext, useContext, useSyncExternalStore } from 'react';
import type { ConnectionMonitor, ConnectionState } from '../live/connection-state';
import type { Session } from '../sign-in/session';
import type { Settings } from '../sign-in/settings';

/** What lives as long as the page does. */
export interface Services {
  readonly settings: Settings;
  readonly session: Session;
  readonly monitor: ConnectionMonitor;
  readonly client: ApolloClient;
  readonly cache: InMemoryCache;
  /** Reads again, soon, what the page shows. */
  readonly refresh: () => void;
}

export const ServicesContext = createContext<Services | undefined>(undefined);

export function useServices(): Services {
  const services = useContext(ServicesContext);
  if (!services) throw new Error('ServicesContext has no value here');
  return services;
}

export function useConnectionState(): ConnectionState {
  const { monitor } = useServices();
  return useSyncExternalStore(monitor.subscribe, monitor.state);
}
