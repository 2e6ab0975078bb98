import type { ComparisonName } from './candidates';

/** A request that is sent to every candidate. */
export interface Case {
  readonly name: CaseName;
  readonly title: string;
  readonly comparison: ComparisonName;
  /** Whether it writes. Then each candidate has its own store; otherwise all share one. */
  readonly writes: boolean;
  /** The number of connections in a correct response. */
  readonly connections: number;
  /**
   * The body of a request.
   * @param serial a different number for each request; used by cases whose requests must differ
   */
  readonly bodyOf: (serial: number) => string;
}

export const CASE_NAMES = [
  'entity',
  'list-100',
  'entities-100',
  'entities-1000',
  'create',
  'adapter-entity',
  'adapter-list-100',
  'adapter-entities-100',
  'adapter-tags-20',
] as const;
export type CaseName = (typeof CASE_NAMES)[number];

/** The fields that Proton's lists contain. */
const LIST_FIELDS = `
  id
  arn
  status
  environmentName
  managementAccountId
  environmentAccountId
  roleArn
  requestedAt
  lastModifiedAt
`;

/** The fields that a user interface shows. */
const ALL_FIELDS = `${LIST_FIELDS}
  tags {
    key
    value
  }
`;

const entityOf = (fields: string) => `query Connection($id: ID!) {
  environmentAccountConnection(id: $id) {${fields}}
}`;

const listOf = (fields: string) => `query Connections($first: Int!) {
  environmentAccountConnections(first: $first) {
    nodes {${fields}}
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}`;

/** The query that a gateway sends. */
const entitiesOf = (fields: string) => `query ($representations: [_Any!]!) {
  _entities(representations: $representations) {
    ... on EnvironmentAccountConnection {${fields}}
  }
}`;

const CREATE = `mutation Create($input: CreateEnvironmentAccountConnectionInput!) {
  createEnvironmentAccountConnection(input: $input) {
    success
    data {${ALL_FIELDS}}
    error {
      code
      message
    }
  }
}`;

/** @param ids the ids of the connections in the store, oldest first */
export function casesOver(ids: readonly string[]): Readonly<Record<CaseName, Case>> {
  const one = { id: spread(ids, 2)[1] };
  const references = (count: number) => ({
    representations: spread(ids, count).map((id) => ({ __typename: 'EnvironmentAccountConnection', id })),
  });
  return {
    entity: reading('entity', 'A single connection', 1, entityOf(ALL_FIELDS), one),
    'list-100': reading('list-100', 'A page of 100', 100, listOf(ALL_FIELDS), { first: 100 }),
    'entities-100': reading(
      'entities-100',
      '`_entities` of 100',
      100,
      entitiesOf(ALL_FIELDS),
      references(100),
    ),
    'entities-1000': reading(
      'entities-1000',
      '`_entities` of 1,000',
      1_000,
      entitiesOf(ALL_FIELDS),
      references(1_000),
    ),
    'adapter-entity': readingOverAdapters(
      'adapter-entity',
      'A single connection',
      1,
      entityOf(LIST_FIELDS),
      one,
    ),
    'adapter-list-100': readingOverAdapters('adapter-list-100', 'A page of 100', 100, listOf(LIST_FIELDS), {
      first: 100,
    }),
    'adapter-entities-100': readingOverAdapters(
      'adapter-entities-100',
      '`_entities` of 100',
      100,
      entitiesOf(LIST_FIELDS),
      references(100),
    ),
    'adapter-tags-20': readingOverAdapters(
      'adapter-tags-20',
      'A page of 20 with tags',
      20,
      listOf(ALL_FIELDS),
      {
        first: 20,
      },
    ),
    create: {
      name: 'create',
      title: 'Create, durably',
      comparison: 'servers',
      writes: true,
      connections: 1,
      bodyOf: (serial) => JSON.stringify({ query: CREATE, variables: { input: newConnection(serial) } }),
    },
  };
}

function reading(name: CaseName, title: string, connections: number, query: string, variables: object): Case {
  const body = JSON.stringify({ query, variables });
  return { name, title, comparison: 'servers', writes: false, connections, bodyOf: () => body };
}

/** A read that is part of the comparison of adapters. */
function readingOverAdapters(...parts: Parameters<typeof reading>): Case {
  return { ...reading(...parts), comparison: 'adapters' };
}

/** Selects `count` ids at equal distances. */
function spread(ids: readonly string[], count: number): readonly string[] {
  const step = Math.floor(ids.length / count);
  return ids.filter((_, index) => index % step === 0).slice(0, count);
}

/** New connections per environment account. Realistic, and far below the quota. */
const CREATED_PER_ACCOUNT = 20;

/** The input of a new connection: different for each serial, and different from those in the filled store. */
function newConnection(serial: number) {
  const environmentAccountId = String(300_000_000_000 + Math.floor(serial / CREATED_PER_ACCOUNT));
  return {
    managementAccountId: '100000000000',
    environmentAccountId,
    environmentName: `created-${String(serial)}`,
    roleArn: `arn:aws:iam::${environmentAccountId}:role/proton-provisioning`,
    tags: [{ key: 'team', value: 'payments' }],
  };
}
