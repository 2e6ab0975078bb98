import { isAccountId, type AccountId } from './identifiers';
import { type CursorCodec, cursorCodec, type Page, pageOf, type PageRequest, parsePageRequest } from './page';

/** Which page of a list of accounts is requested. */
export interface AccountListRequest extends PageRequest {
  /** The first digits of the ids; null, left out or empty selects all. */
  readonly idPrefix?: string | null | undefined;
}

/** An account in a list, and its position: lists run from the smallest id to the greatest. */
export interface ListedAccount {
  readonly id: AccountId;
}

/** Account ids in their order. They are compared as text. */
export interface AccountRange {
  /** No id is smaller. */
  readonly from: string;
  /** Greater than all of them. */
  readonly before: string;
  readonly limit: number;
}

export interface AccountListPlan {
  /** What to read for the page; undefined when no id can be on it. */
  readonly range: AccountRange | undefined;
  /** Makes the page of accounts in any order, which may be repeated or lie outside of the range. */
  readonly pageOf: (accounts: readonly AccountId[]) => Page<ListedAccount>;
}

/** @throws ProtonFailure `VALIDATION_ERROR` for an invalid page size, or a cursor of another list or prefix */
export function planAccountList(request: AccountListRequest): AccountListPlan {
  const prefix = request.idPrefix ?? '';
  const cursors = accountCursors(prefix);
  const page = parsePageRequest(request, cursors);
  // One more than the page holds, to know whether there is a next page.
  const limit = page.size + 1;
  // "0" is the smallest digit, and ":" follows "9".
  const range = { from: page.after ? `${page.after.id}0` : prefix, before: `${prefix}:`, limit };
  return {
    range: /^\d*$/.test(prefix) ? range : undefined,
    pageOf(accounts) {
      const ids = [...new Set(accounts)].filter((id) => id >= range.from && id < range.before).sort();
      const read = ids.slice(0, limit).map((id) => ({ id }));
      return pageOf(read, page, cursors);
    },
  };
}

function accountCursors(prefix: string): CursorCodec<ListedAccount> {
  return cursorCodec<ListedAccount>(['accounts', prefix], {
    toFields: ({ id }) => [id],
    fromFields: ([id = '']) => (isAccountId(id) ? { id } : undefined),
  });
}
