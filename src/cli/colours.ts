import { styleText } from 'node:util';

import type { OutputStream, Surroundings } from './surroundings';

export type Paint = (style: 'bold' | 'red' | 'green' | 'yellow' | 'dim', text: string) => string;

/** Colours for a stream: only where a person reads along, and has not asked for none (https://no-color.org). */
export function paintFor(stream: OutputStream, { env }: Surroundings): Paint {
  const coloured = stream.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  return (style, text) => (coloured ? styleText(style, text) : text);
}
