import { z } from 'zod';

import { StartError } from './start-error';

export interface Settings {
  readonly gatewayPort: number;
  readonly accountsPort: number;
}

const port = (usual: number) => z.coerce.number().int().min(0).max(65_535).default(usual);

const variables = z.object({ GATEWAY_PORT: port(4000), ACCOUNTS_PORT: port(4010) });

/**
 * What the example itself takes from the environment; PORT, DATABASE_URL and the rest are for proton-subgraph to read.
 * @throws StartError with every mistake
 */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = variables.safeParse(given);
  if (!parsed.success) {
    const mistakes = parsed.error.issues.map(({ path }) => `${path.join('.')} must be a port, 0 to 65535.`);
    throw new StartError(mistakes.join('\n'));
  }
  return { gatewayPort: parsed.data.GATEWAY_PORT, accountsPort: parsed.data.ACCOUNTS_PORT };
}
