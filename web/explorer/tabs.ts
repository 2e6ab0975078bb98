import { Kind, parse, visit } from 'graphql';
import values from '../../schema/operations/variables.json';

/** An editor tab: a document and its variables, as JSON. */
export interface Tab {
  readonly query: string;
  readonly variables: string;
}

const FILES = import.meta.glob<string>('../../schema/operations/*.graphql', {
  query: '?raw',
  import: 'default',
  eager: true,
});

/** The operations of `schema/operations` with their variables. The first one creates a connection, which the others then show. */
export const OPERATION_TABS: readonly Tab[] = Object.entries(FILES)
  .sort(([one], [other]) => Number(isCreate(other)) - Number(isCreate(one)))
  .map(([, query]) => ({ query, variables: variablesOf(query) }));

/** Where GraphiQL stores its tabs. */
const STORED_TABS = 'graphiql:tabState';

/**
 * The tab that was open on the last visit, else the first one. GraphiQL stores the tabs and the editors' texts separately, and adds a
 * tab where they differ; so the texts are always those of the tab.
 */
export function openTab(): Tab {
  const [first = { query: '', variables: '' }] = OPERATION_TABS;
  try {
    const { tabs, activeTabIndex } = JSON.parse(localStorage.getItem(STORED_TABS) ?? '') as StoredTabs;
    const open = tabs[activeTabIndex];
    return open ? { query: open.query ?? '', variables: open.variables ?? '' } : first;
  } catch {
    return first;
  }
}

interface StoredTabs {
  readonly tabs: readonly { readonly query: string | null; readonly variables: string | null }[];
  readonly activeTabIndex: number;
}

function isCreate(file: string): boolean {
  return file.includes('/create-');
}

function variablesOf(query: string): string {
  const used: string[] = [];
  visit(parse(query), { [Kind.VARIABLE_DEFINITION]: ({ variable }) => void used.push(variable.name.value) });
  const known: Readonly<Record<string, unknown>> = values;
  return JSON.stringify(
    Object.fromEntries(used.flatMap((name) => (name in known ? [[name, known[name]]] : []))),
    null,
    2,
  );
}
