import Link from '@cloudscape-design/components/link';
import { connectionPath, href, keepAccount, PATHS } from '../addresses/addresses';
import { useNavigation } from '../addresses/use-navigation';
import type { RequestValues } from './request-values';

export interface ConflictLinkProps {
  readonly values: RequestValues;
  /** The server's: it may name the connection that is in the way. */
  readonly message: string;
}

const UUID = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/;

/** Leads to the connection that is in the way of a request. */
export function ConflictLink({ values, message }: ConflictLinkProps) {
  const { query, go } = useNavigation();
  const id = UUID.exec(message)?.[0];
  const to = keepAccount(query);
  if (id === undefined) to.set('environment', values.environmentName);
  else to.set('from', 'sent');
  const path = id === undefined ? PATHS.sent : connectionPath(id, 'details');
  return (
    <Link
      href={href(path, to)}
      onFollow={(event) => {
        event.preventDefault();
        go(path, to);
      }}
    >
      Open the connection that exists
    </Link>
  );
}
