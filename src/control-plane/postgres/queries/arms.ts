import type { AccountRole } from '../../../proton/connection';
import { ACCOUNT_COLUMN } from '../../connection-rows';
import {
  conditionsOf,
  endOfPrefix,
  narrowingOf,
  sufficientAccounts,
  type Conditions,
  type Narrowing,
} from '../../selected-rows';
import type { CountQuery } from '../../store';
import type { Parameters } from '../session';

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
  readonly narrowing: Narrowing;
}

/** The arms of a query; none when it selects nothing. */
export function armsOf(query: CountQuery): readonly Arm[] {
  const { participation } = query.selection;
  const narrowing = narrowingOf(query.selection);
  if (!narrowing) return [];
  const selected: Arm = { columns: conditionsOf(query.selection), withoutManagement: [], narrowing };
  // PostgreSQL has no text with a NUL, so nothing equals one.
  const values = [...selected.columns.values(), narrowing.namePrefix ?? ''].flat();
  if (values.some((value) => value.includes('\0'))) return [];
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
    ...asEnvironment.flatMap((environmentArm) => {
      const given = environmentArm.columns.get(ACCOUNT_COLUMN.MANAGEMENT_ACCOUNT);
      if (given) return given.some((account) => accounts.includes(account)) ? [] : [environmentArm];
      return [{ ...environmentArm, withoutManagement: [...environmentArm.withoutManagement, ...accounts] }];
    }),
  ];
}

function withAccounts(arm: Arm, column: AccountColumn, accounts: readonly string[]): Arm[] {
  const given = arm.columns.get(column);
  const both = given ? given.filter((account) => accounts.includes(account)) : accounts;
  return both.length === 0 ? [] : [{ ...arm, columns: new Map([...arm.columns, [column, both]]) }];
}

/** The conditions of an arm on the table `connections`. */
export function conditionsText(
  { columns, withoutManagement, narrowing }: Arm,
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
  return [...conditions, ...prefixTexts(narrowing, parameters), ...tagTexts(narrowing, parameters)];
}

/** The conditions for the beginning of a name, as a range of an index of names. */
export function prefixTexts({ namePrefix }: Narrowing, parameters: Parameters): readonly string[] {
  if (namePrefix === undefined) return [];
  return [
    `connections.environment_name >= ${parameters.add(namePrefix, 'text')}`,
    `connections.environment_name < ${parameters.add(endOfPrefix(namePrefix), 'text')}`,
  ];
}

/** The conditions for tags. No index has them: each row is read. */
export function tagTexts({ tagTexts: texts }: Narrowing, parameters: Parameters): readonly string[] {
  return texts.map((text) => `strpos(connections.tags, ${parameters.add(text, 'text')}) > 0`);
}
