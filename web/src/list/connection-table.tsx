import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { useMemo, type ReactNode } from 'react';
import { connectionPath, href, keepAccount, PATHS, type ListName } from '../addresses/addresses';
import { readListQuery, readRows, toFilter, writeListQuery } from '../addresses/list-query';
import { useNavigation } from '../addresses/use-navigation';
import { LoadFailure } from '../app/load-failure';
import { useConnectionState } from '../app/services';
import { useViewer } from '../app/viewer';
import type { Connection } from '../connections/connection';
import { columnsOf } from './columns';
import { EmptyList, type EmptyReason } from './empty-list';
import { ListFilter } from './list-filter';
import { ListPreferences } from './list-preferences';
import { Pager } from './pager';
import { usePreferences } from './preferences';
import { RowOutOfList } from './row-out-of-list';
import { usePages } from './use-pages';
import { useSelection, type Selection } from './use-selection';

export interface ConnectionTableProps {
  readonly list: ListName;
  readonly title: string;
  readonly description: string;
  readonly actions: (selection: Selection) => ReactNode;
}

/** A list of connections with its filter, its pages and the actions on what is selected. */
export function ConnectionTable({ list, title, description, actions }: ConnectionTableProps) {
  const { query, go } = useNavigation();
  const viewer = useViewer();
  const { account } = viewer;
  const [preferences, setPreferences] = usePreferences();
  const isOffline = useConnectionState() === 'offline';

  const search = query.toString();
  const listQuery = useMemo(() => readListQuery(new URLSearchParams(search), list), [search, list]);
  const filter = toFilter(listQuery, list, account);
  const rows = readRows(query, preferences.rows);
  const { connections: read, totalCount, failure, loading, refetch, pager } = usePages(filter, rows);
  const connections = read ?? NONE;
  const selection = useSelection(connections, JSON.stringify([list, filter, query.get('after'), rows]));
  const { rows: inTable, outOfList, update, deselect } = selection;

  const openQuery = new URLSearchParams(query);
  if (list === 'sent') openQuery.set('from', list);
  else openQuery.delete('from');
  const openSearch = openQuery.toString();
  const columns = useMemo(() => {
    const to = new URLSearchParams(openSearch);
    return columnsOf({
      list,
      allAccounts: account === undefined,
      hrefOf: ({ id }) => href(connectionPath(id, 'details'), to),
      onOpen: ({ id }) => {
        go(connectionPath(id, 'details'), to);
      },
    });
  }, [list, account, openSearch, go]);

  // Selecting a row renders the table again, but not the box: it takes as long as some rows.
  const filterBox = useMemo(
    () => (
      <ListFilter
        list={list}
        value={listQuery}
        shown={connections}
        onChange={(changed) => {
          go(PATHS[list], writeListQuery(new URLSearchParams(search), list, changed));
        }}
      />
    ),
    [list, listQuery, connections, search, go],
  );

  const isFiltered = query.size > [...query.keys()].filter((key) => NOT_FILTERS.includes(key)).length;
  const listPath = PATHS[list];
  const firstPage = (): URLSearchParams => {
    const to = new URLSearchParams(query);
    to.delete('after');
    return to;
  };

  return (
    <SpaceBetween size="s">
      <LoadFailure failure={failure} hasData={read !== undefined} retry={refetch} />
      <div className={isOffline ? 'stale' : undefined}>
        {outOfList.map(({ id }) => (
          <RowOutOfList key={id} id={id} update={update} deselect={deselect} />
        ))}
        <Table
          variant="full-page"
          items={inTable}
          trackBy="id"
          loading={loading}
          loadingText="Reading connections"
          contentDensity={preferences.density}
          columnDefinitions={columns}
          columnDisplay={columns.map(({ id }) => ({
            id,
            visible: preferences.columns?.includes(id) ?? true,
          }))}
          wrapLines
          selectionType="multi"
          selectedItems={selection.all}
          onSelectionChange={({ detail }) => {
            selection.select(detail.selectedItems);
          }}
          ariaLabels={{
            tableLabel: title,
            selectionGroupLabel: 'Select connections',
            allItemsSelectionLabel: () => 'Select all',
            itemSelectionLabel: (_state, { environmentName, environmentAccountId }) =>
              `Select ${environmentName} of ${environmentAccountId}`,
          }}
          renderAriaLive={() => `${String(inTable.length)} connections on this page`}
          header={
            <Header
              variant="awsui-h1-sticky"
              description={description}
              counter={
                read &&
                counterOf(
                  selection.all.length,
                  totalCount == null
                    ? `${String(inTable.length)}${pager.onNext ? '+' : ''}`
                    : totalCount + outOfList.length,
                )
              }
              actions={actions(selection)}
            >
              {title}
            </Header>
          }
          filter={filterBox}
          pagination={<Pager {...pager} />}
          preferences={
            <ListPreferences
              columns={columns}
              preferences={{ ...preferences, rows }}
              onChange={(changed) => {
                setPreferences(changed);
                const to = firstPage();
                to.set('rows', String(changed.rows));
                if (changed.rows !== rows) go(listPath, to);
              }}
            />
          }
          empty={
            failure && read === undefined ? (
              'The connections could not be read.'
            ) : (
              <EmptyList
                reason={emptyReason()}
                list={list}
                account={account}
                onClear={() => {
                  go(listPath, writeListQuery(query, list, NOTHING));
                }}
                onFirst={() => {
                  go(listPath, firstPage());
                }}
                onRequest={() => {
                  const to = keepAccount(query);
                  if (list === 'received' && account !== undefined) to.set('managementAccountId', account);
                  go(PATHS.request, to);
                }}
              />
            )
          }
        />
      </div>
    </SpaceBetween>
  );

  function emptyReason(): EmptyReason {
    if (viewer.seesNothing) return 'nothing-visible';
    if (query.has('after')) return 'nothing-left';
    return isFiltered ? 'nothing-matches' : 'nothing-yet';
  }
}

const NONE: readonly Connection[] = [];
const NOTHING = {
  statuses: [],
  region: undefined,
  environment: undefined,
  otherAccount: undefined,
  tags: [],
};
/** Parts of an address that do not narrow a list. */
const NOT_FILTERS = ['account', 'after', 'rows', 'from'];

/** As in "(100)" or "(3 selected of 100)". */
function counterOf(selected: number, total: number | string): string {
  return selected > 0 ? `(${String(selected)} selected of ${String(total)})` : `(${String(total)})`;
}
