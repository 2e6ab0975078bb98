import { useEffect, useMemo, useState } from 'react';
import { operation } from '../graphql/operation';
import { useLiveQuery } from '../live/use-live-query';
import { useServices } from './services';

const QUERY = operation('AccountsInUse');
/** Pages of 100 that are read to find accounts, newest connections first. */
const MAX_PAGES = 20;

export interface AccountsInUse {
  readonly accounts: readonly string[];
  /** Whether there are connections that were not read, which may have other accounts. */
  readonly isPartial: boolean;
}

/**
 * The accounts that occur in the newest 2,000 connections. The newest 100 are read again with the rest of the page, so
 * that accounts which come with new connections appear by themselves.
 * @param enabled false where the viewer's permissions name the accounts
 */
export function useAccountsInUse(enabled: boolean): AccountsInUse {
  const { client } = useServices();
  const newest = useLiveQuery(QUERY, {}, { skip: !enabled }).data?.environmentAccountConnections;
  const [older, setOlder] = useState<AccountsInUse>({ accounts: [], isPartial: true });
  const isRead = newest !== undefined;

  useEffect(() => {
    if (!isRead || !newest?.pageInfo.hasNextPage) return;
    let stopped = false;
    const readOlder = async (): Promise<void> => {
      let after = newest.pageInfo.endCursor;
      const found = new Set<string>();
      for (let page = 1; page < MAX_PAGES && after != null && !stopped; page += 1) {
        const { data } = await client.query({ query: QUERY, variables: { after }, fetchPolicy: 'no-cache' });
        const connections = data?.environmentAccountConnections;
        for (const node of connections?.nodes ?? []) addAccounts(found, node);
        after = connections?.pageInfo.hasNextPage ? connections.pageInfo.endCursor : null;
      }
      if (!stopped) setOlder({ accounts: [...found], isPartial: after != null });
    };
    // A failure leaves the accounts of the newest connections.
    readOlder().catch(() => undefined);
    return () => {
      stopped = true;
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- Once: what comes later is among the newest.
  }, [client, isRead]);

  return useMemo(() => {
    const found = new Set(older.accounts);
    for (const node of newest?.nodes ?? []) addAccounts(found, node);
    const hasOlder = newest?.pageInfo.hasNextPage ?? true;
    return { accounts: [...found], isPartial: enabled && hasOlder && older.isPartial };
  }, [enabled, newest, older]);
}

function addAccounts(
  found: Set<string>,
  connection: { readonly managementAccountId: string; readonly environmentAccountId: string },
): void {
  found.add(connection.managementAccountId).add(connection.environmentAccountId);
}
