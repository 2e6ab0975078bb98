import { readConfig } from '../../src/config/config';
import { mistakesIn } from '../support/config-mistakes';

const SECRET = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
const OTHER = Buffer.alloc(24, 2).toString('base64');
const URL = 'https://hooks.example.com/T0K3N';

const eventsOf = (environment: Readonly<Record<string, string>>) => readConfig(environment).events;
const webhooksOf = (environment: Readonly<Record<string, string>>) =>
  eventsOf(environment).webhooks.map(({ name, url, secrets }) => ({
    name,
    url,
    secrets: secrets.map((secret) => secret.export().toString('base64')),
  }));
const only = (environment: Readonly<Record<string, string>>) => {
  const mistakes = mistakesIn(environment);
  expect(mistakes).toHaveLength(1);
  return mistakes[0];
};

describe('The configuration of events', () => {
  it('has no destination by default, and the documented times', () => {
    expect(eventsOf({})).toEqual({
      webhooks: [],
      eventBridge: undefined,
      timeoutMs: 15_000,
      retryMinMs: 5_000,
      retryMaxMs: 3_600_000,
      leaseMs: 30_000,
      inFlight: 8,
      retentionMs: 604_800_000,
    });
  });

  it('names one URL default, and takes pairs of names and URLs', () => {
    const secret = Buffer.alloc(32, 1).toString('base64');
    expect(webhooksOf({ EVENTS_WEBHOOK_URL: `${URL}?a=b`, EVENTS_WEBHOOK_SECRET: SECRET })).toEqual([
      { name: 'default', url: `${URL}?a=b`, secrets: [secret] },
    ]);
    expect(
      webhooksOf({
        EVENTS_WEBHOOK_URL: `billing=${URL}?a=b, audit-log=http://127.0.0.1:8080/`,
        EVENTS_WEBHOOK_SECRET: SECRET,
        EVENTS_WEBHOOK_SECRET_AUDIT_LOG: `${OTHER},${SECRET}`,
      }),
    ).toEqual([
      { name: 'billing', url: `${URL}?a=b`, secrets: [secret] },
      { name: 'audit-log', url: 'http://127.0.0.1:8080/', secrets: [OTHER, secret] },
    ]);
  });

  it.each([
    'http://hooks.example.com/',
    'http://10.0.0.1/',
    'ftp://hooks.example.com/',
    'https://user:pass@hooks.example.com/',
    'https://user@hooks.example.com/',
    'hooks.example.com',
    'http://localhost.example.com/',
    'http://[::ffff:127.0.0.1]/',
  ])('refuses %s without quoting it', (url) => {
    const mistake = only({ EVENTS_WEBHOOK_URL: `one=${url}`, EVENTS_WEBHOOK_SECRET: SECRET });
    expect(mistake).toBe(
      'EVENTS_WEBHOOK_URL must have https URLs, or http URLs on loopback, without credentials; that of one is not one.',
    );
  });

  it.each([
    'https://169.254.169.254/latest',
    'https://2852039166/',
    'https://0xa9fea9fe/',
    'https://0251.0376.0251.0376/',
    'https://169.254.43518/',
    'https://[::ffff:169.254.169.254]/',
    'https://[64:ff9b::169.254.169.254]/',
    'https://[fe80::1]/',
    'https://[fd00:ec2::254]/',
    'https://0.0.0.0/',
    'https://0/',
    'https://[::]/',
    'https://100.100.100.200/',
    'https://169.254.169.254./',
  ])('refuses %s, an address that no event is sent to', (url) => {
    expect(only({ EVENTS_WEBHOOK_URL: url, EVENTS_WEBHOOK_SECRET: SECRET })).toBe(
      'EVENTS_WEBHOOK_URL has a link-local, metadata or unspecified address as the host of default, to which no event is sent.',
    );
  });

  it.each([
    [`a=${URL},a=${URL}`, /names the destination a twice/],
    [`a-b=${URL},A_B=${URL}`, /names the destination A_B twice/],
    [`${URL},${URL}`, /names the destination default twice/],
    [`eventbridge=${URL}`, /can't name a destination eventbridge/],
    [`a b=${URL}`, /with names of at most 32 letters/],
    [`=${URL}`, /with names of at most 32 letters/],
    [`${'a'.repeat(33)}=${URL}`, /with names of at most 32 letters/],
    [`a=${URL},`, /that of default is not one/],
  ])('refuses %s', (urls, message) => {
    expect(only({ EVENTS_WEBHOOK_URL: urls, EVENTS_WEBHOOK_SECRET: SECRET })).toMatch(message);
  });

  it('needs a secret for every webhook, of 24 to 64 bytes in base64, or two', () => {
    expect(only({ EVENTS_WEBHOOK_URL: URL })).toMatch(
      /^EVENTS_WEBHOOK_SECRET, or EVENTS_WEBHOOK_SECRET_DEFAULT, must be set, /,
    );
    expect(mistakesIn({ EVENTS_WEBHOOK_URL: `a=${URL},b=${URL}`, EVENTS_WEBHOOK_SECRET_A: SECRET })).toEqual([
      expect.stringMatching(/^EVENTS_WEBHOOK_SECRET, or EVENTS_WEBHOOK_SECRET_B, must be set/),
    ]);
    for (const secret of [
      `whsec_${Buffer.alloc(23).toString('base64')}`,
      Buffer.alloc(65).toString('base64'),
      'whsec_AAAA',
      'not base64, at all, but long enough to be one secret',
      `${SECRET},`,
      `${SECRET},${OTHER},${SECRET}`,
    ]) {
      const mistake = only({ EVENTS_WEBHOOK_URL: URL, EVENTS_WEBHOOK_SECRET: secret });
      expect(mistake).toMatch(
        /^EVENTS_WEBHOOK_SECRET (?:must be whsec_ and 24 to 64 bytes|has more than two)/,
      );
      expect(mistake).not.toContain(secret);
    }
    expect(
      only({ EVENTS_WEBHOOK_URL: URL, EVENTS_WEBHOOK_SECRET: SECRET, EVENTS_WEBHOOK_SECRET_TYPO: SECRET }),
    ).toBe('EVENTS_WEBHOOK_SECRET_TYPO is for a destination that EVENTS_WEBHOOK_URL does not name.');
  });

  it('looks up a bus in AWS_REGION, or in the Region of its ARN', () => {
    expect(eventsOf({ EVENTS_EVENTBRIDGE_BUS: 'default', AWS_REGION: 'eu-west-1' }).eventBridge).toEqual({
      bus: 'default',
      source: 'proton-subgraph',
      region: 'eu-west-1',
    });
    const bus = 'arn:aws:events:eu-central-1:222222222222:event-bus/proton';
    expect(
      eventsOf({ EVENTS_EVENTBRIDGE_BUS: bus, EVENTS_EVENTBRIDGE_SOURCE: 'acme.proton' }).eventBridge,
    ).toEqual({
      bus,
      source: 'acme.proton',
      region: 'eu-central-1',
    });
  });

  it('refuses a source that EventBridge refuses, and a bus that is none', () => {
    for (const source of ['aws.proton', 'AWS.proton']) {
      expect(only({ EVENTS_EVENTBRIDGE_BUS: 'default', EVENTS_EVENTBRIDGE_SOURCE: source })).toBe(
        `EVENTS_EVENTBRIDGE_SOURCE must not begin with aws., which EventBridge keeps for AWS services, and is "${source}".`,
      );
    }
    expect(only({ EVENTS_EVENTBRIDGE_SOURCE: 'mine' })).toMatch(
      /is for EVENTS_EVENTBRIDGE_BUS, which is not set/,
    );
    expect(only({ EVENTS_EVENTBRIDGE_BUS: 'a bus' })).toMatch(/must be the name or the ARN of an event bus/);
  });

  it('refuses times that contradict each other', () => {
    expect(only({ EVENTS_LEASE_MS: '15000' })).toMatch(/^EVENTS_LEASE_MS is 15000 and must be longer than /);
    expect(only({ EVENTS_TIMEOUT_MS: '30000' })).toMatch(
      /^EVENTS_LEASE_MS is 30000 and must be longer than /,
    );
    expect(only({ EVENTS_RETRY_MAX_MS: '1000' })).toMatch(/^EVENTS_RETRY_MAX_MS is 1000 and must not be /);
    expect(mistakesIn({ EVENTS_TIMEOUT_MS: '500', EVENTS_LEASE_MS: '501' })).toEqual([]);
  });

  it('has no destinations with a Proton endpoint elsewhere, which has no change feed', () => {
    const elsewhere = { PROTON_UPSTREAM: 'aws', PROTON_ACCOUNTS: '222222222222' };
    expect(
      mistakesIn({
        ...elsewhere,
        EVENTS_WEBHOOK_URL: URL,
        EVENTS_WEBHOOK_SECRET: SECRET,
        EVENTS_EVENTBRIDGE_BUS: 'x',
      }),
    ).toEqual(
      ['EVENTS_WEBHOOK_URL', 'EVENTS_EVENTBRIDGE_BUS', 'EVENTS_WEBHOOK_SECRET'].map(
        (name) => `${name} is for the control plane in this process; with PROTON_UPSTREAM there is none.`,
      ),
    );
  });
});
