import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { getIntrospectionQuery } from 'graphql';

import { startApp } from '../support/app';
import { request } from '../support/graphql-client';
import { PROJECT } from '../support/server-process';

const OPERATIONS = join(PROJECT, 'schema', 'operations');

describe('Outside production', () => {
  it('the landing page is Apollo Sandbox, with every operation and its variables preset', async () => {
    const app = await startApp();
    const response = await fetch(app.url, { headers: { accept: 'text/html' } });
    const page = await response.text();
    await app.stop();
    expect(response.headers.get('content-type')).toMatch(/^text\/html/);
    expect(page).toContain('new window.EmbeddedSandbox(');
    const config = /var embeddedSandboxConfig = (\{.*\});/.exec(page)?.[1] ?? '{}';
    const { initialState } = JSON.parse(config) as { initialState: { document: string; variables: unknown } };
    for (const name of readdirSync(OPERATIONS).filter((file) => file.endsWith('.graphql'))) {
      expect(initialState.document).toContain(readFileSync(join(OPERATIONS, name), 'utf8').trim());
    }
    expect(initialState.variables).toEqual(
      JSON.parse(readFileSync(join(OPERATIONS, 'variables.json'), 'utf8')),
    );
  });

  it('the schema can be introspected, and errors suggest names', async () => {
    const app = await startApp();
    const { data } = await request(app.url, getIntrospectionQuery());
    const { errors } = await request(app.url, '{ environmentAccountConnexions { totalCount } }');
    await app.stop();
    expect(data).toHaveProperty('__schema.queryType.name', 'Query');
    expect(errors?.[0]?.message).toContain('Did you mean');
  });
});

describe('In production', () => {
  it('there is no landing page, no introspection, no suggestion and no trace', async () => {
    const app = await startApp({ NODE_ENV: 'production' });
    const page = await fetch(app.url, { headers: { accept: 'text/html' } });
    const introspection = await request(app.url, getIntrospectionQuery());
    const misspeltField = await request(app.url, '{ environmentAccountConnexions { totalCount } }');
    const list = `query ($filter: EnvironmentAccountConnectionFilter) {
      environmentAccountConnections(filter: $filter) { totalCount } }`;
    const misspelt = [
      await request(app.url, list, { filter: { managementAccountID: '1' } }),
      await request(app.url, list, { filter: { statuses: ['PENDIN'] } }),
    ];
    const traced = await request(
      app.url,
      '{ __typename }',
      {},
      { 'apollo-federation-include-trace': 'ftv1' },
    );
    await app.stop();
    expect(await page.text()).not.toContain('Sandbox');
    expect(introspection.errors?.[0]?.extensions).toMatchObject({ code: 'GRAPHQL_VALIDATION_FAILED' });
    for (const { errors } of [misspeltField, ...misspelt]) {
      expect(errors?.[0]?.message).toMatch(/\w/);
      expect(errors?.[0]?.message).not.toContain('Did you mean');
    }
    expect(traced).toEqual({ data: { __typename: 'Query' } });
  });

  it('a gateway still gets the SDL', async () => {
    const app = await startApp({ NODE_ENV: 'production' });
    const { data } = await request<{ _service: { sdl: string } }>(app.url, '{ _service { sdl } }');
    await app.stop();
    expect(data?._service.sdl).toContain('type EnvironmentAccountConnection');
  });

  it('an authenticated router gets traces and the SDL', async () => {
    const app = await startApp({
      NODE_ENV: 'production',
      ROUTER_SECRET: 'a-secret-of-the-router-long-enough',
    });
    const { data, extensions } = await request<{ _service: { sdl: string } }>(
      app.url,
      '{ _service { sdl } }',
      {},
      {
        'router-authorization': 'a-secret-of-the-router-long-enough',
        'apollo-federation-include-trace': 'ftv1',
      },
    );
    await app.stop();
    expect(data?._service.sdl).toContain('type EnvironmentAccountConnection');
    expect(Object.keys(extensions ?? {})).toEqual(['ftv1']);
  });
});
