import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { DockerfileParser, type From, type Instruction, type ModifiableInstruction } from 'dockerfile-ast';

import { PROJECT } from '../support/server-process';

export interface Step {
  readonly keyword: string;
  /** Without flags. */
  readonly args: readonly string[];
  readonly flags: Readonly<Record<string, string>>;
  /** Everything after the keyword. */
  readonly text: string;
}

export interface Stage {
  readonly name: string;
  readonly from: string;
  readonly steps: readonly Step[];
}

const dockerfile = DockerfileParser.parse(readFileSync(join(PROJECT, 'Dockerfile'), 'utf8'));

/** The stages of the Dockerfile, in order. The last one becomes the image. */
export const stages: readonly Stage[] = dockerfile.getInstructions().reduce<Stage[]>((found, instruction) => {
  if (isFrom(instruction)) {
    const { text } = stepOf(instruction);
    const [, from = '', name = ''] = /^(\S+) AS (\S+)$/.exec(text) ?? [];
    return [...found, { name, from, steps: [] }];
  }
  const last = found.at(-1);
  return last ? [...found.slice(0, -1), { ...last, steps: [...last.steps, stepOf(instruction)] }] : found;
}, []);

/** The build arguments with their defaults. */
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

/** The steps with this keyword in the last stage. */
export const shipped = (keyword: string): readonly Step[] =>
  stages.at(-1)?.steps.filter((step) => step.keyword === keyword) ?? [];

/**
 * The words of a command in exec form, which runs without a shell.
 * @throws SyntaxError for the shell form
 */
export const execForm = ({ text }: Step): readonly string[] =>
  JSON.parse(text.slice(text.indexOf('['))) as readonly string[];

/** The variables that the image sets. */
export function imageEnvironment(): Readonly<Record<string, string>> {
  const pairs = shipped('ENV').flatMap(({ text }) => [...text.matchAll(/(\w+)=(\S+)/g)]);
  return Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value]));
}

const ALLOWED = readFileSync(join(PROJECT, '.dockerignore'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));

/** Whether .dockerignore allows a path. Supports only the rules that the file uses: `*`, and exceptions. */
export function isInBuildContext(path: string): boolean {
  const [first, ...rest] = ALLOWED;
  if (first !== '*' || rest.some((line) => !/^![\w./-]+$/.test(line)))
    throw new Error('.dockerignore has rules that this test does not know');
  return rest.some((line) => path === line.slice(1) || path.startsWith(`${line.slice(1)}/`));
}
