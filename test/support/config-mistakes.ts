import { ConfigError, readConfig } from '../../src/config/config';

/** What the configuration says is wrong with environment variables; nothing if it accepts them. */
export function mistakesIn(environment: Readonly<Record<string, string>>): readonly string[] {
  try {
    readConfig(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
}
