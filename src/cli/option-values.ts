import { InvalidArgumentError } from 'commander';

import { splitParameter } from './import/given-parameters';
import type { GivenParameters } from './import/cloudformation/parameters';
import { isAccountId, isRegion, type AccountId, type Region } from '../proton/identifiers';

/** @throws InvalidArgumentError */
export function accountOption(value: string): AccountId {
  if (!isAccountId(value)) throw new InvalidArgumentError('It must be 12 digits.');
  return value;
}

/** @throws InvalidArgumentError */
export function regionOption(value: string): Region {
  if (!isRegion(value)) throw new InvalidArgumentError('It must be an AWS Region, as in eu-central-1.');
  return value;
}

/** Adds a `Key=Value` to those of the same option before it. @throws InvalidArgumentError */
export function parameterOption(word: string, before: GivenParameters = new Map()): GivenParameters {
  const [name, value] = splitParameter(word) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('It must be Key=Value.');
  if (before.has(name)) throw new InvalidArgumentError(`${name} is given twice.`);
  return new Map([...before, [name, value]]);
}
