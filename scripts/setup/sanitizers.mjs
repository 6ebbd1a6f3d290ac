// The tests under sanitizers: the addon with AddressSanitizer and UndefinedBehaviorSanitizer in Node, and a
// program that hammers the lanes, with these and with ThreadSanitizer.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { basename, isAbsolute, join } from 'node:path';

import { ask, bin, root, run, say, setupFolder } from './process.mjs';
import { runVitest, sum, summary } from './vitest.mjs';

const folder = join(setupFolder, 'sanitize');
/** Findings, a file for each process that has some: what it prints may go nowhere, or to a test. */
const reports = join(folder, 'reports');
/** Of the addon: node-gyp-build looks for build/Release in it. */
const addonFolder = join(folder, 'addon');

/** The last one finds numbers that do not fit what they are cast to; the argument block is full of doubles. */
const MEMORY = 'address,undefined,float-cast-overflow';
const THREADS = 'thread';

/** Files of tests where the search for leaks may crash; beyond that, it can't be relied on at all. */
const MAX_UNSCANNED = 3;

/** Of the lane tests, for each number of lanes. */
const ROUNDS = '60';

/**
 * Builds and runs everything. prepareTests has prepared the rest.
 * @returns {import('./vitest.mjs').Results}
 */
export function testSanitizers() {
  const total = testAll();
  console.log(`\n${[...total.notes, `sanitize: ${summary(total)}`].join('\n')}`);
  return total;
}

function testAll() {
  // A compiler that does not have the file repeats its name; Clang's has another name and place.
  const library = ask(process.env.CXX ?? 'c++', ['-print-file-name=libasan.so']);
  if (process.platform !== 'linux' || library === undefined || !isAbsolute(library)) {
    return sum(result('skipped', 'the sanitizers of GCC on Linux are not here'));
  }
  rmSync(reports, { recursive: true, force: true });
  mkdirSync(reports, { recursive: true });
  return sum(testLanes(), testAddon(library));
}

/** Prints a line for a check, and counts it. */
function result(outcome, what) {
  console.log(`${{ passed: 'ok    ', failed: 'FAILED', skipped: 'skip  ' }[outcome]}  ${what}`);
  return { passed: 0, failed: 0, skipped: 0, [outcome]: 1 };
}

function buildNativeTests(sanitizers) {
  const target = join(folder, sanitizers.split(',')[0]);
  const source = join(root, 'test', 'native');
  run('cmake', ['-S', source, '-B', target, `-DSANITIZE=${sanitizers}`, '--log-level=WARNING']);
  run('cmake', ['--build', target, '--parallel', '2']);
  return target;
}

function testLanes() {
  say('Lanes under ThreadSanitizer');
  const underThreads = hammerLanes(buildNativeTests(THREADS), true);
  say('Lanes under AddressSanitizer and UndefinedBehaviorSanitizer');
  return sum(underThreads, hammerLanes(buildNativeTests(MEMORY), false));
}

function hammerLanes(folder, forRaces) {
  const env = { ...process.env, TSAN_OPTIONS: 'halt_on_error=1', UBSAN_OPTIONS: 'print_stacktrace=1' };
  const start = (program, ...args) =>
    spawnSync(...placed(join(folder, program), args), { env, encoding: 'utf8', maxBuffer: 2 ** 28 });
  // Some kernels randomize addresses more than ThreadSanitizer can stand.
  let placed = (command, args) => [command, args];
  const race = () => start('lane_test', 'race').stderr;
  const results = [];
  if (forRaces) {
    if (race().includes('unexpected memory mapping')) placed = (command, args) => ['setarch', ['-R', command, ...args]];
    results.push(result(race().includes('data race') ? 'passed' : 'failed', 'a data race is noticed'));
  }
  for (const program of ['lane_test', 'load_test', 'sampler_test']) {
    const { status, stdout, stderr } = start(program, ROUNDS);
    console.log(`${stdout}${stderr}`.trimEnd());
    const count = (word) => stdout.split('\n').filter((line) => line.startsWith(word)).length;
    const failed = count('FAILED');
    results.push({ passed: count('ok'), failed, skipped: 0 });
    if (failed === 0) results.push(result(status === 0 ? 'passed' : 'failed', 'the sanitizer found nothing'));
  }
  return sum(...results);
}

function testAddon(library) {
  say('The addon under AddressSanitizer and UndefinedBehaviorSanitizer');
  const output = join(addonFolder, 'build');
  mkdirSync(output, { recursive: true });
  run(bin('cmake-js'), [
    'compile',
    '--out',
    output,
    `--CDSANITIZE=${MEMORY}`,
    '--parallel',
    '2',
    '--log-level',
    'warn',
  ]);
  const probe = join(folder, 'address', 'probe.node');
  const env = {
    ...settings(join(reports, 'report')),
    // An addon can't bring the library along: it must be there before anything else.
    LD_PRELOAD: `${join(folder, 'address', 'libdeepbind.so')}:${library}`,
    ACCELNODE_PREBUILD: addonFolder,
    ACCELNODE_PROBE: probe,
  };
  const noticed = [
    testNotice('leak', 'leak of', probe, env),
    testNotice('useAfterFree', 'heap-use-after-free', probe, env),
    testNotice('overflow', 'signed integer overflow', probe, env),
    testScanCrash(probe, env),
  ];
  return sum(...noticed, runSuites(env), testReports());
}

/**
 * Where the search for leaks crashed, its process has ended with it: these files run again without. What else was
 * found in the first run, stays found.
 */
function runSuites(env) {
  const suites = (options, ...files) =>
    runVitest(['--config', join(root, 'test', 'sanitize', 'vitest.config.mts'), ...files], {
      ACCELNODE_SANITIZERS: JSON.stringify({ ...env, ASAN_OPTIONS: options }),
    });
  const first = suites(env.ASAN_OPTIONS);
  const unscanned = takeUnscanned('report');
  if (unscanned.length === 0) return first;
  say('Again without the search for leaks, which has crashed');
  const others = first.files.filter(({ name }) => !unscanned.includes(basename(name)));
  const again = suites(env.ASAN_OPTIONS.replace('detect_leaks=1', 'detect_leaks=0'), ...unscanned);
  const note = `LeakSanitizer's own scan crashed: leaks were not looked for in every process of ${unscanned.join(', ')}`;
  const few = result(unscanned.length <= MAX_UNSCANNED ? 'passed' : 'failed', note);
  return sum(...others, again, few, { passed: 0, failed: 0, skipped: 0, notes: [note] });
}

function settings(log) {
  return {
    // A leak does not change how a process ends, as most are V8's: see ourLeaks. Anything else ends it at once.
    ASAN_OPTIONS: [
      `log_path=${log}:abort_on_error=1:exitcode=0:detect_leaks=1`,
      'verify_asan_link_order=0', // for test/native/deepbind.cc
      'handle_segv=2:handle_sigbus=2', // Node has handlers of its own, which say nothing
      'use_sigaltstack=0', // it would unmap the one that OpenVINO's CPU plugin sets, which unmaps it again
      'quarantine_size_mb=64', // test/stress measures memory
      'detect_stack_use_after_return=1',
    ].join(':'),
    // It writes no log beside AddressSanitizer, but to stderr.
    UBSAN_OPTIONS: 'abort_on_error=1:print_stacktrace=1',
  };
}

/** A mistake of test/native/probe.cc: without it, nobody would see that the settings find nothing. */
function testNotice(mistake, words, probe, env) {
  const log = join(reports, mistake);
  const { stderr } = spawnSync(process.execPath, ['--eval', `require(${JSON.stringify(probe)}).${mistake}()`], {
    env: { ...process.env, ...env, ...settings(log) },
    encoding: 'utf8',
  });
  const found = [stderr, ...takeFindings(mistake)].some((finding) => finding.includes(words));
  return result(found ? 'passed' : 'failed', `${mistake} is noticed`);
}

/** Makes the search for leaks crash, which must not be taken for a finding, nor go unseen. */
function testScanCrash(probe, env) {
  const log = join(reports, 'crashScan.some.test.ts');
  spawnSync(process.execPath, ['--eval', `require(${JSON.stringify(probe)}).crashScan()`], {
    env: { ...process.env, ...env, ...settings(log) },
  });
  const seen = takeUnscanned('crashScan').join() === 'some.test.ts' && takeFindings('crashScan').length === 0;
  return result(seen ? 'passed' : 'failed', 'a crash of the search for leaks is told from a finding');
}

/** The files of tests in whose processes the search for leaks crashed, and nothing was found. Removes their reports. */
function takeUnscanned(name) {
  const files = new Set();
  for (const report of readdirSync(reports).filter((file) => file.startsWith(`${name}.`))) {
    const text = readFileSync(join(reports, report), 'utf8');
    const crashed = /^Tracer caught signal|LeakSanitizer has encountered a fatal error/m.test(text);
    if (!crashed || /ERROR: \w+Sanitizer|runtime error:/.test(text)) continue;
    files.add(report.slice(name.length + 1).replace(/\.\d+$/, ''));
    rmSync(join(reports, report));
  }
  return [...files].sort();
}

function testReports() {
  const findings = takeFindings('report');
  for (const finding of findings.slice(0, 10)) console.log(`\n${finding.split('\n').slice(0, 40).join('\n')}\n`);
  return result(findings.length === 0 ? 'passed' : 'failed', `${findings.length} findings in all processes`);
}

/** What is in the reports whose names begin so, without the leaks of others; removes them. */
function takeFindings(name) {
  const findings = new Set();
  for (const file of readdirSync(reports).filter((file) => file.startsWith(`${name}.`))) {
    const text = readFileSync(join(reports, file), 'utf8');
    for (const finding of text.includes('LeakSanitizer: detected') ? ourLeaks(text) : [text]) findings.add(finding);
    rmSync(join(reports, file));
  }
  return [...findings];
}

/**
 * The leaks whose memory code of ours asked for. V8 keeps pointers where LeakSanitizer does not look, so it
 * reports what V8 has allocated, also when we have called it. A list of suppressions would not do: it is
 * compared with every frame, and V8 is in the stack of whatever JavaScript calls. What is allocated inside a
 * vendor's library is not seen here: test/fakes counts the vendor's objects.
 */
function ourLeaks(text) {
  const ours = ['native', join('test', 'native')].map((path) => join(root, path, '/'));
  // Code of others that runs on behalf of who calls it.
  const between = /libsanitizer|libasan|\/include\/c\+\+\/|libstdc\+\+|\/node-addon-api\//;
  return text.split('\n\n').filter((leak) => {
    const frames = leak.split('\n').filter((line) => /^ +#\d/.test(line));
    const first = frames.find((frame) => !between.test(frame));
    return first !== undefined && ours.some((path) => first.includes(path));
  });
}
