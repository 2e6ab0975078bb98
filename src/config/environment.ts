import { createSecretKey } from 'node:crypto';

import { z } from 'zod';

import { isRoleArn } from '../proton/identifiers';
import { isProvisionerRole, PROVISIONER_ROLE_MESSAGE } from '../proton/trust-policy/request';
import {
  accountId,
  certificatesFile,
  hostName,
  isOrigin,
  isTrustworthyUrl,
  listOf,
  milliseconds,
  oneOf,
  portOrOff,
  publicKeyFile,
  quoted,
  quotedUnlessCredentials,
  region,
  wholeNumber,
} from './env-types';
import { CONSOLE } from './console';
import { parseDatabaseUrl } from './database-url';
import { parsePostgresUrl } from './postgres-url';
import { SUBSCRIPTIONS } from './subscriptions';
import { parseWebhookUrls } from './webhooks';

/**
 * Every environment variable, with its type, its default and its description. The reference page `docs/reference/configuration.md` is
 * generated from here (`npm run docs`).
 *
 * `shownDefault` describes a default that depends on other variables.
 */

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const DEFAULT_HOST = '127.0.0.1';
export const DEFAULT_PORT = 4001;
export const DEFAULT_ENDPOINT_PORT = 4002;
export const DEFAULT_ADMIN_PORT = 4003;
const ACCOUNT_PLACEHOLDER = '{accountId}';
const EXAMPLE_ACCOUNT = '123456789012';
const ENCRYPTION_KEY_BYTES = 32;
const MAX_LIMIT = 1_000_000_000;
/** An hour: load balancers hold idle connections for minutes. */
const MAX_KEEP_ALIVE_MS = 3_600_000;
const MAX_POLL_INTERVAL_MS = 3_600_000;

/** A day: the longest lease and pause between two tries. */
const MAX_RETRY_MS = 86_400_000;
/** 7 days and 90 days. */
const DEFAULT_RETENTION_MS = 604_800_000;
const MAX_RETENTION_MS = 7_776_000_000;
/** As AWS's model of PutEvents has it. */
const EVENT_BUS =
  /^(?=.{1,1600}$)(arn:aws[\w-]*:events:[a-z]{2}(-[a-z]+)+-\d+:\d{12}:event-bus\/)?[/.\-\w]+$/;

export const DEFAULT_EVENTS_TIMEOUT_MS = 15_000;
export const DEFAULT_EVENTS_RETRY_MIN_MS = 5_000;
export const DEFAULT_EVENTS_RETRY_MAX_MS = 3_600_000;
export const DEFAULT_EVENTS_LEASE_MS = 30_000;

const SERVER = {
  HOST: hostName
    .default(DEFAULT_HOST)
    .describe(
      'Address to listen on. An address other than loopback needs [authentication](../guides/authentication.md) or `ALLOW_UNAUTHENTICATED=true`.',
    ),
  PORT: wholeNumber(0, 65_535).default(DEFAULT_PORT).describe('Port of `/graphql`. `0` takes a free port.'),
  ADMIN_PORT: portOrOff
    .default(DEFAULT_ADMIN_PORT)
    .describe(
      'Port of `/health/live`, `/health/ready` and `/metrics`, at `HOST`. `0` takes a free port, `off` turns it off.',
    ),
  CORS_ORIGINS: listOf(
    z.string().refine((value) => isOrigin(value) && !value.endsWith('/'), {
      error: ({ input }) => `must be origins, as in https://studio.apollographql.com, not ${quoted(input)}`,
    }),
  )
    .optional()
    .describe(
      'Origins whose web pages may send requests, comma-separated, as in `https://studio.apollographql.com`.',
    ),
  LOG_LEVEL: oneOf(LOG_LEVELS)
    .default('info')
    .describe(
      '`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`. JSON lines; readable lines on a terminal.',
    ),
  NODE_ENV: oneOf(['development', 'production', 'test'])
    .default('development')
    .describe(
      '`production` turns off Sandbox, introspection and suggestions, and gives federated traces to an authenticated router only. `test` equals `development`.',
    ),
  ALLOW_UNAUTHENTICATED: oneOf(['true', 'false'])
    .default('false')
    .describe(
      '`true` accepts that without authentication everyone who can connect may do everything. Refused when authentication is configured.',
    ),
};

const CONTROL_PLANE = {
  DATABASE_URL: z
    .string()
    .superRefine((url, context) => {
      const parsed = parseDatabaseUrl(url);
      if ('mistake' in parsed) context.addIssue({ code: 'custom', message: parsed.mistake });
    })
    .default('sqlite:./data/proton.db')
    .describe(
      'The database: `sqlite:PATH` (created with its folder when missing), `sqlite::memory:`, or `postgres://USER:PASSWORD@HOST:5432/DATABASE`. `~/` is the home folder. The parts of a PostgreSQL URL are percent-encoded; `?sslmode=` is `disable` (default), `require`, `verify-ca` or `verify-full`.',
    ),
  STORE_LOCK_TIMEOUT_MS: milliseconds(0)
    .default(5_000)
    .describe('SQLite: how long a write waits while another process locks the database.'),
  STORE_WAL_CHECK: oneOf(['on', 'off'])
    .default('on')
    .describe(
      'SQLite: `on` refuses to open a database whose write-ahead log is damaged before its last commits, which SQLite would drop. `off` does not check.',
    ),
  AWS_REGION: region.optional().meta({
    description: 'Region of connections that are created without one.',
    shownDefault: '`us-east-1`',
  }),
  PROTON_DEFAULT_ACCOUNT_ID: accountId.optional().meta({
    description:
      'Environment account of a `create` that names neither an account nor a role. With `PROTON_UPSTREAM` the default is the only account of `PROTON_ACCOUNTS`. With authentication there is none.',
    shownDefault: '`000000000000`',
  }),
  PROTON_CONNECTION_QUOTA: wholeNumber(1, MAX_LIMIT)
    .default(1000)
    .describe('Connections that one environment account may have in one Region, whatever their status.'),
};

const POSTGRES = {
  DATABASE_POOL_SIZE: wholeNumber(1, 1_000).default(8).describe('Sessions that one process has at most.'),
  DATABASE_STATEMENT_TIMEOUT_MS: milliseconds(1)
    .default(1_500)
    .describe(
      'How long one statement may take. At most 500 ms less than `EXECUTION_TIMEOUT_MS`, or half of it if that is more. A start waits four times as long; a readiness check ends after 900 ms.',
    ),
  DATABASE_TLS_CA_FILE: certificatesFile
    .optional()
    .describe(
      'File of the certificates, in PEM, that the server’s certificate is verified with. Without it: those that Node knows.',
    ),
  DATABASE_PREPARE: oneOf(['true', 'false'])
    .default('true')
    .describe(
      '`false` sends no prepared statements, which PgBouncer before 1.21 does not support in transaction mode.',
    ),
  DATABASE_LISTEN_URL: z
    .string()
    .transform((url, context) => {
      if (url === 'off') return url;
      const parsed = parsePostgresUrl(url);
      if (!('mistake' in parsed)) return parsed;
      context.addIssue({ code: 'custom', message: `${parsed.mistake}; or it is off` });
      return z.NEVER;
    })
    .optional()
    .meta({
      description:
        'Where one session listens for changes of other replicas while there are subscriptions, so that they arrive in a few milliseconds. The URL of PostgreSQL itself where `DATABASE_URL` names a connection pooler. `off`: polling finds them within 250 ms.',
      shownDefault: '`DATABASE_URL`',
    }),
  DATABASE_READ_ONLY: oneOf(['refused', 'allowed'])
    .default('refused')
    .describe('`allowed`: a server on a read-only standby is ready, and answers reads.'),
  MIGRATE_ON_START: oneOf(['true', 'false'])
    .default('true')
    .describe('`false`: a start changes no schema. `npx proton-subgraph migrate` does it before.'),
};

const AWS_ENDPOINT = {
  PROTON_ENDPOINT_PORT: portOrOff
    .default(DEFAULT_ENDPOINT_PORT)
    .describe('Port of the Proton endpoint. `0` takes a free port, `off` turns it off.'),
  PROTON_ENDPOINT_HOST: hostName
    .optional()
    .meta({ description: 'Address of the Proton endpoint.', shownDefault: '`HOST`' }),
  PROTON_ENDPOINT_AUTH: oneOf(['sigv4', 'none']).optional().meta({
    description:
      '`sigv4`: callers sign with [access keys](../guides/aws-clients.md#access-keys). `none`: the access key id is trusted as the account; loopback only.',
    shownDefault: '`none` on loopback, else `sigv4`',
  }),
  ACCESS_KEY_ENCRYPTION_KEY: z
    .string()
    .refine((value) => /^[A-Za-z0-9+/]{43}=$/.test(value), {
      // The value is a secret, so the message does not quote it.
      error: `must be ${String(ENCRYPTION_KEY_BYTES)} bytes in base64, as \`openssl rand -base64 ${String(ENCRYPTION_KEY_BYTES)}\` prints them`,
    })
    .transform((value) => createSecretKey(Buffer.from(value, 'base64')))
    .optional()
    .describe(
      'Encrypts the secrets of access keys in the database: 32 bytes in base64, as `openssl rand -base64 32` prints them.',
    ),
};

const UPSTREAM = {
  PROTON_UPSTREAM: z
    .string()
    .refine((value) => value === 'aws' || isOrigin(value), {
      error: ({ input }) =>
        `must be aws, or the URL of a Proton endpoint, as in https://proton.example.com, not ${quoted(input)}`,
    })
    .optional()
    .describe(
      'URL of a Proton endpoint elsewhere, which replaces the control plane in this process. `aws` takes the endpoint that the AWS SDK resolves.',
    ),
  PROTON_ACCOUNTS: listOf(accountId)
    .optional()
    .describe('Accounts whose connections are served, comma-separated.'),
  PROTON_REGIONS: listOf(region)
    .optional()
    .meta({ description: 'Regions to look in, comma-separated.', shownDefault: '`AWS_REGION`' }),
  AWS_ACCOUNT_ROLE_ARN_TEMPLATE: z
    .string()
    .refine(
      (value) =>
        value.includes(ACCOUNT_PLACEHOLDER) &&
        isRoleArn(value.replaceAll(ACCOUNT_PLACEHOLDER, EXAMPLE_ACCOUNT)),
      {
        error: ({ input }) =>
          `must be the ARN of an IAM role with ${ACCOUNT_PLACEHOLDER} in it, as in arn:aws:iam::${ACCOUNT_PLACEHOLDER}:role/proton-subgraph, not ${quoted(input)}`,
      },
    )
    .optional()
    .describe('Role to assume in each account, as in `arn:aws:iam::{accountId}:role/proton-subgraph`.'),
  AWS_ACCOUNT_PROFILE_TEMPLATE: z
    .string()
    .refine((value) => value.includes(ACCOUNT_PLACEHOLDER), {
      error: ({ input }) =>
        `must be the name of an AWS profile with ${ACCOUNT_PLACEHOLDER} in it, not ${quoted(input)}`,
    })
    .optional()
    .describe(
      'AWS profile for each account, as in `proton-{accountId}`. With neither template, the SDK’s default credentials are used for the one account.',
    ),
  PROTON_TIMEOUT_MS: milliseconds(1)
    .default(5_000)
    .describe('How long all upstream calls of one request may take together.'),
  PROTON_POLL_INTERVAL_MS: milliseconds(100, MAX_POLL_INTERVAL_MS)
    .default(5_000)
    .describe(
      'How long to wait between two looks at the upstream’s lists for changes. They are looked at only while there are [subscriptions](../guides/subscriptions.md).',
    ),
};

const EVENTS = {
  EVENTS_WEBHOOK_URL: z
    .string()
    .superRefine((value, context) => {
      const parsed = parseWebhookUrls(value);
      if ('mistake' in parsed) context.addIssue({ code: 'custom', message: parsed.mistake });
    })
    .optional()
    .describe(
      'Where each status change is posted: a URL, whose destination is named `default`, or pairs as in `billing=https://…,audit=https://…`. https, or http on loopback.',
    ),
  EVENTS_WEBHOOK_SECRET: z
    .string()
    .optional()
    .describe(
      'Signs the webhooks: `whsec_` and 24 to 64 bytes in base64. Two, comma-separated, while one is replaced. `EVENTS_WEBHOOK_SECRET_NAME` is that of one destination, with its name in upper case and `_` for `-`.',
    ),
  EVENTS_EVENTBRIDGE_BUS: z
    .string()
    .regex(EVENT_BUS, {
      error: ({ input }) => `must be the name or the ARN of an event bus, not ${quoted(input)}`,
    })
    .optional()
    .describe(
      'Name or ARN of an EventBridge bus to which each status change is sent, with the credentials that the AWS SDK finds. A name is looked up in `AWS_REGION`.',
    ),
  EVENTS_EVENTBRIDGE_SOURCE: z
    .string()
    .max(256, { error: 'must have at most 256 characters' })
    .refine((value) => !/^aws\./i.test(value), {
      error: ({ input }) =>
        `must not begin with aws., which EventBridge keeps for AWS services, and is ${quoted(input)}`,
    })
    .default('proton-subgraph')
    .describe('The `source` of the events on the bus. EventBridge refuses those that begin with `aws.`.'),
  EVENTS_TIMEOUT_MS: milliseconds(1)
    .default(DEFAULT_EVENTS_TIMEOUT_MS)
    .describe('How long one try may take.'),
  EVENTS_RETRY_MIN_MS: milliseconds(1, MAX_RETRY_MS)
    .default(DEFAULT_EVENTS_RETRY_MIN_MS)
    .describe('Shortest pause before an event is sent again. The pauses double, with a random part.'),
  EVENTS_RETRY_MAX_MS: milliseconds(1, MAX_RETRY_MS)
    .default(DEFAULT_EVENTS_RETRY_MAX_MS)
    .describe('Longest pause, unless the receiver asks for a longer one with `Retry-After`.'),
  EVENTS_LEASE_MS: milliseconds(2, MAX_RETRY_MS)
    .default(DEFAULT_EVENTS_LEASE_MS)
    .describe(
      'How long an event belongs to the replica that sends it. Another one sends it after that, so this must be longer than `EVENTS_TIMEOUT_MS`.',
    ),
  EVENTS_IN_FLIGHT: wholeNumber(1, 1_000)
    .default(8)
    .describe('Events that one replica sends to one destination at a time.'),
  EVENTS_RETENTION_MS: milliseconds(1, MAX_RETENTION_MS)
    .default(DEFAULT_RETENTION_MS)
    .describe(
      'How long the change feed keeps changes, and a destination the events that it has not taken. Older ones are dropped, counted and logged.',
    ),
};

const AUTHENTICATION = {
  ROUTER_SECRET: listOf(
    // The value is a secret, so the message does not quote it.
    z.string().min(1, {
      error:
        'must hold no empty secret: anyone could send it. Unset it, or give one or more, separated by commas',
    }),
  )
    .optional()
    .describe(
      'Secret that the router sends in `router-authorization`. Several, comma-separated, while one is replaced. An empty one is refused.',
    ),
  ROUTER_ACCESS_KEY_IDS: listOf(
    z.string().regex(/^\w{16,128}$/, {
      error: ({ input }) =>
        `must be the ids of access keys, as \`proton-subgraph access-key create\` prints them, not ${quoted(input)}`,
    }),
  )
    .optional()
    .describe(
      '[Access keys](../guides/aws-clients.md#access-keys) that the router may sign with instead (AWS SigV4, service `proton-subgraph`), comma-separated. An empty list is refused.',
    ),
  AUTH_JWT_ISSUER: z
    .string()
    .optional()
    .describe(
      'Issuer of users’ tokens. Together with the audience and a key it turns their verification on.',
    ),
  AUTH_JWT_AUDIENCE: z.string().optional().describe('Audience that tokens must have.'),
  AUTH_JWKS_URL: z
    .string()
    .refine(isTrustworthyUrl, {
      error: ({ input }) =>
        `must be an https URL, or an http URL on loopback, without credentials${quotedUnlessCredentials(input)}`,
    })
    .optional()
    .describe('URL of the issuer’s keys: https, or http on loopback.'),
  AUTH_JWT_PUBLIC_KEY_FILE: publicKeyFile
    .optional()
    .describe('File of a public key in PEM, instead of `AUTH_JWKS_URL`.'),
  AUTH_ACCOUNTS_CLAIM: z
    .string()
    .default('aws_accounts')
    .describe('Claim with the [permissions](../guides/authentication.md#permissions) of the viewer.'),
  AUTH_JWT_CLOCK_SKEW_MS: milliseconds(0)
    .default(60_000)
    .describe('How far the issuer’s clock may differ from this server’s.'),
  AUTH_JWT_MAX_BYTES: wholeNumber(256, 65_536).default(8_192).describe('Largest size of a token, in bytes.'),
  AUTH_JWKS_REFETCH_MS: milliseconds(0)
    .default(30_000)
    .describe('Shortest time between two fetches of the keys that tokens with an unknown key cause.'),
  AUTH_JWKS_RETRY_MS: milliseconds(1)
    .default(5_000)
    .describe('Time between attempts to fetch the keys while there are none.'),
};

const TRUST_POLICIES = {
  PROVISIONER_ROLE: z
    .string()
    .refine(isProvisionerRole, {
      error: ({ input }) => `${PROVISIONER_ROLE_MESSAGE}, not ${quoted(input)}`,
    })
    .optional()
    .describe(
      'Path and name of the role in management accounts that provisions, as in `ci/proton-provisioner`. Trust policies admit this role alone. Without it they admit every role and user of the management account.',
    ),
};

const LIMITS = {
  MAX_BODY_BYTES: wholeNumber(1_024, 1_073_741_824)
    .default(1_048_576)
    .describe('Size of a request’s body, in bytes.'),
  MAX_TOKENS: wholeNumber(1, MAX_LIMIT).default(2_000).describe('Tokens of a document.'),
  MAX_DEPTH: wholeNumber(1, MAX_LIMIT).default(12).describe('Levels of fields.'),
  MAX_ALIASES: wholeNumber(0, MAX_LIMIT).default(30).describe('Aliases.'),
  MAX_DIRECTIVES: wholeNumber(0, MAX_LIMIT).default(20).describe('Directives.'),
  MAX_REPRESENTATIONS: wholeNumber(1, MAX_LIMIT).default(1_000).describe('Representations in `_entities`.'),
  MAX_COST: wholeNumber(1, MAX_LIMIT)
    .default(10_000)
    .describe('Cost, [calculated from `@cost` and `@listSize`](limits.md).'),
  MAX_REPETITIONS: wholeNumber(1, MAX_LIMIT)
    .default(100)
    .describe('How often one selection set may select the same field, under any alias.'),
  MAX_VALIDATION_ERRORS: wholeNumber(1, MAX_LIMIT)
    .default(5)
    .describe('Validation errors that a response lists.'),
  MAX_IN_FLIGHT: wholeNumber(1, 1_000_000)
    .default(256)
    .describe('Requests that execute at a time. As many again wait; requests beyond that get `OVERLOADED`.'),
  SUBJECT_REQUESTS_PER_MINUTE: wholeNumber(1, MAX_LIMIT)
    .default(6_000)
    .describe('Requests per minute of one authenticated user.'),
  SUBJECT_COST_PER_MINUTE: wholeNumber(1, MAX_LIMIT)
    .default(1_000_000)
    .describe('Total cost per minute of one authenticated user’s requests.'),
};

const TIMEOUTS = {
  REQUEST_TIMEOUT_MS: milliseconds(1)
    .default(10_000)
    .describe(
      'How long the header of a request, and the whole request, may take to arrive, and the client may take to read the response.',
    ),
  KEEP_ALIVE_TIMEOUT_MS: milliseconds(1, MAX_KEEP_ALIVE_MS)
    .default(65_000)
    .describe('How long a connection may be idle.'),
  EXECUTION_TIMEOUT_MS: milliseconds(1)
    .default(10_000)
    .describe('How long a request may wait for execution, and then how long it may execute.'),
  SHUTDOWN_DELAY_MS: milliseconds(0)
    .default(0)
    .describe(
      'How long the server keeps serving after a signal, with readiness off, until load balancers notice.',
    ),
  SHUTDOWN_GRACE_MS: milliseconds(0)
    .default(10_000)
    .describe('How long requests in flight then have to complete.'),
  SHUTDOWN_SIGNAL_REPEAT_MS: milliseconds(0)
    .default(1_000)
    .describe(
      'A second signal within this time counts as the first one. A later one ends the process at once.',
    ),
};

/** The sections of the reference page, in its order. */
export const SECTIONS = [
  { title: 'Server', introduction: undefined, variables: SERVER },
  {
    title: 'Control plane and database',
    introduction: 'See [the store](store.md).',
    variables: CONTROL_PLANE,
  },
  {
    title: 'PostgreSQL',
    introduction: 'These need a `DATABASE_URL` of PostgreSQL. See [PostgreSQL](../guides/postgresql.md).',
    variables: POSTGRES,
  },
  {
    title: 'Proton endpoint for AWS clients',
    introduction: 'See [AWS clients](../guides/aws-clients.md).',
    variables: AWS_ENDPOINT,
  },
  {
    title: 'Events for other systems',
    introduction: 'Times are in milliseconds. See [events](../guides/events.md).',
    variables: EVENTS,
  },
  {
    title: 'A Proton endpoint elsewhere',
    introduction: 'These need `PROTON_UPSTREAM`. See [a control plane elsewhere](../guides/sdk-adapter.md).',
    variables: UPSTREAM,
  },
  {
    title: 'Authentication',
    introduction: 'See [authentication](../guides/authentication.md).',
    variables: AUTHENTICATION,
  },
  {
    title: 'Console',
    introduction: 'See [the console](../guides/console.md).',
    variables: CONSOLE,
  },
  {
    title: 'Trust policies',
    introduction: 'See [trust policies](../guides/trust-policies.md).',
    variables: TRUST_POLICIES,
  },
  {
    title: 'Limits',
    introduction: 'Each is a maximum. See [limits](limits.md).',
    variables: LIMITS,
  },
  {
    title: 'Subscriptions',
    introduction: 'See [subscriptions](../guides/subscriptions.md).',
    variables: SUBSCRIPTIONS,
  },
  { title: 'Timeouts', introduction: 'In milliseconds.', variables: TIMEOUTS },
] as const;

export const environmentSchema = z.object({
  ...SERVER,
  ...CONTROL_PLANE,
  ...POSTGRES,
  ...AWS_ENDPOINT,
  ...EVENTS,
  ...UPSTREAM,
  ...AUTHENTICATION,
  ...CONSOLE,
  ...TRUST_POLICIES,
  ...LIMITS,
  ...SUBSCRIPTIONS,
  ...TIMEOUTS,
});

/** The parsed variables. */
export type Variables = z.infer<typeof environmentSchema>;

/** Variables as the process has them. */
export type Environment = Readonly<Record<string, string | undefined>>;
