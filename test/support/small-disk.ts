import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

function mount(folder: string, options: string): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'none', folder], { stdio: 'ignore' }).status === 0;
}

/** Why tests can't mount a file system of a chosen size here; undefined if they can. */
export const smallDiskMissing = canMount() ? undefined : 'this user can not mount a tmpfs here';

function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'proton-subgraph-mount-'));
  try {
    if (!mount(folder, 'size=64k')) return false;
    execFileSync('umount', [folder]);
    return true;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A file system in memory, mounted for one test; its size can be changed while it is in use. */
export function useSmallDisk() {
  let folder = '';
  afterEach(() => {
    if (folder === '') return;
    // Lazily, because a process that a failed test left behind may still have a file open.
    execFileSync('umount', ['--lazy', folder]);
    rmSync(folder, { recursive: true, force: true });
    folder = '';
  });
  return {
    path: (name: string) => join(folder, name),
    mount(kibibytes: number) {
      folder = mkdtempSync(join(tmpdir(), 'proton-subgraph-disk-'));
      if (!mount(folder, `size=${String(kibibytes)}k`)) throw new Error('the file system can not be mounted');
    },
    resize(kibibytes: number) {
      execFileSync('mount', ['-o', `remount,size=${String(kibibytes)}k`, folder]);
    },
  };
}
