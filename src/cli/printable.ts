/** What a file says, or is called, may be shown, but must not steer the terminal, nor turn the text around it. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, '\uFFFD');
}
