/** Controls, formats such as those that turn the direction of writing, separators of lines, and halves of characters. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** What a caller chose, as it may stand in a log: on one line, and no longer than `most` characters. */
export function printable(text: string, most: number): string {
  return cut(text, most).replace(UNPRINTABLE, '\uFFFD');
}

/** The same for what has lines of its own. */
export function printableLines(text: string, most: number): string {
  return cut(text, most)
    .split('\n')
    .map((line) => line.replace(UNPRINTABLE, '\uFFFD'))
    .join('\n');
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}
