import { AccountRole, type ConnectionView } from '../../proton/connection';
import type { NormalizedSelection } from '../../proton/connection-list';
import type { AccountId } from '../../proton/identifiers';
import { environmentNameRule } from '../../proton/validation/values';
import type { ListSource } from '../calls';
import type { Work } from '../session-scope';

type Readers = Pick<Work, 'askable' | 'regions'>;

/**
 * The lists that together hold every connection of a selection. An account that can be asked and that all of them share, by the
 * part it plays, makes one list of it; else every account is asked in the parts it can play: also for the connections of an
 * account that can't be asked, which lie in the lists of their other accounts.
 */
export function sourcesFor(
  selection: NormalizedSelection,
  { askable, regions }: Readers,
): readonly ListSource[] {
  const { environmentName, statuses } = selection;
  // Proton refuses a name that no environment can have, where a filter matches nothing.
  if (environmentName !== null && !('value' in environmentNameRule(environmentName))) return [];
  const inRegions = regions.filter((region) => selection.region === null || region === selection.region);
  return partsFor(selection, askable).flatMap(([accountId, role]) =>
    inRegions.map((region) => ({ accountId, region, role, environmentName, statuses })),
  );
}

function partsFor(
  { participation, managementAccountId, environmentAccountId }: NormalizedSelection,
  askable: ReadonlySet<AccountId>,
): readonly (readonly [AccountId, AccountRole])[] {
  const accounts = [...askable];
  const oneOf = (name: string | null) => accounts.find((account) => account === name);
  const pinned = (role: AccountRole, filtered: string | null) =>
    participation?.role === role ? participation.accountId : filtered;
  const management = pinned('MANAGEMENT_ACCOUNT', managementAccountId);
  const environment = pinned('ENVIRONMENT_ACCOUNT', environmentAccountId);

  const environmentToAsk = oneOf(environment);
  if (environmentToAsk !== undefined) return [[environmentToAsk, 'ENVIRONMENT_ACCOUNT']];
  const managementToAsk = oneOf(management);
  if (managementToAsk !== undefined) return [[managementToAsk, 'MANAGEMENT_ACCOUNT']];

  const roles = Object.values(AccountRole).filter((role) =>
    // Whoever is asked in a part plays it; where that part is another's, the list holds none of the selection.
    role === 'ENVIRONMENT_ACCOUNT' ? environment === null : management === null,
  );
  const participant = oneOf(participation?.accountId ?? null);
  const asked = participant === undefined ? accounts : [participant];
  return asked.flatMap((account) => roles.map((role) => [account, role] as const));
}

/** Whether a connection is of a selection; Proton narrows by some of it and leaves the rest to us. */
export function isSelected(connection: ConnectionView, selection: NormalizedSelection): boolean {
  const { participation, managementAccountId, environmentAccountId } = selection;
  const { environmentName, region, statuses } = selection;
  const fits = (wanted: string | null, value: string) => wanted === null || wanted === value;
  return (
    fits(managementAccountId, connection.managementAccountId) &&
    fits(environmentAccountId, connection.environmentAccountId) &&
    fits(environmentName, connection.environmentName) &&
    fits(region, connection.region) &&
    (statuses?.includes(connection.status) ?? true) &&
    (participation === null || takesPart(connection, participation))
  );
}

function takesPart(
  { managementAccountId, environmentAccountId }: ConnectionView,
  { accountId, role }: NonNullable<NormalizedSelection['participation']>,
): boolean {
  return (
    (role !== 'ENVIRONMENT_ACCOUNT' && managementAccountId === accountId) ||
    (role !== 'MANAGEMENT_ACCOUNT' && environmentAccountId === accountId)
  );
}
