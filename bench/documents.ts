import type { Connection } from '../src/proton/connection';
import { connectionArn } from '../src/proton/identifiers';
import type { Random } from './random';

/** The fields that Proton's lists contain. */
const LIST_FIELDS = [
  'id',
  'arn',
  'status',
  'environmentName',
  'managementAccountId',
  'environmentAccountId',
  'roleArn',
  'requestedAt',
  'lastModifiedAt',
] as const;

/** How much of each connection a document selects: the fields that Proton's lists contain, or those that a user interface shows. */
export type Selection = 'list' | 'all';

const TAGS = '  tags {\n    key\n    value\n  }\n';
const fieldsOf = (selection: Selection) =>
  `\n${LIST_FIELDS.map((field) => `  ${field}\n`).join('')}${selection === 'all' ? TAGS : ''}`;

export const entityOf = (selection: Selection) => `query Connection($id: ID!) {
  environmentAccountConnection(id: $id) {${fieldsOf(selection)}}
}`;

export const listOf = (
  selection: Selection,
) => `query Connections($first: Int!, $after: String, $filter: EnvironmentAccountConnectionFilter) {
  environmentAccountConnections(first: $first, after: $after, filter: $filter) {
    nodes {${fieldsOf(selection)}}
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}`;

/** The query that a gateway sends. */
export const entitiesOf = (selection: Selection) => `query ($representations: [_Any!]!) {
  _entities(representations: $representations) {
    ... on EnvironmentAccountConnection {${fieldsOf(selection)}}
  }
}`;

/** A client's query to a gateway: the first subgraph knows the services, this one their connections. */
export const SERVICES = `query Services($ids: [ID!]!) {
  services(ids: $ids) {
    id
    connection {${fieldsOf('all')}}
  }
}`;

export const CREATE = `mutation Create($input: CreateEnvironmentAccountConnectionInput!) {
  createEnvironmentAccountConnection(input: $input) {
    success
    data {${fieldsOf('all')}}
    error {
      code
      message
    }
  }
}`;

type Values = Readonly<Record<(typeof LIST_FIELDS)[number] | 'tags', unknown>>;

/** The values of the fields, in the order in which the documents select them. */
function valuesOf(connection: Connection): Values {
  const { id, status, environmentName, managementAccountId, environmentAccountId, roleArn, tags } =
    connection;
  return {
    id,
    arn: connectionArn(connection),
    status,
    environmentName,
    managementAccountId,
    environmentAccountId,
    roleArn,
    requestedAt: new Date(connection.requestedAt).toISOString(),
    lastModifiedAt: new Date(connection.lastModifiedAt).toISOString(),
    tags,
  };
}

/** A connection in a correct response. */
export function jsonOf(connection: Connection, selection: Selection): string {
  const { tags, ...listed } = valuesOf(connection);
  return JSON.stringify(selection === 'all' ? { ...listed, tags } : listed);
}

/** A document that no server has seen before, and the data of a correct response to it. */
export interface RandomDocument {
  readonly query: string;
  readonly data: string;
}

/**
 * The document of `entity` with other aliases, its fields in another order, and some of them in a fragment.
 * @param serial a different one for each document
 */
export function randomDocument(connection: Connection, serial: number, random: Random): RandomDocument {
  const alias = (name: string) => `${name}_${serial.toString(36)}_${random.below(36 ** 3).toString(36)}`;
  const [root, fragment, key, value] = [alias('connection'), alias('Part'), alias('key'), alias('value')];
  const fields = random.shuffle(Object.entries(valuesOf(connection))).map(([field, fieldValue]) => {
    const name = alias(field);
    return field === 'tags'
      ? {
          text: `${name}: tags { ${key}: key ${value}: value }`,
          entry: [name, connection.tags.map((tag) => ({ [key]: tag.key, [value]: tag.value }))] as const,
        }
      : { text: `${name}: ${field}`, entry: [name, fieldValue] as const };
  });
  const texts = fields.map(({ text }) => text);
  const from = random.below(texts.length - 1);
  const to = from + 1 + random.below(texts.length - from);
  const query = `query Connection($id: ID!) {
  ${root}: environmentAccountConnection(id: $id) {
    ${[...texts.slice(0, from), `...${fragment}`, ...texts.slice(to)].join('\n    ')}
  }
}

fragment ${fragment} on EnvironmentAccountConnection {
  ${texts.slice(from, to).join('\n  ')}
}`;
  return { query, data: JSON.stringify({ [root]: Object.fromEntries(fields.map(({ entry }) => entry)) }) };
}
