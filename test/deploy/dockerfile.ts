import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { DockerfileParser, type From, type Instruction, type ModifiableInstruction } from 'dockerfile-ast';

import { PROJECT } from '../support/server-process';

export interface Step {
  readonly keyword: string;
  /** Without flags. */
  readonly args: readonly string[];
  readonly flags: Readonly<Record<string, string>>;
  /** All of it after the keyword, as it is written. */
  readonly text: string;
}

export interface Stage {
  readonly name: string;
  readonly from: string;
  readonly steps: readonly Step[];
}

const dockerfile = DockerfileParser.parse(readFileSync(join(PROJECT, 'Dockerfile'), 'utf8'));

/** The stages of the Dockerfile, in order; the last is what is shipped. */
export const stages: readonly Stage[] = dockerfile.getInstructions().reduce<Stage[]>((found, instruction) => {
  if (isFrom(instruction)) {
    const { text } = stepOf(instruction);
    const [, from = '', name = ''] = /^(\S+) AS (\S+)$/.exec(text) ?? [];
    return [...found, { name, from, steps: [] }];
  }
  const last = found.at(-1);
  return last ? [...found.slice(0, -1), { ...last, steps: [...last.steps, stepOf(instruction)] }] : found;
}, []);

/** What the build may be told, with its default. */
export const buildArguments: Readonly<Record<string, string>> = Object.fromEntries(
  dockerfile.getInitialARGs().map((arg) => {
    const property = arg.getProperty();
    return [property?.getName() ?? '', property?.getValue() ?? ''] as const;
  }),
);

function isFrom(instruction: Instruction): instruction is From {
  return instruction.getKeyword() === 'FROM';
}

function isModifiable(instruction: Instruction): instruction is ModifiableInstruction {
  return 'getFlags' in instruction;
}

function stepOf(instruction: Instruction): Step {
  const flags = isModifiable(instruction) ? instruction.getFlags() : [];
  return {
    keyword: instruction.getKeyword(),
    args: instruction
      .getArguments()
      .map((argument) => argument.getValue())
      .filter((argument) => !argument.startsWith('--')),
    flags: Object.fromEntries(flags.map((flag) => [flag.getName(), flag.getValue() ?? ''])),
    text: instruction.getArgumentsContent() ?? '',
  };
}

/** The steps of one kind in the stage that is shipped. */
export const shipped = (keyword: string): readonly Step[] =>
  stages.at(-1)?.steps.filter((step) => step.keyword === keyword) ?? [];

/**
 * The words of a command that runs without a shell.
 * @throws SyntaxError where it is written for one
 */
export const execForm = ({ text }: Step): readonly string[] =>
  JSON.parse(text.slice(text.indexOf('['))) as readonly string[];

/** The variables that the image sets. */
export function imageEnvironment(): Readonly<Record<string, string>> {
  const pairs = shipped('ENV').flatMap(({ text }) => [...text.matchAll(/(\w+)=(\S+)/g)]);
  return Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value]));
}

const ADMITTED = readFileSync(join(PROJECT, '.dockerignore'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));

/** Whether a path of the project reaches the build. Only as much of the rules as the file uses: all is left out but what is named. */
export function isAdmitted(path: string): boolean {
  const [first, ...rest] = ADMITTED;
  if (first !== '*' || rest.some((line) => !/^![\w./-]+$/.test(line)))
    throw new Error('.dockerignore has rules that this test does not know');
  return rest.some((line) => path === line.slice(1) || path.startsWith(`${line.slice(1)}/`));
}
