import { setImmediate as nextTurn } from 'node:timers/promises';

import { graphql } from 'graphql';

import { unrestrictedViewer, type Viewer } from '../../src/proton/viewer';
import { createContext } from '../../src/subgraph/context';
import { buildSubgraph } from '../../src/subgraph/schema';
import { createControlPlane, ENVIRONMENT, MANAGEMENT } from '../support/proton';
import { reader } from '../support/reader';

const { schema } = buildSubgraph();
const CONNECTIONS = 50;

const { service, store } = createControlPlane({ quota: CONNECTIONS });
const everyone = unrestrictedViewer('someone');

beforeAll(async () => {
  const session = service.session(everyone);
  for (let index = 0; index < CONNECTIONS; index += 1) {
    await session.createConnection({
      managementAccountId: MANAGEMENT,
      environmentAccountId: ENVIRONMENT,
      environmentName: `environment-${String(index)}`,
    });
  }
});

afterAll(() => store.close());

/** Executes a query, and counts the turns of the event loop that it takes. */
async function turnsOf(source: string, viewer: Viewer = everyone): Promise<number> {
  const state = { isDone: false };
  const executed = graphql({
    schema,
    source,
    contextValue: createContext(service, viewer, (fault) => {
      throw fault;
    }),
  }).finally(() => {
    state.isDone = true;
  });
  let turns = 0;
  while (!state.isDone) {
    await nextTurn();
    turns += 1;
  }
  expect((await executed).errors).toBeUndefined();
  return turns;
}

const ACCOUNTS_OF_EACH = `{
  environmentAccountConnections(first: 50) {
    nodes { managementAccount { environmentAccountConnections(first: 50) { nodes { id } } } }
  }
}`;

it('resolves thousands of objects in many turns of the event loop, so that other requests are answered in between', async () => {
  expect(await turnsOf(ACCOUNTS_OF_EACH)).toBeGreaterThanOrEqual((CONNECTIONS * CONNECTIONS) / 100);
});

it('resolves a page in one turn', async () => {
  expect(await turnsOf('{ environmentAccountConnections(first: 50) { nodes { id } } }')).toBe(1);
});

it('resolves thousands of entities in many turns', async () => {
  const pages = await service.session(everyone).listConnections([{ first: 50 }]);
  const [page] = pages;
  if (!page || page instanceof Error) throw new Error('the list failed');
  const aliases = Array.from(
    { length: 40 },
    (_, alias) =>
      `a${String(alias)}: _entities(representations: [${page.items
        .map(({ id }) => `{ __typename: "EnvironmentAccountConnection", id: "${id}" }`)
        .join()}]) { __typename }`,
  );
  expect(await turnsOf(`{ ${aliases.join(' ')} }`)).toBeGreaterThanOrEqual(10);
});

it('resolves thousands of readable accounts in many turns', async () => {
  const ids = Array.from({ length: 100 }, (_, index) => String(300_000_000_000 + index));
  const aliases = Array.from(
    { length: 29 },
    (_, alias) => `a${String(alias)}: readableAccounts(first: 100) { nodes { id } edges { node { id } } }`,
  );
  const source = `{ environmentAccountConnectionViewer { ${aliases.join(' ')} } }`;
  expect(await turnsOf(source, reader(...ids))).toBeGreaterThanOrEqual(aliases.length - 1);
});
