import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { useTemporaryFolder } from '../support/folder';
import { request } from '../support/graphql-client';
import { PROJECT } from '../support/server-process';
import { buildArguments, execForm, imageEnvironment, isInBuildContext, shipped, stages } from './dockerfile';
import { checkHealth, runImage, unpackImage } from './unpacked-image';

const folder = useTemporaryFolder();
const steps = stages.flatMap((stage) => stage.steps);
const FREE_PORTS = { PORT: '0', ADMIN_PORT: '0', PROTON_ENDPOINT_PORT: 'off' };

describe('The Dockerfile', () => {
  it('uses one base image with a version in every stage', () => {
    const { NODE_IMAGE = '' } = buildArguments;
    expect(NODE_IMAGE).toMatch(/^node:\d+-\w+-slim$/);
    const names = stages.map(({ name }) => name);
    for (const { from } of stages) expect(['${NODE_IMAGE}', ...names]).toContain(from);
    // The last stage contains no compiler.
    expect(stages.at(-1)?.from).toBe('${NODE_IMAGE}');
    expect(stages.length).toBeGreaterThan(1);
  });

  it('uses a version of Node that CI tests', () => {
    const major = /^node:(\d+)-/.exec(buildArguments['NODE_IMAGE'] ?? '')?.[1] ?? '';
    expect(readFileSync(join(PROJECT, '.github', 'workflows', 'ci.yml'), 'utf8')).toMatch(
      new RegExp(`node: \\[[^\\]]*\\b${major}\\b`),
    );
  });

  it('has the console as files, and none of the packages that it is built from', () => {
    const { packages } = JSON.parse(readFileSync(join(PROJECT, 'package-lock.json'), 'utf8')) as {
      packages: Readonly<Record<string, { readonly dev?: boolean }>>;
    };
    const installed = Object.keys(packages).filter((path) => packages[path]?.dev !== true);
    expect(installed).toContain('node_modules/fastify');
    expect(
      installed.filter((path) => /\/(?:react|react-dom|graphiql|vite)$|cloudscape|monaco/.test(path)),
    ).toEqual([]);
    expect(shipped('COPY').flatMap(({ args }) => args)).not.toContainEqual(expect.stringMatching(/^web/));
  });

  it('copies production dependencies only, and installs nothing in the last stage', () => {
    const installs = stages.filter(({ steps: of }) => of.some(({ text }) => text.includes('npm ci')));
    const shippedFrom = shipped('COPY').map(({ flags }) => flags['from']);
    for (const { name, steps: of } of installs) {
      const production = of.some(({ text }) => text.includes('npm ci --omit=dev'));
      const modules = shipped('COPY').filter(
        ({ flags, args }) => flags['from'] === name && args[0]?.includes('node_modules'),
      );
      expect([name, modules.length]).toEqual([name, production ? 1 : 0]);
    }
    expect(shippedFrom).toContain('dependencies');
    for (const { text } of shipped('RUN')) expect(text).not.toMatch(/\b(npm|apt-get) (ci|install|run)\b/);
  });

  it('runs as an unprivileged user, given by number', () => {
    expect(shipped('USER').map(({ args }) => args)).toEqual([[expect.stringMatching(/^[1-9]\d*:[1-9]\d*$/)]]);
    // Copied files do not belong to that user, so the server can't change its own code.
    for (const { flags } of shipped('COPY')) expect(flags).not.toHaveProperty('chown');
  });

  it('runs its commands without a shell, so that they receive signals', () => {
    for (const step of [...shipped('ENTRYPOINT'), ...shipped('HEALTHCHECK')]) {
      const [command, script = ''] = execForm(step);
      expect(command).toBe('node');
      expect(existsSync(join(PROJECT, script))).toBe(true);
    }
    expect(shipped('ENTRYPOINT')).toHaveLength(1);
    expect(shipped('HEALTHCHECK')).toHaveLength(1);
  });

  it('contains no secret', () => {
    for (const { keyword, text } of steps)
      if (keyword === 'ENV' || keyword === 'ARG') expect(text).not.toMatch(/SECRET|KEY|TOKEN|PASSWORD/i);
    expect(Object.keys(buildArguments)).toEqual(['NODE_IMAGE']);
  });

  it('copies paths that exist and that .dockerignore allows', () => {
    const copied = steps.filter(({ keyword, flags }) => keyword === 'COPY' && !('from' in flags));
    const sources = copied.flatMap(({ args }) => args.slice(0, -1));
    expect(sources.length).toBeGreaterThan(5);
    expect(sources.filter((path) => !existsSync(join(PROJECT, path)) || !isInBuildContext(path))).toEqual([]);
  });

  it('runs npm scripts that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const used = steps.flatMap(({ text }) =>
      [...text.matchAll(/npm run (\S+)/g)].map(([, name = '']) => name),
    );
    expect(used).toEqual(['build']);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(used));
  });

  it('has a build context without unrelated files', () => {
    const allowed = readdirSync(PROJECT).filter((name) => isInBuildContext(name));
    const partly = ['deploy', 'schema'];
    expect(allowed.sort()).toEqual(
      [
        '.npmrc',
        'bin',
        'package-lock.json',
        'package.json',
        'src',
        'tsconfig.build.json',
        'tsconfig.json',
      ].sort(),
    );
    for (const name of partly) expect(statSync(join(PROJECT, name)).isDirectory()).toBe(true);
    for (const path of ['.env', '.git/config', 'data/proton.db', 'test/support/app.ts', 'deploy/helm'])
      expect([path, isInBuildContext(path)]).toEqual([path, false]);
  });

  it('exposes the default ports of the server', () => {
    expect(shipped('EXPOSE').flatMap(({ args }) => args)).toEqual(['4001', '4002', '4003']);
    expect(imageEnvironment()).toEqual({
      NODE_ENV: 'production',
      HOST: '0.0.0.0',
      DATABASE_URL: 'sqlite:/data/proton.db',
    });
    expect(shipped('VOLUME').flatMap(execForm)).toEqual(['/data']);
  });
});

describe('The content of the image', () => {
  it('serves as its user with a writable data folder only, is healthy, and shuts down cleanly', async () => {
    const image = unpackImage(folder.path(''));
    const running = await runImage(image, { ...FREE_PORTS, ROUTER_SECRET: 'open sesame' });
    const headers = { 'router-authorization': 'open sesame' };
    const { data } = await request(running.url, '{ __typename }', {}, headers);
    expect(data).toEqual({ __typename: 'Query' });
    expect(existsSync(join(image.data, 'proton.db'))).toBe(true);
    expect(await checkHealth(image, running.variables)).toEqual({ code: 0, stderr: '' });
    expect(existsSync(join(image.app, 'dist', 'console', 'index.html'))).toBe(true);

    expect(await running.stop()).toBe(0);
    const { code, stderr } = await checkHealth(image, running.variables);
    expect(code).toBe(1);
    expect(stderr).toMatch(/ECONNREFUSED/);
  });

  it('fails its health check with a reason when ADMIN_PORT is off', async () => {
    const image = unpackImage(folder.path(''));
    const { code, stderr } = await checkHealth(image, { ADMIN_PORT: 'off' });
    expect(code).toBe(1);
    expect(stderr).toMatch(/ADMIN_PORT is off/);
  });
});
