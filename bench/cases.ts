/** What is asked of every candidate. */
export interface Case {
  readonly name: CaseName;
  readonly title: string;
  /** A case that writes gives each candidate a store of its own; the others share one. */
  readonly writes: boolean;
  /** Connections that a right answer shows. */
  readonly connections: number;
  /**
   * The body of a request.
   * @param serial tells requests apart where no two may be alike
   */
  readonly bodyOf: (serial: number) => string;
}

export const CASE_NAMES = ['entity', 'list-100', 'entities-100', 'entities-1000', 'create'] as const;
export type CaseName = (typeof CASE_NAMES)[number];

/** What a frontend shows of a connection. */
const SHOWN = `
  id
  arn
  status
  environmentName
  managementAccountId
  environmentAccountId
  roleArn
  requestedAt
  lastModifiedAt
  tags {
    key
    value
  }
`;

const ENTITY = `query Connection($id: ID!) {
  environmentAccountConnection(id: $id) {${SHOWN}}
}`;

const LIST = `query Connections($first: Int!) {
  environmentAccountConnections(first: $first) {
    nodes {${SHOWN}}
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}`;

/** As a gateway sends it. */
const ENTITIES = `query ($representations: [_Any!]!) {
  _entities(representations: $representations) {
    ... on EnvironmentAccountConnection {${SHOWN}}
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
  return {
    entity: reading('entity', 'A single connection', 1, ENTITY, { id: spread(ids, 2)[1] }),
    'list-100': reading('list-100', 'A page of 100', 100, LIST, { first: 100 }),
    'entities-100': entities('entities-100', '`_entities` of 100', ids, 100),
    'entities-1000': entities('entities-1000', '`_entities` of 1,000', ids, 1_000),
    create: {
      name: 'create',
      title: 'Create, durably',
      writes: true,
      connections: 1,
      bodyOf: (serial) => JSON.stringify({ query: CREATE, variables: { input: newConnection(serial) } }),
    },
  };
}

function reading(name: CaseName, title: string, connections: number, query: string, variables: object): Case {
  const body = JSON.stringify({ query, variables });
  return { name, title, writes: false, connections, bodyOf: () => body };
}

function entities(name: CaseName, title: string, ids: readonly string[], count: number): Case {
  const representations = spread(ids, count).map((id) => ({
    __typename: 'EnvironmentAccountConnection',
    id,
  }));
  return reading(name, title, count, ENTITIES, { representations });
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
