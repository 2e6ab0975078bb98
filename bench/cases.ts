import type { Connection, ConnectionStatus } from '../src/proton/connection';
import { connectionCursors, normalizeSelection, type ConnectionFilter } from '../src/proton/page';
import {
  POSTGRES_TWO_REPLICAS,
  POSTGRES_UNGROUPED,
  type CandidateName,
  type ComparisonName,
} from './candidates';
import {
  CREATE,
  entitiesOf,
  entityOf,
  jsonOf,
  listOf,
  randomDocument,
  SERVICES,
  type Selection,
} from './documents';
import { randomFrom, type Random } from './random';
import { connectionsOf, MANAGEMENT_ACCOUNTS } from './rows';

/** A request, and the response that is correct. */
export interface Exchange {
  readonly body: string;
  /** The text of the response's `data`. */
  readonly data: string;
  /** Whether ids and times in the response differ each time: `data` then has `ID` and `TIME` in their places. */
  readonly generates: boolean;
}

/** The requests that one candidate gets, one after the other. */
export type Traffic = () => Exchange;

/** What is sent to every candidate of a comparison. */
export interface Case {
  readonly name: CaseName;
  readonly title: string;
  readonly comparison: ComparisonName;
  readonly store: StoreName;
  /** Whether it writes. Then each candidate has its own store; otherwise all share one. */
  readonly writes: boolean;
  /** Whether all requests get the same response, but for ids and times. */
  readonly constant: boolean;
  /** Candidates of the comparison that would show nothing. */
  readonly without?: readonly CandidateName[];
  /** Requests in flight at a time, where the number belongs to the case. */
  readonly connections?: number;
  /** Starts the requests for one candidate. Each candidate gets the same ones. */
  readonly traffic: (rows: Rows) => Traffic;
}

/** The connections of a filled store, oldest first, and their texts in responses. */
export interface Rows {
  readonly connections: readonly Connection[];
  readonly texts: Readonly<Record<Selection, readonly string[]>>;
}

/** The rows in each store. A random id of the large one is seldom in a cache. */
export const STORES = { small: 10_000, large: 100_000 } as const;
export type StoreName = keyof typeof STORES;

export const CASE_NAMES = [
  'entity',
  'list-100',
  'entities-100',
  'entities-1000',
  'create',
  'create-64',
  'random-documents',
  'entity-random',
  'list-random',
  'entities-100-random',
  'entities-1000-random',
  'gateway-entity',
  'gateway-entities-100',
  'start',
  'adapter-entity',
  'adapter-list-100',
  'adapter-entities-100',
  'adapter-tags-20',
  'postgres-entity',
  'postgres-list-100',
  'postgres-entities-100',
  'postgres-create-1',
  'postgres-create',
  'postgres-create-64',
] as const;
export type CaseName = (typeof CASE_NAMES)[number];

/** One of so many requests of a mixed case creates a connection: 5 %. */
const CREATE_EVERY = 20;

export const CASES: Readonly<Record<CaseName, Case>> = {
  entity: repeating('entity', 'A single connection', (rows) => entity(rows, middleOf(rows), 'all')),
  'list-100': repeating('list-100', 'A page of 100', (rows) => firstPage(rows, 100, 'all')),
  'entities-100': repeating('entities-100', '`_entities` of 100', (rows) =>
    entities(rows, spread(rows, 100), 'all'),
  ),
  'entities-1000': repeating('entities-1000', '`_entities` of 1,000', (rows) =>
    entities(rows, spread(rows, 1_000), 'all'),
  ),
  create: creating('create', 'Create, durably'),
  'create-64': { ...creating('create-64', 'Create, durably, from 64 clients'), connections: 64 },
  'random-documents': {
    name: 'random-documents',
    title: 'A single connection, each time by a new document',
    comparison: 'servers',
    store: 'small',
    writes: false,
    constant: false,
    traffic(rows) {
      const random = randomFrom(2);
      const connection = connectionAt(rows, middleOf(rows));
      return numbered((serial) => {
        const { query, data } = randomDocument(connection, serial, random);
        return reading({ query, variables: { id: connection.id } }, data);
      });
    },
  },
  'entity-random': mixed('entity-random', 'A random connection, 5 % creates', (rows, random) =>
    entity(rows, random.below(rows.connections.length), 'all'),
  ),
  'list-random': mixed('list-random', 'A random page of 100, 5 % creates', randomPage),
  'entities-100-random': mixed(
    'entities-100-random',
    '`_entities` of 100 random ids, 5 % creates',
    (rows, random) => entities(rows, randomIndexes(rows, 100, random), 'all'),
  ),
  'entities-1000-random': mixed(
    'entities-1000-random',
    '`_entities` of 1,000 random ids, 5 % creates',
    (rows, random) => entities(rows, randomIndexes(rows, 1_000, random), 'all'),
  ),
  'gateway-entity': throughGateway('gateway-entity', 'A service and its connection', 1),
  'gateway-entities-100': throughGateway('gateway-entities-100', '100 services and their connections', 100),
  start: {
    name: 'start',
    title: 'Start and memory',
    comparison: 'starts',
    store: 'large',
    writes: false,
    constant: false,
    traffic(rows) {
      const random = randomFrom(3);
      return () => entity(rows, random.below(rows.connections.length), 'all');
    },
  },
  'adapter-entity': overAdapters('adapter-entity', 'A single connection', (rows) =>
    entity(rows, middleOf(rows), 'list'),
  ),
  'adapter-list-100': overAdapters('adapter-list-100', 'A page of 100', (rows) =>
    firstPage(rows, 100, 'list'),
  ),
  'adapter-entities-100': overAdapters('adapter-entities-100', '`_entities` of 100', (rows) =>
    entities(rows, spread(rows, 100), 'list'),
  ),
  'adapter-tags-20': overAdapters('adapter-tags-20', 'A page of 20 with tags', (rows) =>
    firstPage(rows, 20, 'all'),
  ),
  'postgres-entity': onPostgres('postgres-entity', 'A single connection', (rows) =>
    entity(rows, middleOf(rows), 'all'),
  ),
  'postgres-list-100': onPostgres('postgres-list-100', 'A page of 100', (rows) =>
    firstPage(rows, 100, 'all'),
  ),
  'postgres-entities-100': onPostgres('postgres-entities-100', '`_entities` of 100', (rows) =>
    entities(rows, spread(rows, 100), 'all'),
  ),
  'postgres-create-1': {
    ...creating('postgres-create-1', 'Create, durably, from one client'),
    comparison: 'postgres',
    connections: 1,
    without: [POSTGRES_TWO_REPLICAS],
  },
  'postgres-create': { ...creating('postgres-create', 'Create, durably'), comparison: 'postgres' },
  'postgres-create-64': {
    ...creating('postgres-create-64', 'Create, durably, from 64 clients'),
    comparison: 'postgres',
    connections: 64,
  },
};

/** @param count see {@link connectionsOf} */
export function rowsOf(count: number): Rows {
  const connections = connectionsOf(count);
  return {
    connections,
    texts: {
      all: connections.map((connection) => jsonOf(connection, 'all')),
      list: connections.map((connection) => jsonOf(connection, 'list')),
    },
  };
}

/** A read that is the same each time. */
function repeating(name: CaseName, title: string, exchangeOf: (rows: Rows) => Exchange): Case {
  return {
    name,
    title,
    comparison: 'servers',
    store: 'small',
    writes: false,
    constant: true,
    traffic(rows) {
      const exchange = exchangeOf(rows);
      return () => exchange;
    },
  };
}

/** The same as part of the comparison of adapters. */
function overAdapters(...parts: Parameters<typeof repeating>): Case {
  return { ...repeating(...parts), comparison: 'adapters' };
}

/** The same over the stores. */
function onPostgres(...parts: Parameters<typeof repeating>): Case {
  return { ...repeating(...parts), comparison: 'postgres', without: [POSTGRES_UNGROUPED] };
}

/** A new connection with each request. */
function creating(name: CaseName, title: string): Case {
  return {
    name,
    title,
    comparison: 'servers',
    store: 'small',
    writes: true,
    constant: true,
    traffic: () => numbered((serial) => create(name, serial)),
  };
}

/** Random reads in the large store, with creates in between. The creates do not change what the reads return. */
function mixed(name: CaseName, title: string, read: (rows: Rows, random: Random) => Exchange): Case {
  return {
    name,
    title,
    comparison: 'servers',
    store: 'large',
    writes: true,
    constant: false,
    traffic(rows) {
      const random = randomFrom(4);
      return numbered((serial) => (serial % CREATE_EVERY === 1 ? create(name, serial) : read(rows, random)));
    },
  };
}

/** A query through a gateway, for random connections: a gateway shares one call among equal requests. */
function throughGateway(name: CaseName, title: string, count: number): Case {
  return {
    name,
    title,
    comparison: 'gateways',
    store: 'small',
    writes: false,
    constant: false,
    traffic(rows) {
      const random = randomFrom(5);
      return () => {
        const indexes = randomIndexes(rows, count, random);
        const ids = indexes.map((index) => connectionAt(rows, index).id);
        const services = indexes.map(
          (index) => `{"id":"${connectionAt(rows, index).id}","connection":${textAt(rows, index, 'all')}}`,
        );
        return reading({ query: SERVICES, variables: { ids } }, `{"services":[${services.join(',')}]}`);
      };
    },
  };
}

function numbered(exchangeOf: (serial: number) => Exchange): Traffic {
  let serial = 0;
  return () => {
    const exchange = exchangeOf(serial);
    serial += 1;
    return exchange;
  };
}

function reading(request: object, data: string): Exchange {
  return { body: JSON.stringify(request), data, generates: false };
}

function entity(rows: Rows, index: number, selection: Selection): Exchange {
  return reading(
    { query: entityOf(selection), variables: { id: connectionAt(rows, index).id } },
    `{"environmentAccountConnection":${textAt(rows, index, selection)}}`,
  );
}

function entities(rows: Rows, indexes: readonly number[], selection: Selection): Exchange {
  const representations = indexes.map((index) => ({
    __typename: 'EnvironmentAccountConnection',
    id: connectionAt(rows, index).id,
  }));
  return reading(
    { query: entitiesOf(selection), variables: { representations } },
    `{"_entities":[${indexes.map((index) => textAt(rows, index, selection)).join(',')}]}`,
  );
}

/** A page of a list that contains the connections at `indexes`, newest first. It starts at the list's item `from`. */
function page(
  rows: Rows,
  {
    indexes,
    filter,
    from,
    first,
    selection,
  }: {
    readonly indexes: readonly number[];
    readonly filter?: ConnectionFilter;
    readonly from: number;
    readonly first: number;
    readonly selection: Selection;
  },
): Exchange {
  const items = indexes.slice(from, from + first);
  const cursors = connectionCursors(normalizeSelection({ filter }));
  const cursorAt = (index: number | undefined) =>
    index === undefined ? undefined : cursors.write(connectionAt(rows, index));
  const pageInfo = { hasNextPage: from + first < indexes.length, endCursor: cursorAt(items.at(-1)) };
  return reading(
    {
      query: listOf(selection),
      variables: { first, after: from === 0 ? undefined : cursorAt(indexes[from - 1]), filter },
    },
    `{"environmentAccountConnections":{"nodes":[${items.map((index) => textAt(rows, index, selection)).join(',')}],` +
      `"pageInfo":${JSON.stringify(pageInfo)}}}`,
  );
}

function firstPage(rows: Rows, first: number, selection: Selection): Exchange {
  return page(rows, { indexes: listed(rows, {}), from: 0, first, selection });
}

/** Lists that users look at: all connections, those of one management account, or those of one status. */
const FILTERS: readonly ConnectionFilter[] = [
  {},
  ...MANAGEMENT_ACCOUNTS.map((managementAccountId) => ({ managementAccountId })),
  ...(['PENDING', 'CONNECTED'] satisfies ConnectionStatus[]).map((status) => ({ statuses: [status] })),
];

/** A full page at a random place of a random list. Never the first page, where new connections are. */
function randomPage(rows: Rows, random: Random): Exchange {
  const first = 100;
  const filter = random.pick(FILTERS);
  const indexes = listed(rows, filter);
  const from = 1 + random.below(indexes.length - first);
  return page(rows, { indexes, filter, from, first, selection: 'all' });
}

const lists = new WeakMap<Rows, Map<ConnectionFilter, readonly number[]>>();

/** The connections that a filter selects, newest first. Kept for the next page. */
function listed(rows: Rows, filter: ConnectionFilter): readonly number[] {
  const known = lists.get(rows) ?? new Map<ConnectionFilter, readonly number[]>();
  lists.set(rows, known);
  const { managementAccountId, statuses } = filter;
  const indexes =
    known.get(filter) ??
    rows.connections
      .flatMap((connection, index) =>
        (managementAccountId === undefined || connection.managementAccountId === managementAccountId) &&
        (!statuses || statuses.includes(connection.status))
          ? [index]
          : [],
      )
      .reverse();
  known.set(filter, indexes);
  return indexes;
}

function connectionAt({ connections }: Rows, index: number): Connection {
  const connection = connections[index];
  if (!connection) throw new RangeError(`there is no connection ${String(index)}`);
  return connection;
}

function textAt({ texts }: Rows, index: number, selection: Selection): string {
  return texts[selection][index] ?? '';
}

function middleOf({ connections }: Rows): number {
  return Math.floor(connections.length / 2);
}

/** `count` indexes at equal distances. */
function spread({ connections }: Rows, count: number): readonly number[] {
  const step = Math.floor(connections.length / count);
  return Array.from({ length: count }, (_, position) => position * step);
}

function randomIndexes({ connections }: Rows, count: number, random: Random): readonly number[] {
  return Array.from({ length: count }, () => random.below(connections.length));
}

/** New connections per environment account. Realistic, and far below the quota. */
const CREATED_PER_ACCOUNT = 20;

/** Creates a connection that differs from every other one: from those in the filled store, and from those of other cases. */
function create(name: CaseName, serial: number): Exchange {
  const environmentAccountId = String(300_000_000_000 + Math.floor(serial / CREATED_PER_ACCOUNT));
  const input = {
    managementAccountId: '100000000000',
    environmentAccountId,
    environmentName: `${name}-${String(serial)}`,
    roleArn: `arn:aws:iam::${environmentAccountId}:role/proton-provisioning`,
    tags: [{ key: 'team', value: 'payments' }],
  };
  const data = {
    id: 'ID',
    arn: `arn:aws:proton:us-east-1:${environmentAccountId}:environment-account-connection/ID`,
    status: 'PENDING',
    environmentName: input.environmentName,
    managementAccountId: input.managementAccountId,
    environmentAccountId,
    roleArn: input.roleArn,
    requestedAt: 'TIME',
    lastModifiedAt: 'TIME',
    tags: input.tags,
  };
  return {
    body: JSON.stringify({ query: CREATE, variables: { input } }),
    data: JSON.stringify({ createEnvironmentAccountConnection: { success: true, data, error: null } }),
    generates: true,
  };
}
