import StatusIndicator from '@cloudscape-design/components/status-indicator';
import type { EnvironmentAccountConnectionStatus } from '../../../generated/console/graphql';
import { STATUS_LABELS } from './connection';

const TYPES = { PENDING: 'pending', CONNECTED: 'success', REJECTED: 'stopped' } as const;

export function ConnectionStatus({ status }: { readonly status: EnvironmentAccountConnectionStatus }) {
  return (
    <StatusIndicator wrapText={false} type={TYPES[status]}>
      {STATUS_LABELS[status]}
    </StatusIndicator>
  );
}
