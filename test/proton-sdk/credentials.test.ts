import { writeFileSync } from 'node:fs';

import type { AccountId } from '../../src/proton/identifiers';
import {
  credentialProviders,
  type Credentials,
  type CredentialSource,
} from '../../src/proton-sdk/transport/credentials';
import { REFRESH_BEFORE_EXPIRY_MS, cacheCredentials } from '../../src/proton-sdk/transport/credentials';
import { unrestrictedViewer } from '../../src/proton/viewer';
import { useAwsEnvironment } from '../support/aws-environment';
import { useTemporaryFolder } from '../support/folder';
import { createClock, ENVIRONMENT, MANAGEMENT, START } from '../support/proton';
import { createSdkService, startSignedEndpoint, type SignedEndpoint } from '../support/sdk-service';
import { startSts, type Sts } from '../support/sts';

const ADMIN = unrestrictedViewer('admin');
const PAYMENTS = { managementAccountId: MANAGEMENT, environmentName: 'payments-prod' };
const NO_CREDENTIALS = { code: 'UNAVAILABLE', message: expect.stringContaining('no credentials') as unknown };

describe('The credentials of an account', () => {
  const setEnvironment = useAwsEnvironment();
  const folder = useTemporaryFolder();
  let endpoint: SignedEndpoint;

  beforeAll(async () => {
    endpoint = await startSignedEndpoint();
  });

  afterAll(() => endpoint.stop());

  /** Creates an adapter with two accounts and five Regions. */
  function serviceWith(source: CredentialSource) {
    return createSdkService({
      endpointUrl: endpoint.origin,
      credentialsFor: credentialProviders(source),
      accounts: [MANAGEMENT, ENVIRONMENT],
    });
  }

  async function keysOf(accountId: AccountId): Promise<Credentials> {
    return endpoint.credentialsFor(accountId)();
  }

  describe('from a role', () => {
    let sts: Sts;
    /** The credentials that STS returns for a role, made from those of the account in its ARN. */
    let give: (keys: Credentials) => Credentials | undefined;

    beforeEach(async () => {
      give = (keys) => keys;
      sts = await startSts(async (roleArn) => {
        const accountId = [MANAGEMENT, ENVIRONMENT].find((known) => roleArn.includes(known));
        return accountId === undefined ? undefined : give(await keysOf(accountId));
      });
      setEnvironment({
        AWS_ENDPOINT_URL_STS: sts.origin,
        AWS_ACCESS_KEY_ID: 'the-service',
        AWS_SECRET_ACCESS_KEY: 'its own',
      });
    });

    afterEach(() => sts.stop());

    const ROLE = { kind: 'role', arnTemplate: 'arn:aws:iam::{accountId}:role/proton-subgraph' } as const;

    it('are of one role per account, assumed once for all Regions and concurrent requests', async () => {
      const { service } = serviceWith(ROLE);
      const session = service.session(ADMIN);
      const [page] = await Promise.all([
        session.listConnections([{}]),
        service.session(ADMIN).listConnections([{}]),
        session.findConnections([{ id: '00000000-0000-4000-8000-000000000000' }]),
      ]);
      expect(page).toMatchObject([{ hasNextPage: false }]);
      await service.session(ADMIN).listConnections([{}]);
      expect(sts.assumed.toSorted((a, b) => ((a.roleArn ?? '') < (b.roleArn ?? '') ? -1 : 1))).toEqual(
        [MANAGEMENT, ENVIRONMENT].map((accountId) => ({
          roleArn: `arn:aws:iam::${accountId}:role/proton-subgraph`,
          sessionName: 'proton-subgraph',
        })),
      );
      service.close();
    });

    it('are loaded again when they are about to expire', async () => {
      const { service } = serviceWith(ROLE);
      give = (keys) => ({ ...keys, expiration: new Date(Date.now() + REFRESH_BEFORE_EXPIRY_MS - 1) });
      const filter = { environmentAccountId: ENVIRONMENT, region: 'us-east-1' };
      await service.session(ADMIN).listConnections([{ filter }]);
      const before = sts.assumed.length;
      give = (keys) => ({ ...keys, expiration: new Date(Date.now() + REFRESH_BEFORE_EXPIRY_MS + 60_000) });
      await service.session(ADMIN).listConnections([{ filter }]);
      expect(sts.assumed.length).toBe(before + 1);
      await service.session(ADMIN).listConnections([{ filter }]);
      expect(sts.assumed.length).toBe(before + 1);
      service.close();
    });

    it('that STS denies are reported for the log, and loaded again by the next call', async () => {
      const { service, reports } = serviceWith(ROLE);
      const create = () =>
        service.session(ADMIN).createConnection({ ...PAYMENTS, environmentAccountId: ENVIRONMENT });
      give = () => undefined;
      await expect(create()).rejects.toMatchObject(NO_CREDENTIALS);
      expect(reports).toMatchObject([{ kind: 'unexpected', errorName: 'NoCredentialsError' }]);
      give = (keys) => keys;
      expect(await create()).toMatchObject({ environmentAccountId: ENVIRONMENT });
      service.close();
    });

    it('delay no request beyond its deadline, and still load if the first request is cancelled', async () => {
      const { service } = createSdkService({
        endpointUrl: endpoint.origin,
        credentialsFor: credentialProviders(ROLE),
        accounts: [MANAGEMENT, ENVIRONMENT],
        timeoutMs: 2_000,
      });
      let release: () => void = () => undefined;
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      const requested = new Promise<void>((resolve) => {
        const giveAtOnce = give;
        give = (keys) => {
          resolve();
          return giveAtOnce(keys);
        };
      });
      await sts.stop();
      sts = await startSts(async () => {
        const keys = give(await keysOf(ENVIRONMENT));
        await held;
        return keys;
      });
      setEnvironment({ AWS_ENDPOINT_URL_STS: sts.origin });
      const filter = { environmentAccountId: ENVIRONMENT, region: 'us-east-1' };
      const client = new AbortController();
      const first = service.session(ADMIN, { signal: client.signal }).listConnections([{ filter }]);
      await requested;
      const second = service.session(ADMIN).listConnections([{ filter }]);
      client.abort();
      expect(await first).toMatchObject([{ code: 'UNAVAILABLE' }]);
      release();
      expect(await second).toMatchObject([{ hasPreviousPage: false }]);
      expect(sts.assumed).toHaveLength(1);
      service.close();
    });
  });

  describe('from a profile', () => {
    const PROFILE = { kind: 'profile', nameTemplate: 'proton-{accountId}' } as const;

    function writeProfiles(profiles: Readonly<Record<string, Credentials>>) {
      const text = Object.entries(profiles).map(
        ([accountId, { accessKeyId, secretAccessKey }]) =>
          `[proton-${accountId}]\naws_access_key_id=${accessKeyId}\naws_secret_access_key=${secretAccessKey}\n`,
      );
      writeFileSync(folder.path('credentials'), text.join('\n'));
      setEnvironment({
        AWS_SHARED_CREDENTIALS_FILE: folder.path('credentials'),
        AWS_CONFIG_FILE: folder.path('config'),
      });
    }

    it('are read from a profile per account and ignore environment variables', async () => {
      writeProfiles({ [MANAGEMENT]: await keysOf(MANAGEMENT), [ENVIRONMENT]: await keysOf(ENVIRONMENT) });
      setEnvironment({ AWS_ACCESS_KEY_ID: 'another', AWS_SECRET_ACCESS_KEY: 'x' });
      const { service } = serviceWith(PROFILE);
      const session = service.session(ADMIN);
      const created = await session.createConnection({
        ...PAYMENTS,
        environmentName: 'by-profile',
        environmentAccountId: ENVIRONMENT,
      });
      expect(await session.acceptConnection(created)).toMatchObject({ status: 'CONNECTED' });
      service.close();
    });

    it('are read again after Proton rejects them, and are missing without such a profile', async () => {
      const filter = { environmentAccountId: ENVIRONMENT, region: 'us-east-1' };
      writeProfiles({ [ENVIRONMENT]: { accessKeyId: 'AKIAREVOKED', secretAccessKey: 'old' } });
      const { service, reports } = serviceWith(PROFILE);
      const list = () => service.session(ADMIN).listConnections([{ filter }]);
      expect(await list()).toMatchObject([NO_CREDENTIALS]);
      expect(reports).toMatchObject([{ errorName: 'UnrecognizedClientException', attempts: 1 }]);
      writeProfiles({ [ENVIRONMENT]: await keysOf(ENVIRONMENT) });
      expect(await list()).toMatchObject([{ hasPreviousPage: false }]);
      const [missing] = await service
        .session(ADMIN)
        .listConnections([{ filter: { managementAccountId: MANAGEMENT, region: 'us-east-1' } }]);
      expect(missing).toMatchObject(NO_CREDENTIALS);
      service.close();
    });
  });

  it('from the default chain come from environment variables', async () => {
    const { accessKeyId, secretAccessKey } = await keysOf(ENVIRONMENT);
    setEnvironment({ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey });
    const { service } = createSdkService({
      endpointUrl: endpoint.origin,
      credentialsFor: credentialProviders({ kind: 'default-chain' }),
      accounts: [ENVIRONMENT],
    });
    expect(await service.session(ADMIN).listConnections([{}])).toMatchObject([{ hasPreviousPage: false }]);
    service.close();
  });

  it('are cached until exactly five minutes before they expire', async () => {
    const clock = createClock();
    let loads = 0;
    const expiration = new Date(START + 60 * 60 * 1000);
    const credentials = cacheCredentials(
      () => () => {
        loads += 1;
        return Promise.resolve({ accessKeyId: 'a', secretAccessKey: 'b', expiration });
      },
      clock.now,
    );
    await Promise.all([credentials.get(), credentials.get()]);
    clock.advance(55 * 60 * 1000);
    await credentials.get();
    expect(loads).toBe(1);
    clock.advance(1);
    await credentials.get();
    expect(loads).toBe(2);
  });
});
