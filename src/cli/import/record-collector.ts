import { type ImportRecord, Refusals } from '../../control-plane/import/import-store';
import type { Deployment } from './cloudformation/parameters';
import { declarationsIn } from './cloudformation/template';
import type { DocumentItem } from './formats/documents';
import { parseRecord } from './record';

/** Problems with a file as a whole that are listed. The rest are counted. */
const MAX_PROBLEMS = 100;

export type RecordCollector = ReturnType<typeof createRecordCollector>;

/** Parses the items of one file into numbered records, and collects everything that is wrong with them. */
export function createRecordCollector(deployment: Deployment) {
  const refusals = new Refusals();
  const problems: string[] = [];
  let moreProblems = 0;
  const notes: string[] = [];
  const kinds = new Set<ImportRecord['kind']>();
  let count = 0;

  function addProblem(phrase: string): void {
    if (problems.length < MAX_PROBLEMS) problems.push(phrase);
    else moreProblems += 1;
  }

  function addNote(text: string): void {
    if (!notes.includes(text)) notes.push(text);
  }

  function recordsOf(item: DocumentItem): readonly ImportRecord[] {
    switch (item.kind) {
      case 'problem':
        addProblem(item.reason);
        return [];
      case 'note':
        addNote(item.text);
        return [];
      case 'record': {
        kinds.add('connection');
        const location = { record: (count += 1) };
        const parsed = parseRecord(item.value, item.source);
        if ('connection' in parsed) return [{ kind: 'connection', location, connection: parsed.connection }];
        refusals.add({ location, ...parsed });
        return [];
      }
      case 'template': {
        kinds.add('declaration');
        const template = declarationsIn(item.template, deployment);
        template.problems.forEach(addProblem);
        template.notes.forEach(addNote);
        return template.declarations.flatMap(({ logicalId, line, declaration }): readonly ImportRecord[] => {
          const location = { record: (count += 1), logicalId, line };
          if (!('reasons' in declaration)) return [{ kind: 'declaration', location, declaration }];
          refusals.add({ location, reasons: declaration.reasons });
          return [];
        });
      }
    }
  }

  return {
    addProblem,
    problems,
    moreProblems: () => moreProblems,
    notes,
    refusals,
    count: () => count,
    parse: (items: readonly DocumentItem[]) => items.flatMap(recordsOf),
    /** Call after the last item. */
    finish() {
      if (kinds.size > 1) addProblem('has both connections and templates; import them as separate files');
    },
  };
}
