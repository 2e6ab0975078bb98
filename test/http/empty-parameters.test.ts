import { startApp, type RunningApp } from '../support/app';

let app: RunningApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

async function get(search: string): Promise<string> {
  const response = await fetch(`${app.url}?${search}`, { headers: { 'apollo-require-preflight': 'true' } });
  return `${String(response.status)} ${(await response.text()).trim()}`;
}

async function post(body: object): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(app.url, { method: 'POST', headers, body: JSON.stringify(body) });
  return `${String(response.status)} ${(await response.text()).trim()}`;
}

const QUERY = `query=${encodeURIComponent('query Only { __typename }')}`;
const TWO = `query=${encodeURIComponent('query A { a: __typename } query B { b: __typename }')}`;

describe('An empty parameter of a GET request', () => {
  it.each([
    'operationName=',
    'operationName',
    'variables=',
    'variables=null',
    'extensions=',
    'extensions=null',
    'operationName=&variables=&extensions=',
    'operationName=&operationName=Only',
  ])('is ignored: %s', async (parameters) => {
    expect(await get(`${QUERY}&${parameters}`)).toBe('200 {"data":{"__typename":"Query"}}');
    expect(await get(`${parameters}&${QUERY}`)).toBe('200 {"data":{"__typename":"Query"}}');
  });

  it('does not change other parameters', async () => {
    const query = encodeURIComponent(
      'query ($x: Int! = 1) { environmentAccountConnections(first: $x) { totalCount } }',
    );
    const variables = encodeURIComponent('{"x":0}');
    expect(await get(`query=${query}&operationName=&variables=${variables}`)).toMatch(
      /^200 .*BAD_USER_INPUT/,
    );
    expect(await get(`${TWO}&variables=&operationName=B`)).toBe('200 {"data":{"b":"Query"}}');
  });

  it('selects no operation when there are two', async () => {
    expect(await get(`${TWO}&operationName=`)).toBe(await get(TWO));
    expect(await get(TWO)).toMatch(/^400 .*OPERATION_RESOLUTION_FAILURE/);
  });

  it('is an error if the parameter is required or is not JSON', async () => {
    expect(await get('query=')).toMatch(/^400 /);
    expect(await get(`${QUERY}&variables=%20x`)).toMatch(/^400 .*invalid JSON/);
    expect(await get(`${QUERY}&operationName=%20`)).toMatch(/^400 .*OPERATION_RESOLUTION_FAILURE/);
  });
});

describe('A member of a POST body that is null', () => {
  it('is ignored, and so is an empty operation name', async () => {
    const query = 'query Only { __typename }';
    const nothing = { operationName: null, variables: null, extensions: null };
    for (const members of [nothing, { operationName: '' }, { ...nothing, operationName: '' }]) {
      expect(await post({ query, ...members })).toBe('200 {"data":{"__typename":"Query"}}');
    }
    expect(
      await post({ query: 'query A { a: __typename } query B { b: __typename }', operationName: '' }),
    ).toMatch(/^400 .*OPERATION_RESOLUTION_FAILURE/);
  });
});
