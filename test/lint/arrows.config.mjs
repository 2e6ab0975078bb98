import tseslint from 'typescript-eslint';

import config from '../../eslint.config.mjs';

/** Only the rule for imports between modules, because type-checked rules start slowly. */
export default [
  { files: ['**/*.ts'], languageOptions: { parser: tseslint.parser } },
  ...config.filter(({ plugins }) => plugins?.boundaries),
];
