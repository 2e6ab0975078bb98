import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import { useConnectionState, useServices } from './services';

/** Says that the page shows what was read last, and that nothing can be changed. */
export function OfflineAlert() {
  const { refresh } = useServices();
  if (useConnectionState() !== 'offline') return null;
  return (
    <Alert
      type="warning"
      header="The server does not respond"
      action={<Button onClick={refresh}>Try again</Button>}
    >
      The page shows what was read last. Nothing can be changed until the server responds again; the page
      keeps trying.
    </Alert>
  );
}
