import tseslint from 'typescript-eslint';

import config from '../../eslint.config.mjs';

/** The rule about imports between modules alone: the type-checked rules beside it take long to start. */
export default [
  { files: ['**/*.ts'], languageOptions: { parser: tseslint.parser } },
  ...config.filter(({ plugins }) => plugins?.boundaries),
];
