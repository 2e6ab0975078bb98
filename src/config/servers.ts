import { HOST_NAME, isLoopback } from './env-types';
import {
  DEFAULT_ADMIN_PORT,
  DEFAULT_ENDPOINT_PORT,
  DEFAULT_HOST,
  DEFAULT_PORT,
  type Environment,
} from './environment';

/** Conflicts between the variables that say where servers listen. */
export function serverMistakes(environment: Environment, authenticated: boolean): readonly string[] {
  return [...openAddressMistakes(environment, authenticated), ...portMistakes(environment)];
}

function openAddressMistakes(environment: Environment, authenticated: boolean): readonly string[] {
  const { HOST = DEFAULT_HOST, ALLOW_UNAUTHENTICATED } = environment;
  if (authenticated) return [];
  if (!HOST_NAME.test(HOST) || isLoopback(HOST) || ALLOW_UNAUTHENTICATED === 'true') return [];
  return [
    `HOST is ${HOST}, where everyone who reaches this machine could change connections: there is no authentication. ` +
      'Set ROUTER_SECRET, listen on 127.0.0.1, or set ALLOW_UNAUTHENTICATED=true if that is what you want.',
  ];
}

/** Two servers can't share a port, unless it is `0`, which is a free one each time. */
function portMistakes(environment: Environment): readonly string[] {
  const { PORT = String(DEFAULT_PORT), ADMIN_PORT = String(DEFAULT_ADMIN_PORT) } = environment;
  const endpointPort =
    environment['PROTON_UPSTREAM'] === undefined
      ? (environment['PROTON_ENDPOINT_PORT'] ?? String(DEFAULT_ENDPOINT_PORT))
      : 'off';
  const taken = new Map([[PORT, 'PORT']]);
  const mistakes: string[] = [];
  for (const [name, port] of [
    ['PROTON_ENDPOINT_PORT', endpointPort],
    ['ADMIN_PORT', ADMIN_PORT],
    ['CONSOLE_PORT', environment['CONSOLE_PORT'] ?? 'off'],
  ] as const) {
    const other = taken.get(port);
    if (other !== undefined && port !== '0' && port !== 'off')
      mistakes.push(`${name} is ${port}, and so is ${other}: they need ports of their own.`);
    taken.set(port, name);
  }
  return mistakes;
}
