import { authenticationMistakes, isAuthenticated } from './authentication-conflicts';
import { HOST_NAME, isLoopback } from './env-types';
import {
  DEFAULT_ADMIN_PORT,
  DEFAULT_ENDPOINT_PORT,
  DEFAULT_HOST,
  DEFAULT_PORT,
  type Given,
} from './environment';

/**
 * What is wrong between variables, each of which may be right by itself. Judged on what was given and not on what was parsed, so that
 * it is told whatever else is wrong.
 */
export function conflictsIn(given: Given): readonly string[] {
  return [
    ...openAddressMistakes(given),
    ...portMistakes(given),
    ...authenticationMistakes(given),
    ...endpointMistakes(given),
    ...adapterMistakes(given),
  ];
}

/** Where the endpoint listens and how it knows its callers, with what is left open filled in. */
export function endpointManners({
  HOST,
  PROTON_ENDPOINT_HOST: host = HOST ?? DEFAULT_HOST,
  PROTON_ENDPOINT_AUTH: auth = isLoopback(host) ? 'none' : 'sigv4',
}: {
  readonly HOST?: string | undefined;
  readonly PROTON_ENDPOINT_HOST?: string | undefined;
  readonly PROTON_ENDPOINT_AUTH?: string | undefined;
}): { readonly host: string; readonly auth: string } {
  return { host, auth };
}

function openAddressMistakes(given: Given): readonly string[] {
  const { HOST = DEFAULT_HOST, ALLOW_UNAUTHENTICATED } = given;
  if (isAuthenticated(given)) return [];
  if (!HOST_NAME.test(HOST) || isLoopback(HOST) || ALLOW_UNAUTHENTICATED === 'true') return [];
  return [
    `HOST is ${HOST}, where everyone who reaches this machine could change connections, for there is no authentication. ` +
      'Set ROUTER_SECRET, listen on 127.0.0.1, or set ALLOW_UNAUTHENTICATED=true if that is what you want.',
  ];
}

/** Two servers can't share a port. `0` is a different one each time. */
function portMistakes(given: Given): readonly string[] {
  const { PORT = String(DEFAULT_PORT), ADMIN_PORT = String(DEFAULT_ADMIN_PORT) } = given;
  const endpointPort =
    given['PROTON_ENDPOINT'] === undefined
      ? (given['PROTON_ENDPOINT_PORT'] ?? String(DEFAULT_ENDPOINT_PORT))
      : 'off';
  const taken = new Map([[PORT, 'PORT']]);
  const mistakes: string[] = [];
  for (const [name, port] of [
    ['PROTON_ENDPOINT_PORT', endpointPort],
    ['ADMIN_PORT', ADMIN_PORT],
  ] as const) {
    const other = taken.get(port);
    if (other !== undefined && port !== '0' && port !== 'off')
      mistakes.push(`${name} is ${port}, and so is ${other}: they need ports of their own.`);
    taken.set(port, name);
  }
  return mistakes;
}

function endpointMistakes(given: Given): readonly string[] {
  const { PROTON_ENDPOINT, ACCESS_KEY_ENCRYPTION_KEY } = given;
  if (PROTON_ENDPOINT !== undefined || given['PROTON_ENDPOINT_PORT'] === 'off') return [];
  const { host, auth } = endpointManners(given);
  if (auth === 'none' && HOST_NAME.test(host) && !isLoopback(host)) {
    return [
      `PROTON_ENDPOINT_AUTH is none, and the Proton endpoint would listen on ${host}, where everyone could act as any account. ` +
        'Set it to sigv4, or set PROTON_ENDPOINT_HOST to 127.0.0.1.',
    ];
  }
  if (auth === 'sigv4' && ACCESS_KEY_ENCRYPTION_KEY === undefined) {
    return [
      'ACCESS_KEY_ENCRYPTION_KEY must be set where callers of the Proton endpoint sign their requests, as they do with ' +
        `PROTON_ENDPOINT_AUTH=sigv4, and without it on any address but loopback (here: ${host}). Make one with \`openssl rand -base64 32\` ` +
        'and keep it, or turn the endpoint off with PROTON_ENDPOINT_PORT=off.',
    ];
  }
  return [];
}

/** What goes with one adapter and not with the other, and what the SDK's must be told. */
function adapterMistakes(given: Given): readonly string[] {
  const { PROTON_ENDPOINT, PROTON_ACCOUNTS, PROTON_REGIONS, AWS_REGION, PROTON_DEFAULT_ACCOUNT_ID } = given;
  const { AWS_ACCOUNT_ROLE_ARN_TEMPLATE, AWS_ACCOUNT_PROFILE_TEMPLATE } = given;
  const accounts = partsOf(PROTON_ACCOUNTS);
  if (PROTON_ENDPOINT === undefined) {
    return [
      'PROTON_ACCOUNTS',
      'PROTON_REGIONS',
      'AWS_ACCOUNT_ROLE_ARN_TEMPLATE',
      'AWS_ACCOUNT_PROFILE_TEMPLATE',
    ]
      .filter((name) => given[name] !== undefined)
      .map(
        (name) =>
          `${name} is for a Proton endpoint elsewhere, which PROTON_ENDPOINT would name; it isn't set.`,
      );
  }
  const mistakes = [
    'DATABASE_URL',
    'PROTON_CONNECTION_QUOTA',
    'PROTON_ENDPOINT_PORT',
    'PROTON_ENDPOINT_HOST',
    'PROTON_ENDPOINT_AUTH',
  ]
    .filter((name) => given[name] !== undefined && given[name] !== 'off')
    .map((name) => `${name} is for the control plane in this process; with PROTON_ENDPOINT there is none.`);
  if (accounts.length === 0) {
    mistakes.push(
      'PROTON_ACCOUNTS must name the accounts whose connections are served, where PROTON_ENDPOINT is set.',
    );
  }
  if (
    accounts.length > 1 &&
    AWS_ACCOUNT_ROLE_ARN_TEMPLATE === undefined &&
    AWS_ACCOUNT_PROFILE_TEMPLATE === undefined
  ) {
    mistakes.push(
      'PROTON_ACCOUNTS names several accounts, and the default credentials are those of one. Set AWS_ACCOUNT_ROLE_ARN_TEMPLATE to a role in each, or AWS_ACCOUNT_PROFILE_TEMPLATE to a profile for each.',
    );
  }
  if (AWS_ACCOUNT_ROLE_ARN_TEMPLATE !== undefined && AWS_ACCOUNT_PROFILE_TEMPLATE !== undefined) {
    mistakes.push(
      'AWS_ACCOUNT_PROFILE_TEMPLATE and AWS_ACCOUNT_ROLE_ARN_TEMPLATE are two ways to the same credentials; set one.',
    );
  }
  if (
    AWS_REGION !== undefined &&
    PROTON_REGIONS !== undefined &&
    !partsOf(PROTON_REGIONS).includes(AWS_REGION)
  ) {
    mistakes.push(`AWS_REGION is ${AWS_REGION}, which is not among PROTON_REGIONS.`);
  }
  if (
    PROTON_DEFAULT_ACCOUNT_ID !== undefined &&
    accounts.length > 0 &&
    !accounts.includes(PROTON_DEFAULT_ACCOUNT_ID)
  ) {
    mistakes.push(
      `PROTON_DEFAULT_ACCOUNT_ID is ${PROTON_DEFAULT_ACCOUNT_ID}, which is not among PROTON_ACCOUNTS.`,
    );
  }
  return mistakes;
}

function partsOf(list: string | undefined): readonly string[] {
  return (list ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);
}
