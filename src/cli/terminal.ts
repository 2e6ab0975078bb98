import Table from 'cli-table3';

import type { CommandContext, OutputStream } from './command';

/** A column of a table: its title, and on which side its cells line up. */
export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** Rows in columns that line up, one row a line, with nothing drawn around them: they can be read, searched and cut. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const lines = new Table({
    chars: BARE,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: columns.map(({ align = 'left' }) => align),
  });
  lines.push(
    columns.map(({ title }) => title),
    ...rows.map((row) => [...row]),
  );
  return `${lines
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')}\n`;
}

const BARE = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** What a file says, or is called, may be shown, but must not steer the terminal, nor turn the text around it. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, '\uFFFD');
}

/** The codes that turn a colour on; node:util's styleText would ask the process's own streams, and by version. */
const ON = { red: 31, yellow: 33 } as const;
const OFF = 39;

export type Paint = (colour: keyof typeof ON, text: string) => string;

/** Colours for a stream: only where a person reads along, and has not asked for none (https://no-color.org). */
export function paintFor(stream: OutputStream, { env }: CommandContext): Paint {
  const coloured = stream.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  return (colour, text) => (coloured ? `\u001b[${String(ON[colour])}m${text}\u001b[${String(OFF)}m` : text);
}
