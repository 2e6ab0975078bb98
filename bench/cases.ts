import type { ContestName } from './candidates';

/** What is asked of every candidate. */
export interface Case {
  readonly name: CaseName;
  readonly title: string;
  readonly contest: ContestName;
  /** A case that writes gives each candidate a store of its own; the others share one. */
  readonly writes: boolean;
  /** Connections that a right answer shows. */
  readonly connections: number;
  /**
   * The body of a request.
   * @param serial makes each request different where no two may be equal
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

/** What a list of connections carries on the wire as well. */
const PLAIN = `
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

/** What a frontend shows of a connection. */
const SHOWN = `${PLAIN}
  tags {
    key
    value
  }
`;

const entityOf = (shown: string) => `query Connection($id: ID!) {
  environmentAccountConnection(id: $id) {${shown}}
}`;

const listOf = (shown: string) => `query Connections($first: Int!) {
  environmentAccountConnections(first: $first) {
    nodes {${shown}}
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}`;

/** As a gateway sends it. */
const entitiesOf = (shown: string) => `query ($representations: [_Any!]!) {
  _entities(representations: $representations) {
    ... on EnvironmentAccountConnection {${shown}}
  }
}`;

const CREATE = `mutation Create($input: CreateEnvironmentAccountConnectionInput!) {
  createEnvironmentAccountConnection(input: $input) {
    success
    data {${SHOWN}}
    error {
      code
      message
    }
  }
}`;

/** @param ids of connections in the store, oldest first */
export function casesOver(ids: readonly string[]): Readonly<Record<CaseName, Case>> {
  const one = { id: spread(ids, 2)[1] };
  const references = (count: number) => ({
    representations: spread(ids, count).map((id) => ({ __typename: 'EnvironmentAccountConnection', id })),
  });
  return {
    entity: reading('entity', 'A single connection', 1, entityOf(SHOWN), one),
    'list-100': reading('list-100', 'A page of 100', 100, listOf(SHOWN), { first: 100 }),
    'entities-100': reading('entities-100', '`_entities` of 100', 100, entitiesOf(SHOWN), references(100)),
    'entities-1000': reading(
      'entities-1000',
      '`_entities` of 1,000',
      1_000,
      entitiesOf(SHOWN),
      references(1_000),
    ),
    'adapter-entity': overAdapters('adapter-entity', 'A single connection', 1, entityOf(PLAIN), one),
    'adapter-list-100': overAdapters('adapter-list-100', 'A page of 100', 100, listOf(PLAIN), { first: 100 }),
    'adapter-entities-100': overAdapters(
      'adapter-entities-100',
      '`_entities` of 100',
      100,
      entitiesOf(PLAIN),
      references(100),
    ),
    'adapter-tags-20': overAdapters('adapter-tags-20', 'A page of 20 with tags', 20, listOf(SHOWN), {
      first: 20,
    }),
    create: {
      name: 'create',
      title: 'Create, durably',
      contest: 'servers',
      writes: true,
      connections: 1,
      bodyOf: (serial) => JSON.stringify({ query: CREATE, variables: { input: newConnection(serial) } }),
    },
  };
}

function reading(name: CaseName, title: string, connections: number, query: string, variables: object): Case {
  const body = JSON.stringify({ query, variables });
  return { name, title, contest: 'servers', writes: false, connections, bodyOf: () => body };
}

/** The same over another way to the control plane. */
function overAdapters(...parts: Parameters<typeof reading>): Case {
  return { ...reading(...parts), contest: 'adapters' };
}

/** So many of the ids, evenly over all of them. */
function spread(ids: readonly string[], count: number): readonly string[] {
  const step = Math.floor(ids.length / count);
  return ids.filter((_, index) => index % step === 0).slice(0, count);
}

/** Connections that one environment account asks for: few, as in life, and far below its quota. */
const CREATED_PER_ACCOUNT = 20;

/** No two serials make the same connection, and none makes one that the store was filled with. */
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
