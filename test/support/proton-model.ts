import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The constraints in Proton's public Smithy model. */

interface ModelShape {
  readonly type: string;
  readonly input?: { readonly target: string };
  readonly members?: Readonly<Record<string, ModelMember>>;
  readonly member?: ModelMember;
  readonly traits?: Traits;
}

interface ModelMember {
  readonly target: string;
  readonly traits?: Traits;
}

interface Traits {
  readonly 'smithy.api#required'?: object;
  readonly 'smithy.api#length'?: { readonly min?: number; readonly max?: number };
  readonly 'smithy.api#range'?: { readonly min: number; readonly max: number };
  readonly 'smithy.api#pattern'?: string;
  readonly 'smithy.api#enum'?: readonly { readonly value: string }[];
}

export interface Constraint {
  /** Without its namespace, as in `RoleArn`. */
  readonly shape: string;
  readonly type: string;
  readonly length: { readonly min: number; readonly max: number } | undefined;
  readonly range: { readonly min: number; readonly max: number } | undefined;
  readonly pattern: RegExp | undefined;
  readonly values: readonly string[] | undefined;
}

/** A place in an operation's input and its constraints. `*` in a path stands for each item of a list. */
export interface Place extends Constraint {
  readonly operation: string;
  readonly path: readonly string[];
  readonly required: boolean;
}

const { shapes } = JSON.parse(
  readFileSync(join(__dirname, '..', 'aws-api', 'proton-model.json'), 'utf8'),
) as { shapes: Record<string, ModelShape> };

const nameOf = (target: string) => target.split('#')[1] ?? target;

/** Every place in the input of every operation. */
export const PLACES: readonly Place[] = Object.entries(shapes)
  .filter(([, { type }]) => type === 'operation')
  .flatMap(([name, { input }]) => placesIn(nameOf(name), input?.target ?? '', []));

export const MODEL_OPERATIONS = [...new Set(PLACES.map(({ operation }) => operation))];

function placesIn(operation: string, target: string, path: readonly string[]): readonly Place[] {
  const shape = shapes[target];
  if (shape?.member) return placeOf(operation, shape.member, [...path, '*']);
  return Object.entries(shape?.members ?? {}).flatMap(([name, member]) =>
    placeOf(operation, member, [...path, name]),
  );
}

function placeOf(operation: string, member: ModelMember, path: readonly string[]): readonly Place[] {
  const place: Place = {
    operation,
    path,
    required: member.traits?.['smithy.api#required'] !== undefined,
    ...constraintOf(member.target),
  };
  return [place, ...placesIn(operation, member.target, path)];
}

function constraintOf(target: string): Constraint {
  const { type = 'string', traits = {} } = shapes[target] ?? {};
  const length = traits['smithy.api#length'];
  const pattern = traits['smithy.api#pattern'];
  return {
    shape: nameOf(target),
    type,
    length: length && { min: length.min ?? 0, max: length.max ?? Infinity },
    range: traits['smithy.api#range'],
    pattern: pattern === undefined ? undefined : new RegExp(pattern),
    values: traits['smithy.api#enum']?.map(({ value }) => value),
  };
}
