import { join } from 'node:path';

/** The folder of this package. This file is one level below it, and so is the bundle that contains it. */
export const ROOT_FOLDER = join(__dirname, '..');
