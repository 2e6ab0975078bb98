import fc from 'fast-check';
import { execute, getOperationAST, parse, validate } from 'graphql';

import { amountIn } from '../../../src/graphql/limits/cost-expression';
import { cachedCosts } from '../../../src/graphql/limits/check-cost';
import { unrestrictedViewer } from '../../../src/proton/viewer';
import { createContext } from '../../../src/subgraph/context';
import { buildSubgraph } from '../../../src/subgraph/schema';
import { createControlPlane, type ControlPlane } from '../../support/proton';

const { schema } = buildSubgraph();
const costOf = cachedCosts(schema);

/** What a request may give a variable: a value, or nothing at all. */
interface Given {
  readonly value?: unknown;
}

const given = (...values: readonly unknown[]): fc.Arbitrary<Given> =>
  fc.constantFrom<Given>({}, ...values.map((value) => ({ value })));

interface Variable {
  readonly name: string;
  readonly type: string;
  /** As it is written. */
  readonly otherwise: string;
  readonly given: Given;
}

interface Request {
  readonly document: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** A query of this selection, with those of the variables that it uses. */
function requestOf(selection: string, variables: readonly Variable[]): Request {
  const used = variables.filter(({ name }) => selection.includes(name));
  const definitions = used.map(({ name, type, otherwise }) => `${name}: ${type} ${otherwise}`).join(' ');
  return {
    document: `query ${definitions && `(${definitions})`} { __typename ${selection} }`,
    variables: Object.fromEntries(
      used.flatMap((one) => ('value' in one.given ? [[one.name.slice(1), one.given.value]] : [])),
    ),
  };
}

const size: fc.Arbitrary<Variable> = fc.record({
  name: fc.constant('$size'),
  type: fc.constantFrom('Int', 'Int!'),
  otherwise: fc.constantFrom('', '= null', '= 0', '= 1', '= 7', '= 100', '= 101'),
  given: given(null, 0, 1, 55, 100, 101, -1, '5', 2.5, 5e9, true, [3], {}),
});

const whether: fc.Arbitrary<Variable> = fc.record({
  name: fc.constant('$whether'),
  type: fc.constantFrom('Boolean', 'Boolean!'),
  otherwise: fc.constantFrom('', '= true', '= false', '= null'),
  given: given(null, true, false, 'true', 0),
});

const field = fc
  .tuple(
    fc.constantFrom('', '(first: null)', '(first: 3)', '(first: 0)', '(first: 101)', '(first: $size)'),
    fc.constantFrom(
      '',
      '@skip(if: $whether)',
      '@include(if: $whether)',
      '@skip(if: true)',
      '@include(if: true)',
    ),
  )
  .map(([size, presence]) => `environmentAccountConnections${size} ${presence} { nodes { id } }`);

const account = '{ __typename: "AwsAccount", id: "111111111111" }';
const asValue = { __typename: 'AwsAccount', id: '111111111111' };

const list: fc.Arbitrary<Variable> = fc.record({
  name: fc.constant('$list'),
  type: fc.constantFrom('[_Any!]', '[_Any!]!'),
  otherwise: fc.constantFrom(
    '',
    '= null',
    '= []',
    `= [${account}]`,
    `= [${account}, ${account}]`,
    `= ${account}`,
  ),
  given: given(null, [], [asValue, asValue, asValue], asValue, [null], 5),
});

const one: fc.Arbitrary<Variable> = fc.record({
  name: fc.constant('$one'),
  type: fc.constantFrom('_Any', '_Any!'),
  otherwise: fc.constantFrom('', `= ${account}`, '= null'),
  given: given(asValue, null),
});

const entities = fc
  .constantFrom(
    '$list',
    '[]',
    `[${account}, ${account}]`,
    account,
    '[$one, $one]',
    `[${account}, $one]`,
    'null',
  )
  .map((representations) => `_entities(representations: ${representations}) { __typename }`);

describe('What the limits judge a request by', () => {
  let plane: ControlPlane;

  beforeAll(() => {
    plane = createControlPlane();
  });

  afterAll(() => plane.store.close());

  /** What is judged, beside what the resolvers are asked for. */
  async function judgedAndDone({ document, variables }: Request) {
    const parsed = parse(document);
    fc.pre(validate(schema, parsed).length === 0);
    const operation = getOperationAST(parsed);
    if (!operation) throw new Error(`no operation in ${document}`);
    const costed = costOf(parsed, operation);

    const pages: number[] = [];
    const context = createContext(plane.service, unrestrictedViewer('someone'), () => undefined);
    const { connectionPage } = context.loaders;
    const { data } = await execute({
      schema,
      document: parsed,
      variableValues: variables,
      contextValue: {
        ...context,
        loaders: {
          ...context.loaders,
          connectionPage: {
            load(request: Parameters<typeof connectionPage.load>[0]) {
              pages.push(request.first ?? 20);
              return connectionPage.load(request);
            },
          },
        },
      },
    });
    return {
      cost: amountIn(costed.cost, variables),
      representations: amountIn(costed.representations, variables),
      // Undefined where the variables were refused, null where an argument was.
      executed: data !== undefined && data !== null,
      pages,
      entities: Array.isArray(data?.['_entities']) ? data['_entities'].length : 0,
    };
  }

  it('is the page size that a resolver gets, whatever it is written as', async () => {
    await fc.assert(
      fc.asyncProperty(size, whether, field, field, async (size, whether, first, second) => {
        const selection = `a: ${first} b: ${second}`;
        const { cost, pages, executed } = await judgedAndDone(requestOf(selection, [size, whether]));
        const read = pages.map((length) => 1 + (length >= 1 && length <= 100 ? length : 0));
        const done = read.reduce((sum, one) => sum + one, 0);
        expect(cost).toBeGreaterThanOrEqual(done);
        if (executed) expect(cost).toBe(done);
      }),
      { numRuns: 600 },
    );
  });

  it('is the number of representations that a resolver gets, written or not', async () => {
    await fc.assert(
      fc.asyncProperty(list, one, entities, async (list, one, selection) => {
        const {
          representations,
          entities: done,
          executed,
        } = await judgedAndDone(requestOf(selection, [list, one]));
        expect(representations).toBeGreaterThanOrEqual(done);
        if (executed) expect(representations).toBe(done);
      }),
      { numRuns: 400 },
    );
  });
});
