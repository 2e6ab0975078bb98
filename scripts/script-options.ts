import { parseArgs, type ParseArgsConfig } from 'node:util';

/**
 * Reads the options of a script from its command line. With `--help` it prints the help and ends the process; with options that it
 * does not know, it says so and ends the process with code 2.
 */
export function scriptOptions<Options extends NonNullable<ParseArgsConfig['options']>>(
  help: string,
  options: Options,
) {
  if (process.argv.includes('--help')) {
    console.log(help);
    process.exit();
  }
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\nTry --help.`);
    process.exit(2);
  }
}

/** A whole number from an option. Otherwise it says so and ends the process with code 2. */
export function wholeNumber(name: string, value: string, min: number): number {
  const number = Number(value);
  if (value.trim() !== '' && Number.isSafeInteger(number) && number >= min) return number;
  console.error(
    `--${name} must be a whole number from ${String(min)}, not ${JSON.stringify(value)}.\nTry --help.`,
  );
  process.exit(2);
}

export function randomSeed(): string {
  return String(Math.floor(Math.random() * 2 ** 31));
}
