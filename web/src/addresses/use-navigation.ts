import { useCallback } from 'react';
import { useLocation, useSearch } from 'wouter';
import { address } from './addresses';

export interface Navigation {
  readonly path: string;
  readonly query: URLSearchParams;
  /** @param replace true where "back" should not lead here again */
  readonly go: (path: string, query?: URLSearchParams, replace?: boolean) => void;
}

/** Where the page is, and how to go elsewhere. */
export function useNavigation(): Navigation {
  const [path, navigate] = useLocation();
  const search = useSearch();
  const go = useCallback(
    (to: string, query = new URLSearchParams(), replace = false) => {
      navigate(address(to, query), { replace });
    },
    [navigate],
  );
  return { path, query: new URLSearchParams(search), go };
}
