import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';
import type { ConnectionState } from '../live/connection-state';
import { useConnectionState } from './services';

const STATES: Readonly<Record<ConnectionState, readonly [StatusIndicatorProps.Type, string, string]>> = {
  live: ['success', 'Live', 'The server announces changes.'],
  polling: ['in-progress', 'every 5 s', 'The server announces nothing, so the page asks every 5 s.'],
  offline: ['error', 'Offline', 'The server does not respond.'],
};

/** How current the page is. */
export function ConnectionStateBar() {
  const [type, text, explanation] = STATES[useConnectionState()];
  return (
    <div className="connection-state" role="status">
      <StatusIndicator type={type}>
        <span title={explanation}>{text}</span>
      </StatusIndicator>
    </div>
  );
}
