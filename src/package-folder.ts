import { join } from 'node:path';

/** The folder of this package. `src`, `dist` and the bundle are one level below it. */
export const PACKAGE_FOLDER = join(__dirname, '..');
