import type { AccountRole } from '../../../proton/connection';
import { ACCOUNT_COLUMN } from '../../connection-rows';
import { conditionsOf, sufficientAccounts, type Conditions } from '../../selected-rows';
import type { CountQuery } from '../../store';

/** Collects the parameters of a query while its text is written. Texts depend on the shape of a query alone, not on its values. */
export class Parameters {
  private readonly collected: unknown[] = [];

  /** Returns the parameter's placeholder, as in `$1::text`. An array of a type is `type[]`. */
  add(value: unknown, type: 'text' | 'text[]' | 'uuid' | 'uuid[]' | 'bigint' | 'bigint[]'): string {
    this.collected.push(value);
    return `$${String(this.collected.length)}::${type}`;
  }

  get values(): readonly unknown[] {
    return this.collected;
  }
}

type AccountColumn = (typeof ACCOUNT_COLUMN)[AccountRole];

/**
 * One part of the rows of a list or a count. Each arm is read along an index, where an OR would read all rows: an account in either
 * role becomes two arms, and so do the accounts of a viewer.
 */
export interface Arm {
  /** Columns and their values. */
  readonly columns: Conditions;
  /** Rows with these management accounts are in another arm, where a count counts them. */
  readonly withoutManagement: readonly string[];
}

/** The arms of a query; none when it selects nothing. */
export function armsOf(query: CountQuery): readonly Arm[] {
  const { participation } = query.selection;
  const selected: Arm = { columns: conditionsOf(query.selection), withoutManagement: [] };
  // PostgreSQL has no text with a NUL, so nothing equals one.
  if ([...selected.columns.values()].flat().some((value) => value.includes('\0'))) return [];
  const arms = participation ? inRoles(selected, [participation.accountId], participation.role) : [selected];
  const accounts = sufficientAccounts(query);
  return accounts === 'every' ? arms : arms.flatMap((arm) => inRoles(arm, accounts, null));
}

/** The part of an arm with one of these accounts in the role, or in either role. */
function inRoles(arm: Arm, accounts: readonly string[], role: AccountRole | null): readonly Arm[] {
  if (accounts.length === 0) return [];
  const asManagement = withAccounts(arm, ACCOUNT_COLUMN.MANAGEMENT_ACCOUNT, accounts);
  const asEnvironment = withAccounts(arm, ACCOUNT_COLUMN.ENVIRONMENT_ACCOUNT, accounts);
  if (role === 'MANAGEMENT_ACCOUNT') return asManagement;
  if (role === 'ENVIRONMENT_ACCOUNT') return asEnvironment;
  return [
    ...asManagement,
    ...asEnvironment.flatMap(({ columns, withoutManagement }) => {
      const given = columns.get(ACCOUNT_COLUMN.MANAGEMENT_ACCOUNT);
      if (given)
        return given.some((account) => accounts.includes(account)) ? [] : [{ columns, withoutManagement }];
      return [{ columns, withoutManagement: [...withoutManagement, ...accounts] }];
    }),
  ];
}

function withAccounts(
  { columns, withoutManagement }: Arm,
  column: AccountColumn,
  accounts: readonly string[],
): Arm[] {
  const given = columns.get(column);
  const both = given ? given.filter((account) => accounts.includes(account)) : accounts;
  return both.length === 0 ? [] : [{ columns: new Map([...columns, [column, both]]), withoutManagement }];
}

/** The conditions of an arm on the table `connections`. */
export function conditionsText(
  { columns, withoutManagement }: Arm,
  parameters: Parameters,
): readonly string[] {
  const conditions = [...columns].map(([column, values]) =>
    values.length === 1
      ? `connections.${column} = ${parameters.add(values[0], 'text')}`
      : `connections.${column} = ANY (${parameters.add(values, 'text[]')})`,
  );
  if (withoutManagement.length > 0) {
    conditions.push(
      `NOT connections.management_account_id = ANY (${parameters.add(withoutManagement, 'text[]')})`,
    );
  }
  return conditions;
}
