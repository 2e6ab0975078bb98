import { InvalidArgumentError } from 'commander';

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
