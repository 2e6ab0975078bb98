import BreadcrumbGroup from '@cloudscape-design/components/breadcrumb-group';
import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';
import { href, keepAccount, PATHS } from '../addresses/addresses';
import { useNavigation } from '../addresses/use-navigation';
import type { ConnectionState } from '../live/connection-state';
import { useConnectionState } from './services';

const STATES: Readonly<Record<ConnectionState, readonly [StatusIndicatorProps.Type, string, string]>> = {
  live: ['success', 'Live', 'The server announces changes.'],
  polling: ['in-progress', 'every 5 s', 'The server announces nothing, so the page asks every 5 s.'],
  offline: ['error', 'Offline', 'The server does not respond.'],
};

/** Where one is, and how current the page is. */
export function ViewBar({ title }: { readonly title: string }) {
  const { query, go } = useNavigation();
  const [type, text, explanation] = STATES[useConnectionState()];
  const overview = href(PATHS.overview, keepAccount(query));
  return (
    <div className="view-bar">
      <BreadcrumbGroup
        ariaLabel="Where you are"
        items={[
          { text: 'Connections', href: overview },
          { text: title, href: '' },
        ]}
        onFollow={(event) => {
          event.preventDefault();
          if (event.detail.href === overview) go(PATHS.overview, keepAccount(query));
        }}
      />
      <span role="status" title={explanation} className="connection-state">
        <StatusIndicator type={type}>{text}</StatusIndicator>
      </span>
    </div>
  );
}
