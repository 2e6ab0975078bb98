import { z } from 'zod';

import { StartError } from './start-error';

export interface Settings {
  readonly gatewayPort: number;
  readonly accountsPort: number;
}

const port = (defaultPort: number) => z.coerce.number().int().min(0).max(65_535).default(defaultPort);

const variables = z.object({ GATEWAY_PORT: port(4000), ACCOUNTS_PORT: port(4010) });

/**
 * Reads the example's own variables. proton-subgraph reads the others, such as PORT and DATABASE_URL.
 * @throws StartError with every mistake
 */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const nonEmpty = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = variables.safeParse(nonEmpty);
  if (!parsed.success) {
    const mistakes = parsed.error.issues.map(({ path }) => `${path.join('.')} must be a port, 0 to 65535.`);
    throw new StartError(mistakes.join('\n'));
  }
  return { gatewayPort: parsed.data.GATEWAY_PORT, accountsPort: parsed.data.ACCOUNTS_PORT };
}
