import fc from 'fast-check';
import { getNamedType, isLeafType, isObjectType } from 'graphql';

import { buildSubgraph } from '../../src/subgraph/schema';
import { createConnections, type CreatedConnection } from '../federation/created-connections';
import { startApp, type RunningApp } from '../support/app';
import { request } from '../support/graphql-client';
import { ENVIRONMENT, MANAGEMENT } from '../support/proton';

const TYPE = 'EnvironmentAccountConnection';
const TAGS = [
  { key: 'team', value: 'a' },
  { key: 'stage', value: 'b' },
];

/** All fields of a connection that are answered by a scalar or an enum. */
function plainFields(): string[] {
  const type = buildSubgraph().schema.getType(TYPE);
  if (!isObjectType(type)) throw new Error(`there is no type ${TYPE}`);
  return Object.values(type.getFields())
    .filter((field) => isLeafType(getNamedType(field.type)))
    .map(({ name }) => name);
}

const documentOf = (selection: readonly string[]) =>
  `query ($representations: [_Any!]!) { _entities(representations: $representations) { __typename ... on ${TYPE} { ${selection.join(' ')} } } }`;

describe('An _entities request with the default limits', () => {
  let app: RunningApp;
  let created: readonly CreatedConnection[];

  beforeAll(async () => {
    app = await startApp();
    created = await createConnections(
      app.url,
      ['a', 'b', 'c'].map((environmentName) => ({
        managementAccountId: MANAGEMENT,
        environmentAccountId: ENVIRONMENT,
        environmentName,
        tags: TAGS,
      })),
    );
  });

  afterAll(() => app.stop());

  function representations(count: number, key: 'id' | 'arn') {
    return Array.from({ length: count }, (_, index) => ({
      __typename: TYPE,
      [key]: created[index % created.length]?.[key],
    }));
  }

  it('for up to a thousand connections may select every plain field, the tags and both accounts', async () => {
    const selections = fc.uniqueArray(
      fc.constantFrom(
        ...plainFields(),
        'tags { key value }',
        'managementAccount { id }',
        'environmentAccount { id }',
      ),
      { minLength: 1 },
    );
    const counts = fc.oneof({ weight: 3, arbitrary: fc.constant(1_000) }, fc.integer({ min: 1, max: 1_000 }));
    const all = [
      ...plainFields(),
      'tags { key value }',
      'managementAccount { id }',
      'environmentAccount { id }',
    ];
    await fc.assert(
      fc.asyncProperty(selections, counts, fc.constantFrom('id', 'arn'), async (selection, count, key) => {
        const { data, errors } = await request(app.url, documentOf(selection), {
          representations: representations(count, key),
        });
        expect(errors).toBeUndefined();
        const entities = data?.['_entities'] as { readonly tags?: unknown }[];
        expect(entities).toHaveLength(count);
        const withTags = entities.filter(({ tags }) => tags !== undefined);
        expect(withTags).toHaveLength(selection.includes('tags { key value }') ? count : 0);
        for (const { tags } of withTags) expect(tags).toEqual(TAGS);
      }),
      { numRuns: 10, examples: [[all, 1_000, 'id']] },
    );
  });

  it.each([
    'history { nodes { id } }',
    'managementAccount { environmentAccountConnections { nodes { id } } }',
    'environmentAccount { environmentAccountConnections { nodes { id } } }',
  ])('for a thousand connections may not select a list of each: %s', async (selection) => {
    const { data, errors } = await request(app.url, documentOf([selection]), {
      representations: representations(1_000, 'id'),
    });
    expect(data).toBeUndefined();
    expect(errors).toMatchObject([{ extensions: { code: 'TOO_EXPENSIVE' } }]);
  });
});
