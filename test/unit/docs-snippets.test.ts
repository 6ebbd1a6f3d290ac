// The TypeScript in the documentation compiles, against the types of the package as built.
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const prelude = join(root, 'test', 'docs', 'prelude.d.ts');

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
  types: ['node'],
  module: ts.ModuleKind.NodeNext,
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: true,
  noEmit: true,
};

/** All pages, of the repository's own. */
function findPages(): string[] {
  const inFolder = (folder: string, recursive: boolean): string[] =>
    readdirSync(join(root, folder), { recursive, encoding: 'utf8' })
      .filter((file) => file.endsWith('.md'))
      .map((file) => join(root, folder, file));
  return [...inFolder('.', false), ...inFolder('docs', true), ...inFolder('examples', true)];
}

interface Snippet {
  /** As in an editor: the page, and the line before the first one. */
  where: string;
  text: string;
}

function snippetsOf(page: string): Snippet[] {
  const text = readFileSync(page, 'utf8');
  return [...text.matchAll(/^( *)```ts\n(.*?)^ *```$/gms)].map(({ index, 2: code }) => ({
    where: `${relative(root, page)}:${text.slice(0, index).split('\n').length}`,
    text: code!,
  }));
}

/** What the compiler says of each snippet, a module of its own; by where it is. */
function complaintsOf(snippets: readonly Snippet[]): Map<string, string[]> {
  // In the repository, so that packages are found from there.
  const files = new Map(
    snippets.map(({ where, text }, i) => [join(root, `snippet-${i}.mts`), { where, text: `${text}\nexport {};\n` }]),
  );
  const disk = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (file) => files.has(file) || disk.fileExists(file),
    readFile: (file) => files.get(file)?.text ?? disk.readFile(file),
    getSourceFile: (file, language, ...rest) => {
      const snippet = files.get(file);
      if (snippet === undefined) return disk.getSourceFile(file, language, ...rest);
      return ts.createSourceFile(file, snippet.text, language);
    },
  };
  const program = ts.createProgram([prelude, ...files.keys()], options, host);
  const complaints = new Map<string, string[]>(snippets.map(({ where }) => [where, []]));
  for (const { file, start = 0, messageText } of ts.getPreEmitDiagnostics(program)) {
    const { where } = files.get(file?.fileName ?? '') ?? { where: file?.fileName ?? 'the compiler' };
    const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1;
    const message = `line ${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    complaints.set(where, [...(complaints.get(where) ?? []), message]);
  }
  return complaints;
}

describe('TypeScript in the documentation', () => {
  const snippets = findPages().flatMap(snippetsOf);
  const complaints = complaintsOf([...snippets, { where: 'wrong on purpose', text: 'session.run({ image: 1 });' }]);

  it('is found', () => {
    const found = new Set(snippets.map(({ where }) => where.split(':')[0]));
    expect([...found]).toEqual(expect.arrayContaining(['README.md', 'docs/cuda.md', 'docs/guides/buffers.md']));
  });

  it('is looked at by the compiler', () => {
    expect(complaints.get('wrong on purpose')).toEqual([expect.stringContaining("Type 'number' is not assignable")]);
  });

  it.each(snippets.map(({ where }) => where))('compiles: %s', (where) => {
    expect(complaints.get(where)).toEqual([]);
  });

  it('compiles, the prelude too', () => {
    const known = new Set([...snippets.map(({ where }) => where), 'wrong on purpose']);
    expect([...complaints].filter(([where]) => !known.has(where))).toEqual([]);
  });
});
