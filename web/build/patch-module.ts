import type { Plugin } from 'vite';

interface Patch {
  readonly name: string;
  /** The path of the module of a package. */
  readonly module: RegExp;
  /** @returns undefined if the code has nothing to patch any more */
  readonly change: (code: string) => string | undefined;
}

/** Changes one module of a package. Fails the build when the package no longer has what it changes. */
export function patchModule({ name, module, change }: Patch): Plugin {
  let isPatched = false;
  return {
    name,
    transform: {
      filter: { id: module },
      handler(code) {
        const changed = change(code);
        isPatched = changed !== undefined;
        return { code: changed ?? code, map: null };
      },
    },
    buildEnd(error) {
      if (!error && !isPatched)
        this.error(`${module.source} has nothing for ${name} any more. Remove this plugin.`);
    },
  };
}
