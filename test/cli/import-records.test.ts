import { mkdirSync } from 'node:fs';

import fc from 'fast-check';

import type { DocumentItem } from '../../src/cli/import/formats/documents';
import { readDocuments } from '../../src/cli/import/formats/read-documents';
import { command } from './command';
import { got, ID, listed, OTHER_ID, record, useImports } from './import-fixture';

const { importContent, stored, importFiles, file, folder } = useImports();

const ROW = {
  id: ID,
  region: 'us-east-1',
  status: 'CONNECTED',
  environment_name: 'payments-staging',
  management_account_id: '111111111111',
  environment_account_id: '222222222222',
  role_arn: 'arn:aws:iam::222222222222:role/proton-provisioning',
  component_role_arn: null,
  codebuild_role_arn: null,
  requested_at: Date.UTC(2024, 2, 4, 16, 41, 2, 481),
  last_modified_at: Date.UTC(2024, 2, 5, 9, 12, 44, 105),
  tags: '[]',
};

describe('Importing what the aws CLI printed', () => {
  it('keeps id, Region, status, roles and times, and records the import in the history', async () => {
    const before = Date.now();
    expect(await importContent(listed(record()))).toMatchObject({ result: 'taken', read: 1, new: 1 });
    const { connections, events } = stored();
    expect(connections).toEqual([ROW]);
    expect(events).toEqual([
      {
        connection_id: ID,
        type: 'IMPORTED',
        status: 'CONNECTED',
        previous_status: null,
        actor: 'import',
        occurred_at: expect.any(Number) as number,
      },
    ]);
    expect(Number(events[0]?.['occurred_at'])).toBeGreaterThanOrEqual(before);
  });

  const one = record();
  const two = record({ id: OTHER_ID, environmentName: 'other' });
  it.each<[string, unknown]>([
    ['a list', listed(one, two)],
    [
      'a list with unknown members, nulls and pages',
      { ...listed({ ...one, x: { y: [] }, componentRoleArn: null }, two), nextToken: null },
    ],
    [
      'what get printed, one after the other',
      `${JSON.stringify(got(one), null, 4)}\n${JSON.stringify(got(two), null, 4)}\n`,
    ],
    ['an array of lists', [listed(one), listed(), listed(two)]],
    ['an array of records and documents', [one, got(two)]],
    ['records, one per line', `${JSON.stringify(one)}\n${JSON.stringify(two)}`],
    ['documents without anything between them', JSON.stringify(listed(one)) + JSON.stringify([two])],
    ['a byte order mark and blank lines first', `\uFEFF\r\n\t ${JSON.stringify(listed(one, two))}`],
    [
      'YAML, as --output yaml prints it',
      `environmentAccountConnections:\n${[one, two]
        .map(
          (each) =>
            `- ${Object.entries(each)
              .map(([key, value]) => `${key}: '${String(value)}'`)
              .join('\n  ')}\n`,
        )
        .join('')}`,
    ],
  ])('imports %s', async (_form, content) => {
    expect(await importContent(content)).toMatchObject({ result: 'taken', read: 2, new: 2, refused: 0 });
    expect(stored().connections).toEqual([ROW, { ...ROW, id: OTHER_ID, environment_name: 'other' }]);
  });

  it.each<[string, unknown]>([
    [
      'a bare list in YAML',
      `- id: ${ID}\n${Object.entries(one)
        .filter(([key]) => key !== 'id')
        .map(([key, value]) => `  ${key}: ${String(value)}\n`)
        .join('')}`,
    ],
    ['a bare list in JSON', [one]],
    [
      'epoch seconds in YAML',
      `environmentAccountConnection:\n${Object.entries({
        ...one,
        requestedAt: 1709570462.4819,
        lastModifiedAt: 1709629964.105,
      })
        .map(([key, value]) => `  ${key}: ${String(value)}\n`)
        .join('')}`,
    ],
    [
      'an empty string for a role, which means no role',
      { ...one, componentRoleArn: '', codebuildRoleArn: '' },
    ],
  ])('imports %s', async (_form, content) => {
    expect(await importContent(content)).toMatchObject({ result: 'taken', read: 1, new: 1 });
    expect(stored().connections).toEqual([ROW]);
  });

  it('reads the same items from a file, however it is split into chunks', async () => {
    const text = JSON.stringify([
      listed(record({ tags: [{ key: 'größe', value: '東京 𠮷' }] })),
      got(record({ id: OTHER_ID, environmentName: 'other', tags: [{ key: 'a', value: '\u00e9' }] })),
    ]);
    const bytes = Buffer.from(`\uFEFF${text}`);
    const findingsOf = async (pieces: readonly Buffer[]) => {
      const found: DocumentItem[] = [];
      async function* chunks() {
        yield* await Promise.resolve(pieces);
      }
      for await (const some of readDocuments(chunks())) found.push(...some);
      return found;
    };
    const whole = await findingsOf([bytes]);
    expect(whole).toHaveLength(2);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 40 }), async (cuts) => {
        const sorted = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        const pieces = sorted.slice(1).map((cut, index) => bytes.subarray(sorted[index], cut));
        expect(await findingsOf(pieces)).toEqual(whole);
      }),
      { numRuns: 50 },
    );
  });

  it('reads standard input', async () => {
    const { code, files } = await importFiles(['-'], { stdin: JSON.stringify(listed(record())) });
    expect(code).toBe(0);
    expect(files).toMatchObject([{ file: '-', result: 'taken', new: 1 }]);
  });

  it('notes that a page is not the whole list', async () => {
    const report = await importContent({ ...listed(record()), nextToken: 'abc' });
    expect(report.result).toBe('taken');
    expect(report.notes).toEqual([expect.stringContaining('the rest is not in it')]);
  });

  it('applies no quota to records', async () => {
    const many = Array.from({ length: 1001 }, (_, index) =>
      record({
        id: `a1b2c3d4-5678-4abc-9def-${String(index).padStart(12, '0')}`,
        environmentName: `e${String(index)}`,
      }),
    );
    expect(await importContent(listed(...many))).toMatchObject({ result: 'taken', new: 1001 });
  });

  it('reads the partition and the Region from the ARN', async () => {
    const china = record({
      region: 'cn-north-1',
      arn: `arn:aws-cn:proton:cn-north-1:222222222222:environment-account-connection/${ID}`,
      roleArn: 'arn:aws-cn:iam::222222222222:role/proton',
    });
    expect(await importContent(china)).toMatchObject({ result: 'taken', new: 1 });
    expect(stored().connections).toMatchObject([{ region: 'cn-north-1' }]);
  });
});

describe('A file with connections that the store already has', () => {
  it('changes nothing, and adds nothing to the history', async () => {
    const file = listed(record(), record({ id: OTHER_ID, environmentName: 'other', status: 'REJECTED' }));
    await importContent(file);
    const before = stored();
    expect(await importContent(file)).toMatchObject({ result: 'taken', read: 2, new: 0, unchanged: 2 });
    expect(stored()).toEqual(before);
  });

  it('counts a connection once that is in a list and a get, and imports the role that only the get contains', async () => {
    const codebuildRoleArn = 'arn:aws:iam::222222222222:role/build';
    for (const documents of [
      [listed(record()), got(record({ codebuildRoleArn }))],
      [got(record({ codebuildRoleArn })), listed(record())],
    ]) {
      expect(await importContent(documents)).toMatchObject({ result: 'taken', read: 2 });
    }
    const { connections, events } = stored();
    expect(connections).toEqual([{ ...ROW, codebuild_role_arn: codebuildRoleArn }]);
    expect(events).toHaveLength(1);
  });

  it('keeps tags that only one of two records of a connection has, in either order', async () => {
    const tags = [{ key: 'a', value: 'b' }];
    for (const [index, documents] of [
      [record({ tags }), listed(record())],
      [listed(record()), record({ tags })],
    ].entries()) {
      const env = { DATABASE_URL: `sqlite:${folder.path(`tags-${String(index)}.db`)}` };
      await importFiles([file('both.json', documents)], { env });
      const { stdout } = await command(['export'], { env });
      expect(JSON.parse(stdout)).toMatchObject({ environmentAccountConnections: [{ tags }] });
    }
  });

  it('completes a connection with the CodeBuild role that a list does not carry, and records that', async () => {
    const codebuildRoleArn = 'arn:aws:iam::222222222222:role/build';
    await importContent(listed(record()));
    expect(await importContent(got(record({ codebuildRoleArn })))).toMatchObject({
      result: 'taken',
      completed: 1,
      new: 0,
    });
    expect(stored().connections).toEqual([{ ...ROW, codebuild_role_arn: codebuildRoleArn }]);
    expect(stored().events.map(({ status, previous_status }) => [status, previous_status])).toEqual([
      ['CONNECTED', null],
      ['CONNECTED', 'CONNECTED'],
    ]);
    expect(await importContent(listed(record()))).toMatchObject({ unchanged: 1, completed: 0 });
    expect(await importContent(got(record({ codebuildRoleArn })))).toMatchObject({
      unchanged: 1,
      completed: 0,
    });
  });

  it('ignores the order of tags, and treats missing tags as unknown', async () => {
    const tags = [
      { key: 'a', value: '1' },
      { key: 'b', value: '' },
    ];
    await importContent(record({ tags }));
    expect(await importContent(record({ tags: tags.toReversed() }))).toMatchObject({
      result: 'taken',
      unchanged: 1,
    });
    expect(await importContent(record())).toMatchObject({ result: 'taken', unchanged: 1 });
    expect((await importContent(record({ tags: [{ key: 'a', value: '2' }] }))).refusals[0]?.reasons).toEqual([
      'exists with other content: tags is {"a":"1","b":""} here, {"a":"2"} in the file',
    ]);
  });
});

describe('The same connections in different files', () => {
  it('result in the same rows: in lists or one by one, in any order, in one file or several', async () => {
    const known = [0, 1, 2].map((index) => ({
      ...record({
        id: `a1b2c3d4-5678-4abc-9def-${String(index).padStart(12, '0')}`,
        environmentName: `e${String(index)}`,
      }),
      ...(index > 0 && { codebuildRoleArn: `arn:aws:iam::222222222222:role/b${String(index)}` }),
    }));
    const summaryOf = (one: object) => ({ ...one, codebuildRoleArn: undefined });
    // Each connection is printed in full at least once, and in part any number of times.
    const printedRecords = fc
      .array(fc.tuple(fc.nat(2), fc.constantFrom('list', 'get', 'alone')), { maxLength: 8 })
      .chain((more) => {
        const printed = [...known.map((_, index): [number, string] => [index, 'get']), ...more];
        return fc.shuffledSubarray(printed, { minLength: printed.length });
      });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(printedRecords, fc.nat(8), async (printed, cut) => {
        run += 1;
        const env = { DATABASE_URL: `sqlite:${folder.path(`run-${String(run)}.db`)}` };
        const documents = printed.map(([index, how]) => {
          const one = known[index] ?? {};
          if (how === 'get') return got(one);
          return how === 'list' ? listed(summaryOf(one)) : summaryOf(one);
        });
        const files = [documents.slice(0, cut), documents.slice(cut)]
          .filter(({ length }) => length > 0)
          .map((part, index) => file(`run-${String(run)}-${String(index)}`, part));
        for (const repeated of [false, true]) {
          const { code, files: reports } = await importFiles(files, { env });
          expect(code).toBe(0);
          const changes = reports.reduce((sum, report) => sum + report.new + report.completed, 0);
          expect(repeated ? changes : changes >= known.length).toBe(repeated ? 0 : true);
        }
        const { stdout } = await command(['export'], { env });
        const rows = (JSON.parse(stdout) as { environmentAccountConnections: { id: string }[] })
          .environmentAccountConnections;
        expect(rows.toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual(
          known.map((one) => ({
            ...one,
            requestedAt: '2024-03-04T16:41:02.481Z',
            lastModifiedAt: '2024-03-05T09:12:44.105Z',
          })),
        );
      }),
      { numRuns: 25 },
    );
  });
});

describe('What an import refuses', () => {
  it('names an id that exists with other content, and every difference', async () => {
    await importContent(listed(record({ codebuildRoleArn: 'arn:aws:iam::222222222222:role/build' })));
    const before = stored();
    const other = { status: 'PENDING', roleArn: undefined, requestedAt: 1.6e9 };
    const report = await importContent(got(record(other)));
    expect(report).toMatchObject({ result: 'refused', read: 1, new: 0, unchanged: 0, refused: 1 });
    expect(report.refusals).toEqual([
      {
        record: 1,
        id: ID,
        reasons: [
          'exists with other content: status is CONNECTED here, PENDING in the file; ' +
            'roleArn is arn:aws:iam::222222222222:role/proton-provisioning here, absent in the file; ' +
            'requestedAt is 2024-03-04T16:41:02.481Z here, 2020-09-13T12:26:40.000Z in the file; ' +
            'codebuildRoleArn is arn:aws:iam::222222222222:role/build here, absent in the file',
        ],
      },
    ]);
    expect(stored()).toEqual(before);
  });

  it.each(['PENDING', 'CONNECTED'])(
    'names a second live connection, %s, with the same accounts, Region and environment as one in the store',
    async (status) => {
      await importContent(record({ status: 'PENDING' }));
      const { refusals } = await importContent(record({ id: OTHER_ID, status }));
      expect(refusals).toMatchObject([{ id: OTHER_ID }]);
      expect(refusals[0]?.reasons[0]).toBe(
        `is ${status} for the same accounts (222222222222 and 111111111111), Region (us-east-1) and environment (payments-staging) as ${ID}, which is PENDING here`,
      );
    },
  );

  it('names a second live connection within the file, and imports any number of rejected ones', async () => {
    const { refusals } = await importContent(listed(record(), record({ id: OTHER_ID, status: 'PENDING' })));
    expect(refusals).toMatchObject([{ record: 2, id: OTHER_ID }]);
    expect(refusals[0]?.reasons[0]).toContain(`as record 1, ${ID}, which is CONNECTED as well`);
    expect(stored().connections).toEqual([]);
    expect(await importContent(listed(record(), record({ id: OTHER_ID, status: 'REJECTED' })))).toMatchObject(
      {
        new: 2,
      },
    );
  });

  it('names an id that is twice in the file with other content', async () => {
    const { refusals } = await importContent([record(), record({ status: 'REJECTED' })]);
    expect(refusals).toEqual([
      {
        record: 2,
        id: ID,
        reasons: ['is in the file twice, with other content: status is CONNECTED in record 1, REJECTED here'],
      },
    ]);
  });

  it('imports nothing of a file with one invalid record, and all of the other files', async () => {
    const bad = file(
      'bad.json',
      listed(record({ id: OTHER_ID, environmentName: 'other' }), record({ id: 'x' })),
    );
    const { code, files } = await importFiles([bad, file('good.json', record())]);
    expect(code).toBe(1);
    expect(files).toMatchObject([
      { file: bad, result: 'refused', read: 2, new: 0, refused: 1 },
      { result: 'taken', new: 1 },
    ]);
    expect(stored().connections).toMatchObject([{ id: ID }]);
  });

  it.each<[Readonly<Record<string, unknown>>, readonly (string | RegExp)[]]>([
    [{ status: 'LOST' }, ['status must be one of PENDING, CONNECTED, REJECTED']],
    [
      { status: undefined, managementAccountId: null },
      ['managementAccountId must be given', 'status must be given'],
    ],
    [{ managementAccountId: 111111111111 }, ['managementAccountId must be a string']],
    [
      { environmentName: '-x', managementAccountId: '1' },
      ['managementAccountId must be 12 digits', /^environmentName must begin/],
    ],
    [{ arn: 'arn:aws:proton' }, [/^arn must be the ARN of a connection/]],
    [
      { arn: `arn:aws-cn:proton:us-east-1:333333333333:environment-account-connection/${OTHER_ID}` },
      [
        /^arn must be of the partition aws,/,
        'arn must be of the environment account, 222222222222',
        `arn must end with the id, ${ID}`,
      ],
    ],
    [
      { arn: `arn:aws:proton:mars:222222222222:environment-account-connection/${ID}` },
      [/^arn must be the ARN/],
    ],
    [{ roleArn: 'arn:aws:iam::333333333333:role/x' }, [/^roleArn must be a role of the environment account/]],
    [{ codebuildRoleArn: 7 }, ['codebuildRoleArn must be a string']],
    [
      { requestedAt: '2024-02-30T00:00:00Z', lastModifiedAt: undefined },
      [/^requestedAt must be a time/, 'lastModifiedAt must be given'],
    ],
    [
      { tags: [{ key: 'aws:x', value: 'ö;' }] },
      [/^tags\.0\.key must not begin with "aws:"/, /^tags\.0\.value must consist/],
    ],
    [{ tags: { a: 'b' } }, ['tags must be a list']],
    [{ tags: [{ key: 'a' }] }, [/^tags\.0 must have a key and a value/]],
  ])('names everything that is wrong with a record: %j', async (members, reasons) => {
    const { result, refusals } = await importContent(record(members));
    expect(result).toBe('refused');
    expect(refusals).toMatchObject([{ record: 1, id: ID }]);
    expect(refusals[0]?.reasons).toHaveLength(reasons.length);
    reasons.forEach((reason, index) => {
      expect(refusals[0]?.reasons[index]).toEqual(
        typeof reason === 'string' ? reason : expect.stringMatching(reason),
      );
    });
  });

  it('lists the first hundred invalid records of a file, and counts the rest', async () => {
    const report = await importContent(Array.from({ length: 130 }, () => ({ id: 'x' })));
    expect(report).toMatchObject({ read: 130, refused: 130 });
    expect(report.refusals.map(({ record: number }) => number)).toEqual(
      Array.from({ length: 100 }, (_, index) => index + 1),
    );
  });

  it('handles members that are named like JavaScript’s own', async () => {
    const report = await importContent(
      `{"__proto__": ${JSON.stringify(record())}, "id": "${ID}", "constructor": {}}`,
    );
    expect(report.refusals[0]?.reasons).toContain('status must be given');
  });

  it.each<[string, string | Buffer, RegExp]>([
    ['nothing', '', /^is empty$/],
    ['white space', ' \n ', /^is empty$/],
    [
      'broken JSON',
      '{\n  "environmentAccountConnections": [\n    {"id": nope}\n  ]\n}',
      /^is not JSON in line 3, column 13/,
    ],
    [
      'an extra comma',
      '[\n{"environmentAccountConnections": []},\n]',
      /^is not JSON in line 3, column 1: unexpected "\]"/,
    ],
    [
      'JSON that ends too early',
      '{"environmentAccountConnections": [',
      /^ends in the middle of a JSON document$/,
    ],
    ['a string that ends too early', '{"id": "a', /^ends in the middle/],
    ['another JSON document', '{"Vpcs": []}', /^holds an object that is neither a connection/],
    [
      'a list of something else',
      '{"environmentAccountConnections": 7}',
      /^has a number for environmentAccountConnections/,
    ],
    ['an array of numbers', '[1]', /^holds a number that is neither/],
    ['prose', 'Dear Sir or Madam,\n', /^holds a string that is neither/],
    ['broken YAML', 'Resources:\n  A: [', /^is not YAML: /],
    ['UTF-16', Buffer.from('\uFEFF{}', 'utf16le'), /^is UTF-16, as a redirection in Windows PowerShell/],
    ['Latin-1', Buffer.from('{"a": 1,\n "environmentName": "größe"}', 'latin1'), /^is not UTF-8 in line 2$/],
    ['very deep nesting', '['.repeat(1000), /^is nested more than 100 levels deep in line 1, column 101$/],
    ['one very large value', `{"a": "${'x'.repeat(5 * 1024 * 1024)}"}`, /^has something larger than 4 MiB/],
  ])('reports what is wrong with a file of %s', async (_kind, content, problem) => {
    const report = await importContent(content);
    expect(report.result).toBe('refused');
    expect(report.problems).toEqual([expect.stringMatching(problem)]);
  });

  it('reports the records before a syntax error too', async () => {
    const report = await importContent(`[${JSON.stringify(record({ status: 'LOST' }))}, {`);
    expect(report).toMatchObject({
      read: 1,
      refused: 1,
      problems: ['ends in the middle of a JSON document'],
    });
  });

  it('reports missing files, and folders', async () => {
    mkdirSync(folder.path('folder'));
    const { code, files } = await importFiles([folder.path('none'), folder.path('folder')]);
    expect(code).toBe(1);
    expect(files.map(({ problems }) => problems)).toEqual([
      ["can't be read: there is no such file or folder"],
      ["can't be read: it is a folder"],
    ]);
  });
});

describe('A dry run', () => {
  it('reports what an import would do, file after file, and does not change the store', async () => {
    await importContent(record());
    const before = stored();
    const next = record({ id: OTHER_ID, environmentName: 'next' });
    const words = [
      file('next.json', next),
      file('again.json', [next, record()]),
      file('second.json', record({ id: 'a1b2c3d4-5678-4abc-9def-333333333333', environmentName: 'next' })),
    ];
    const dry = await importFiles([...words, '--dry-run']);
    expect(stored()).toEqual(before);
    const real = await importFiles(words);
    expect(dry).toEqual(real);
    expect(dry.files.map(({ result }) => result)).toEqual(['taken', 'taken', 'refused']);
  });

  it('does not create a database', async () => {
    const { files } = await importFiles([file('one.json', record()), '--dry-run']);
    expect(files).toMatchObject([{ result: 'taken', new: 1 }]);
    expect(stored).toThrow('unable to open database file');
  });
});
