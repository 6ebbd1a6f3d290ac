// Do the tests notice mistakes? Makes each mistake of test/mistakes/<backend>.mjs in a copy of native/, builds it, and
// runs the suites that must fail then; before that, without any mistake, they must pass. Takes a quarter of an hour,
// so neither `npm test` nor CI runs it.
//
//   node scripts/seeded-mistakes.mjs cuda [words of a mistake's name]
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { mirror } from './mistakes/mirror.mjs';
import { verdictOf } from './mistakes/verdict.mjs';
import { bin, root, run, say, setupFolder } from './setup/process.mjs';
import { prepareTests } from './setup/tests.mjs';

/** A suite that a mistake makes hang fails too. */
const LIMIT = 600_000;

const [backend, ...words] = process.argv.slice(2);
const listFile = join(root, 'test', 'mistakes', `${backend}.mjs`);
if (backend === undefined || !existsSync(listFile)) {
  console.error('Usage: node scripts/seeded-mistakes.mjs BACKEND [WORDS]; the backends are in test/mistakes.');
  process.exit(2);
}
const { mistakes } = await import(listFile);
const chosen = mistakes.filter(({ name }) => name.includes(words.join(' ')));

await prepareTests();
const copy = join(setupFolder, 'mistakes', backend);
makeCopy();
say('Without a mistake');
const unsound = [...new Set(chosen.map(({ suites }) => suites.join(' ')))]
  .map((suites) => ({ suites, verdict: test(suites.split(' ')) }))
  .filter(({ verdict }) => verdict.is !== 'passed');
if (unsound.length > 0) {
  console.error('These suites do not pass without a mistake, so they can show nothing:');
  for (const { suites, verdict } of unsound) console.error(`  ${suites}: ${verdict.words}`);
  process.exit(1);
}

const rows = [];
for (const mistake of chosen) {
  say(mistake.name);
  const verdict = judge(mistake);
  const result = { passed: 'NOT NOTICED', failed: verdict.words, unknown: `NO VERDICT: ${verdict.words}` }[verdict.is];
  rows.push({ noticed: verdict.is === 'failed', cells: [mistake.name, mistake.suites.join(' '), result] });
  console.log(`   ${result}`);
}
buildCopy(); // without the last mistake, for the next time
console.log(`\n| mistake | suites | first test that fails |\n| --- | --- | --- |`);
for (const { cells } of rows) console.log(`| ${cells.join(' | ')} |`);
const noticed = rows.filter((row) => row.noticed).length;
console.log(`\n${noticed} of ${rows.length} mistakes noticed`);
process.exitCode = noticed === rows.length && rows.length > 0 ? 0 : 1;

/** It may have a mistake in it still, of a run that was interrupted. */
function makeCopy() {
  mkdirSync(copy, { recursive: true });
  for (const item of ['CMakeLists.txt', 'package.json', 'native']) mirror(join(root, item), join(copy, item));
  if (!existsSync(join(copy, 'node_modules'))) symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  buildCopy();
}

/** Not optimised: it is compiled more often than it runs. */
function buildCopy() {
  const flags = ['--CDCMAKE_CXX_FLAGS_RELEASE=-O0', '--parallel', '2', '--log-level', 'warn'];
  run(bin('cmake-js'), ['compile', '--directory', copy, '--out', join(copy, 'build'), ...flags]);
}

/** What the suites say of the mistake. */
function judge({ file, from, to, suites }) {
  const path = join(copy, file);
  if (!existsSync(path)) return { is: 'unknown', words: `there is no ${file}` };
  const text = readFileSync(path, 'utf8');
  const places = text.split(from).length - 1;
  if (places !== 1) return { is: 'unknown', words: `what it replaces stands ${places} times in ${file}` };
  try {
    writeFileSync(
      path,
      text.replace(from, () => to),
    );
    if (!compiles()) return { is: 'unknown', words: 'it does not compile' };
    return test(suites);
  } finally {
    writeFileSync(path, text);
  }
}

/** The compiler says why not. */
function compiles() {
  try {
    buildCopy();
    return true;
  } catch {
    return false;
  }
}

function test(suites) {
  const report = join(copy, 'report.json');
  rmSync(report, { force: true });
  const ended = spawnSync(
    bin('vitest'),
    ['run', ...suites, '--bail', '1', '--reporter=json', `--outputFile.json=${report}`],
    {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: LIMIT,
      env: { ...process.env, NO_COLOR: '1', ACCELNODE_PREBUILD: copy, ACCELNODE_NATIVE: join(copy, 'native') },
    },
  );
  return verdictOf(ended, existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined);
}
