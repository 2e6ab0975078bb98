import type { OutputStream, Surroundings } from './command';

/** The codes that turn a colour on; node:util's styleText would ask the process's own streams, and by version. */
const ON = { red: 31, yellow: 33 } as const;
const OFF = 39;

export type Paint = (colour: keyof typeof ON, text: string) => string;

/** Colours for a stream: only where a person reads along, and has not asked for none (https://no-color.org). */
export function paintFor(stream: OutputStream, { env }: Surroundings): Paint {
  const coloured = stream.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  return (colour, text) => (coloured ? `\u001b[${String(ON[colour])}m${text}\u001b[${String(OFF)}m` : text);
}
