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

  /** The adapter with two accounts and five Regions, and credentials from this source. */
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
    /** What STS gives for a role, from the account in its ARN. */
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

    it('are those of one role an account, assumed once for all Regions and all who ask meanwhile', async () => {
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

    it('are asked for anew when they are about to expire', async () => {
      const { service } = serviceWith(ROLE);
      give = (keys) => ({ ...keys, expiration: new Date(Date.now() + REFRESH_BEFORE_EXPIRY_MS - 1) });
      const filter = { environmentAccountId: ENVIRONMENT, region: 'us-east-1' };
      await service.session(ADMIN).listConnections([{ filter }]);
      const asked = sts.assumed.length;
      give = (keys) => ({ ...keys, expiration: new Date(Date.now() + REFRESH_BEFORE_EXPIRY_MS + 60_000) });
      await service.session(ADMIN).listConnections([{ filter }]);
      expect(sts.assumed.length).toBe(asked + 1);
      await service.session(ADMIN).listConnections([{ filter }]);
      expect(sts.assumed.length).toBe(asked + 1);
      service.close();
    });

    it('that STS refuses are a matter for whoever runs this, and asked for again at the next call', async () => {
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

    it('are not waited for beyond the deadline, nor given up with the one who asked first', async () => {
      const { service } = createSdkService({
        endpointUrl: endpoint.origin,
        credentialsFor: credentialProviders(ROLE),
        accounts: [MANAGEMENT, ENVIRONMENT],
        timeoutMs: 2_000,
      });
      let letGo: () => void = () => undefined;
      const held = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      const asked = new Promise<void>((resolve) => {
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
      await asked;
      const second = service.session(ADMIN).listConnections([{ filter }]);
      client.abort();
      expect(await first).toMatchObject([{ code: 'UNAVAILABLE' }]);
      letGo();
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

    it('are those of its own for each account, whatever the environment holds', async () => {
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

    it('are read again once Proton refuses them, and missing where there is no such profile', async () => {
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

  it('from the default chain are what the environment holds', async () => {
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

  it('are remembered to the millisecond until five minutes before they expire', async () => {
    const clock = createClock();
    let asked = 0;
    const expiration = new Date(START + 60 * 60 * 1000);
    const remembered = cacheCredentials(
      () => () => {
        asked += 1;
        return Promise.resolve({ accessKeyId: 'a', secretAccessKey: 'b', expiration });
      },
      clock.now,
    );
    await Promise.all([remembered.get(), remembered.get()]);
    clock.advance(55 * 60 * 1000);
    await remembered.get();
    expect(asked).toBe(1);
    clock.advance(1);
    await remembered.get();
    expect(asked).toBe(2);
  });
});
