import Table from 'cli-table3';

import type { CommandContext, OutputStream } from './command';

/** Replaces control characters in a file's name or content, so that it can't control the terminal or change the text direction. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, '\uFFFD');
}

/** ANSI codes. `styleText` of node:util would check the streams of the process instead of the given one. */
const START_COLOUR = { red: 31, yellow: 33 } as const;
const DEFAULT_COLOUR = 39;

export type Paint = (colour: keyof typeof START_COLOUR, text: string) => string;

/** Colours text if the stream is a terminal and NO_COLOR (https://no-color.org) is not set. */
export function paintFor(stream: OutputStream, { env }: CommandContext): Paint {
  const coloured = stream.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  return (colour, text) =>
    coloured ? `\u001b[${String(START_COLOUR[colour])}m${text}\u001b[${String(DEFAULT_COLOUR)}m` : text;
}

/** A column of a table. */
export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** A table without borders, one row a line, for reading as well as for `grep` and `cut`. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const lines = new Table({
    chars: NO_BORDERS,
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

const NO_BORDERS = {
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
