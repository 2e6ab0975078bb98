import tseslint from 'typescript-eslint';

import config from '../../eslint.config.mjs';

/** The project's own rule about rooms, without the type-checked rules beside it, which take long to start. */
export default [
  { files: ['**/*.ts'], languageOptions: { parser: tseslint.parser } },
  ...config.filter(({ plugins }) => plugins?.boundaries),
];
