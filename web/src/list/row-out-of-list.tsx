import { useEffect } from 'react';
import { operation } from '../graphql/operation';
import { useLiveQuery } from '../live/use-live-query';
import type { SelectionInTable } from './use-selection';

const QUERY = operation('Connection');

export interface RowOutOfListProps extends Pick<SelectionInTable, 'update' | 'deselect'> {
  readonly id: string;
}

/**
 * Reads a selected row that the list does not have any more, and again with everything else on the page. One that does
 * not exist any more is deselected. It shows nothing itself.
 */
export function RowOutOfList({ id, update, deselect }: RowOutOfListProps) {
  const { data } = useLiveQuery(QUERY, { id });
  const connection = data?.environmentAccountConnection;
  useEffect(() => {
    if (connection) update(connection);
    else if (connection === null) deselect(id);
  }, [id, connection, update, deselect]);
  return null;
}
