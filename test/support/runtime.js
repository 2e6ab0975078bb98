const { createRequire } = require('node:module');
const { compileFunction } = require('node:vm');
const { default: Runtime } = require('jest-runtime');

/**
 * Loads packages as Node does, once per worker. Jest would evaluate zod, fastify, Apollo and the others again for each test
 * file, which took a third of all CPU time. Only this project's files, and Jest's runner, are fresh in each test file.
 */
module.exports = class extends Runtime {
  constructor(...args) {
    super(...args);
    const { executor } = this;
    // Jest's own compiles for another context, whose Error and Array are not those of the packages.
    executor.compile = (source, filename) =>
      compileFunction(source, executor.injectedModuleParameters, { filename });
  }

  requireModule(from, name, ...options) {
    const isPackage = name !== undefined && /^[\w@]/.test(name);
    return isPackage ? createRequire(from)(name) : super.requireModule(from, name, ...options);
  }
};
