import Button, { type ButtonProps } from '@cloudscape-design/components/button';
import { useConnectionState } from '../app/services';

export interface ActionButtonProps {
  readonly children: string;
  /** Why the server would refuse the action; undefined when it would not. */
  readonly reason: string | undefined;
  readonly onClick: () => void;
  readonly variant?: ButtonProps.Variant;
  readonly loading?: boolean;
}

/** A button that changes something. When it can't, it is disabled and its description says why. */
export function ActionButton({
  children,
  reason,
  onClick,
  variant = 'normal',
  loading = false,
}: ActionButtonProps) {
  const isOffline = useConnectionState() === 'offline';
  const why = isOffline ? 'The server does not respond. Nothing can be changed until it does.' : reason;
  return (
    <Button
      variant={variant}
      loading={loading}
      loadingText="Waiting for the server"
      onClick={onClick}
      {...(why !== undefined && { disabled: true, disabledReason: why })}
    >
      {children}
    </Button>
  );
}
