// Do the tests notice mistakes? Makes each mistake of test/mistakes/<backend>.mjs in a copy of native/, builds it, and
// runs the suites that must fail then; before that, without any mistake, they must pass. Takes a quarter of an hour,
// so neither `npm test` nor CI runs it.
//
//   node scripts/seeded-mistakes.mjs cuda [words of a mistake's name]
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

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
const sound = [...new Set(chosen.map(({ suites }) => suites.join(' ')))].map((suites) =>
  firstFailure(suites.split(' ')),
);
if (sound.some((failure) => failure !== undefined)) {
  console.error(`The suites fail without a mistake, so they can't show anything: ${sound.join('; ')}`);
  process.exit(1);
}

const rows = [];
for (const mistake of chosen) {
  say(mistake.name);
  rows.push([mistake.name, mistake.suites.join(' '), judge(mistake) ?? 'NOT NOTICED']);
  console.log(`   ${rows.at(-1)[2]}`);
}
console.log(`\n| mistake | suites | first test that fails |\n| --- | --- | --- |`);
for (const row of rows) console.log(`| ${row.join(' | ')} |`);
const missed = rows.filter(([, , failure]) => failure === 'NOT NOTICED').length;
console.log(`\n${rows.length - missed} of ${rows.length} mistakes noticed`);
process.exitCode = missed === 0 && rows.length > 0 ? 0 : 1;

function makeCopy() {
  rmSync(join(copy, 'native'), { recursive: true, force: true });
  mkdirSync(copy, { recursive: true });
  for (const item of ['CMakeLists.txt', 'package.json', 'native']) {
    cpSync(join(root, item), join(copy, item), { recursive: true, preserveTimestamps: true });
  }
  if (!existsSync(join(copy, 'node_modules'))) symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  buildCopy();
}

/** Not optimised: it is compiled more often than it runs. */
function buildCopy() {
  const flags = ['--CDCMAKE_CXX_FLAGS_RELEASE=-O0', '--parallel', '2', '--log-level', 'warn'];
  run(bin('cmake-js'), ['compile', '--directory', copy, '--out', join(copy, 'build'), ...flags]);
}

/** The first test that fails with the mistake, or undefined. */
function judge({ file, from, to, suites }) {
  const path = join(copy, file);
  const text = readFileSync(path, 'utf8');
  if (text.split(from).length !== 2) throw new Error(`${file} does not have exactly once: ${from}`);
  try {
    writeFileSync(
      path,
      text.replace(from, () => to),
    );
    buildCopy();
    return firstFailure(suites);
  } finally {
    writeFileSync(path, text);
    // As if it had never been changed, but for what was compiled from it.
    utimesSync(path, new Date(), new Date());
  }
}

function firstFailure(suites) {
  const report = join(copy, 'report.json');
  rmSync(report, { force: true });
  const args = ['run', ...suites, '--bail', '1', '--reporter=json', `--outputFile.json=${report}`];
  const { status } = spawnSync(bin('vitest'), args, {
    cwd: root,
    stdio: 'ignore',
    timeout: LIMIT,
    env: { ...process.env, ACCELNODE_PREBUILD: copy },
  });
  if (status === 0) return undefined;
  if (!existsSync(report)) return status === null ? 'they hang' : 'they crash';
  const { testResults } = JSON.parse(readFileSync(report, 'utf8'));
  const failed = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .find(({ status }) => status === 'failed');
  return failed?.fullName ?? 'they crash';
}
