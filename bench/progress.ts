/** Shows progress on a terminal, in one line that is overwritten. Prints nothing elsewhere. */
export interface Progress {
  readonly show: (what: string) => void;
  readonly clear: () => void;
}

export function createProgress(terminal: NodeJS.WriteStream): Progress {
  const ERASE_LINE = '\r\u001B[K';
  const started = Date.now();
  return {
    show(what) {
      if (!terminal.isTTY) return;
      const seconds = Math.round((Date.now() - started) / 1000);
      terminal.write(`${ERASE_LINE}${String(seconds).padStart(4)} s  ${what}`);
    },
    clear() {
      if (terminal.isTTY) terminal.write(ERASE_LINE);
    },
  };
}
