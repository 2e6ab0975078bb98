/** Control characters, format characters such as those that change the writing direction, line separators and lone surrogates. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Makes a client's text safe for a log: one line of at most `max` characters. */
export function printable(text: string, max: number): string {
  return truncated(text, max).replace(UNPRINTABLE, '\uFFFD');
}

/** Like `printable`, but keeps line breaks. */
export function printableLines(text: string, max: number): string {
  return truncated(text, max)
    .split('\n')
    .map((line) => line.replace(UNPRINTABLE, '\uFFFD'))
    .join('\n');
}

function truncated(text: string, max: number): string {
  return text.length > max ? `${text.slice(0, max)}…` : text;
}
