import { createContext, useContext, useMemo, type ReactNode } from 'react';
import type { EnvironmentAccountConnectionPermission as Permission } from '../../../generated/console/graphql';
import { useNavigation } from '../addresses/use-navigation';
import { operation } from '../graphql/operation';
import { useLiveQuery } from '../live/use-live-query';

/** Who is signed in, and which account the page shows. */
export interface Viewer {
  readonly subject: string;
  /** Whether the permissions cover every account, so that "All accounts" can be shown. */
  readonly everyAccount: boolean;
  /** The account one acts as; undefined for all accounts. */
  readonly account: string | undefined;
  /** The accounts that the permissions name for reading, in the order of their ids. */
  readonly namedAccounts: readonly string[];
  /** Whether no permission covers what the page would show. */
  readonly seesNothing: boolean;
  readonly may: (permission: Permission, account: string) => boolean;
}

const QUERY = operation('Viewer');
const ViewerContext = createContext<Viewer | undefined>(undefined);

export function ViewerProvider({ children }: { readonly children: (loaded: boolean) => ReactNode }) {
  const { query } = useNavigation();
  const { data, failure } = useLiveQuery(QUERY, {});
  const permissions = data?.environmentAccountConnectionViewer;
  const everyAccount = permissions?.everyAccount.includes('READ') ?? false;
  const named = query.get('account') ?? undefined;

  const viewer = useMemo<Viewer>(() => {
    const own = permissions?.accounts ?? [];
    const account = named ?? (everyAccount ? undefined : own[0]?.account.id);
    const may: Viewer['may'] = (permission, id) =>
      (permissions?.everyAccount.includes(permission) ?? false) ||
      own.some((entry) => entry.account.id === id && entry.permissions.includes(permission));
    return {
      subject: permissions?.subject ?? '',
      everyAccount,
      account,
      namedAccounts: own
        .filter((entry) => entry.permissions.includes('READ'))
        .map((entry) => entry.account.id),
      seesNothing: permissions != null && (account === undefined ? !everyAccount : !may('READ', account)),
      may,
    };
  }, [permissions, everyAccount, named]);

  return (
    <ViewerContext value={viewer}>{children(data !== undefined || failure !== undefined)}</ViewerContext>
  );
}

export function useViewer(): Viewer {
  const viewer = useContext(ViewerContext);
  if (!viewer) throw new Error('ViewerProvider is missing');
  return viewer;
}
