/** Shows progress on a terminal, in one line that is overwritten. Prints nothing elsewhere. */
export interface Progress {
  readonly show: (what: string) => void;
  /** Prints text that stays, to standard output. */
  readonly print: (text: string) => void;
  readonly clear: () => void;
}

export function createProgress(terminal: NodeJS.WriteStream): Progress {
  const ERASE_LINE = '\r\u001B[K';
  const started = Date.now();

  function clear(): void {
    if (terminal.isTTY) terminal.write(ERASE_LINE);
  }

  return {
    show(what) {
      if (!terminal.isTTY) return;
      const seconds = Math.round((Date.now() - started) / 1000);
      terminal.write(`${ERASE_LINE}${String(seconds).padStart(4)} s  ${what}`);
    },
    print(text) {
      clear();
      console.log(text);
    },
    clear,
  };
}
