import { createReadStream } from 'node:fs';

import { isRoleArn } from '../../proton/identifiers';
import { CommandError } from '../command';
import { explainFileError } from '../files';
import type { GivenParameters } from './cloudformation/parameters';
import { parameterNamesIn } from './cloudformation/template';
import { isObject } from '../../proton/validation/values';
import { UnreadableError } from './formats/documents';
import { readDocuments } from './formats/read-documents';
import { utf8Text } from './formats/utf8';
import { wholeText, yamlContents } from './formats/yaml';
import type { InputFile } from './input-file';
import { problemPhrase } from './import-file';

/**
 * Combines the options `--parameters` and `--parameter`. `--parameter` takes precedence.
 * @throws CommandError
 */
export async function combinedParameters(
  given: GivenParameters = new Map(),
  file?: string,
): Promise<GivenParameters> {
  const parameters = new Map([...(file === undefined ? [] : await readParameterFile(file)), ...given]);
  for (const [name, value] of parameters) {
    if (name.includes('.') && !isRoleArn(value)) {
      throw new CommandError(
        `The parameter ${name} must be the ARN of a role, as in arn:aws:iam::111122223333:role/name, not ${JSON.stringify(value)}.`,
      );
    }
  }
  return parameters;
}

/** Splits `Key=Value` at its first `=`; undefined when there is no key or no `=`. */
export function splitParameter(word: string): readonly [name: string, value: string] | undefined {
  const separator = word.indexOf('=');
  return separator > 0 ? [word.slice(0, separator), word.slice(separator + 1)] : undefined;
}

async function readParameterFile(file: string): Promise<GivenParameters> {
  try {
    // JSON is YAML. The YAML reader keeps numbers as strings, and reports duplicate keys.
    const [content, ...others] = yamlContents(
      await wholeText(utf8Text(createReadStream(file)), 'is larger than 1 MiB'),
    );
    if (others.length > 0) throw new UnreadableError('has more than one document');
    return parametersIn(content?.content);
  } catch (error) {
    if (error instanceof UnreadableError)
      throw new CommandError(`The parameter file ${file} ${error.message}.`);
    throw new CommandError(`The parameter file ${file} can't be read: ${explainFileError(error)}.`);
  }
}

/** @throws UnreadableError */
function parametersIn(content: unknown): GivenParameters {
  const parameters = new Map<string, string>();
  for (const [name, value] of entriesIn(content)) {
    if (parameters.has(name)) throw new UnreadableError(`gives the parameter ${name} twice`);
    if (typeof value !== 'string') throw new UnreadableError(`must give the parameter ${name} a string`);
    parameters.set(name, value);
  }
  return parameters;
}

/** @throws UnreadableError */
function entriesIn(content: unknown): readonly (readonly [string, unknown])[] {
  if (isObject(content) && isObject(content['Parameters'])) return Object.entries(content['Parameters']);
  if (!Array.isArray(content)) throw new UnreadableError(`must contain ${SHAPES}`);
  return content.map((item: unknown): readonly [string, unknown] => {
    if (isObject(item) && typeof item['ParameterKey'] === 'string') {
      return [item['ParameterKey'], item['ParameterValue']];
    }
    const entry = typeof item === 'string' ? splitParameter(item) : undefined;
    if (!entry)
      throw new UnreadableError(`must contain ${SHAPES}, but has ${JSON.stringify(item)} in its list`);
    return entry;
  });
}

const SHAPES =
  'a list of objects with ParameterKey and ParameterValue, a list of "Key=Value", or an object with Parameters';

/**
 * Reads ahead which parameters the templates declare, so that a misspelt name is found before anything is imported.
 * @throws CommandError with the name of every parameter that no template declares
 */
export async function checkGivenParameters(
  inputs: readonly InputFile[],
  parameters: GivenParameters,
): Promise<void> {
  const unknown = new Set(parameters.keys());
  if (unknown.size === 0) return;
  const problems: string[] = [];
  for (const input of inputs) {
    try {
      for (const name of await parameterNamesInFile(input)) unknown.delete(name);
    } catch (error) {
      problems.push(`${input.file} ${problemPhrase(error)}`);
    }
  }
  if (unknown.size === 0) return;
  const names = [...unknown].join(', ');
  throw new CommandError(
    [
      `No template declares ${names}, so nothing was imported. Use the name in the section Parameters; for the ARN of a role, LogicalId.Arn with the role's name in the section Resources.`,
      ...problems,
    ].join('\n'),
  );
}

async function parameterNamesInFile({ lookAhead }: InputFile): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const items of readDocuments(lookAhead())) {
    // A file with connections has no templates, and may be very long.
    if (items.some(({ kind }) => kind === 'record')) break;
    names.push(...items.flatMap((item) => (item.kind === 'template' ? parameterNamesIn(item.template) : [])));
  }
  return names;
}
