import { useEffect, useRef, useState, type RefObject } from 'react';
import type { Result } from '../actions/perform';
import type { Failure } from '../graphql/failure';

export interface Submission {
  readonly sending: boolean;
  /** How the last sending failed; undefined before, and once it succeeded. */
  readonly problem: Problem | undefined;
  /** The form: after a failure the focus goes to its first wrong field. */
  readonly formRef: RefObject<HTMLFormElement | null>;
  readonly submit: () => void;
}

export type Problem = Extract<Result<unknown>, { ok: false }>;

/** The sending of a form. What was typed stays in its fields whatever happens. */
export function useSubmission(send: () => Promise<Result<unknown>>): Submission {
  const [sending, setSending] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const formRef = useRef<HTMLFormElement>(null);
  const submit = async (): Promise<void> => {
    if (sending) return;
    setSending(true);
    const result = await send();
    setSending(false);
    setProblem(result.ok ? undefined : result);
  };
  useEffect(() => {
    // Each sending that fails has a problem of its own, and its messages are on the page now.
    if (problem) formRef.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [problem]);
  return { sending, problem, formRef, submit: () => void submit() };
}

/** The server's answer to an input, as far as it says what is wrong with it. */
export interface Answer {
  readonly problem: Pick<Failure, 'message' | 'violations'> | undefined;
}

/** The server's messages for one field, by its path in the input. */
export function messageAt({ problem }: Answer, path: readonly string[]): string | undefined {
  const messages = (problem?.violations ?? [])
    .filter((violation) => violation.path.join('.') === path.join('.'))
    .map(({ message }) => message);
  return messages.length === 0 ? undefined : messages.join(' ');
}

/**
 * What to say above the fields: the message of a failure, and rules whose field the form does not show.
 * @param isShown whether a path of the input has a field
 */
export function messageOnTop({ problem }: Answer, isShown: (path: string) => boolean): string | undefined {
  if (!problem) return undefined;
  const { violations = [], message } = problem;
  if (violations.length === 0) return message;
  const elsewhere = violations
    .filter(({ path }) => !isShown(path.join('.')))
    .map((violation) => `${violation.path.join('.')}: ${violation.message}`);
  const count =
    violations.length === 1 ? '1 value is not valid.' : `${String(violations.length)} values are not valid.`;
  return [count, ...elsewhere].join(' ');
}
