import type { SubgraphContext } from '../context';
import { showConnection, type EnvironmentAccountConnection } from './environment-account-connection';

interface Representation {
  readonly id?: unknown;
  readonly arn?: unknown;
}

/**
 * Resolves a representation by whichever key it carries, through the loader, so that all of an `_entities` call is one read.
 * Null for one that names nothing the viewer sees: throwing would make an error of what is only unknown.
 */
export async function resolveConnectionReference(
  { id, arn }: Representation,
  { loaders }: SubgraphContext,
): Promise<EnvironmentAccountConnection | null> {
  const reference = typeof id === 'string' ? { id } : typeof arn === 'string' ? { arn } : undefined;
  const connection = reference && (await loaders.connection.load(reference));
  if (!connection) return null;
  const shown = showConnection(connection);
  // A gateway may send both keys; one that contradicts the other names nothing.
  return (id ?? shown.id) === shown.id && (arn ?? shown.arn) === shown.arn ? shown : null;
}
