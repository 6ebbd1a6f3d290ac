/** Files that `accelnode bench` reads and writes: none takes the place of another, and no measurement is lost. */
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
  chmodSync,
  mkdirSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { runProgram } from '../utils/child.js';
import { command, expectPlain, failureOf } from '../utils/command.js';
import { LineChild } from '../utils/line-child.js';

const folder = mkdtempSync(join(tmpdir(), 'accelnode-bench-files-'));
afterAll(() => rmSync(folder, { recursive: true }));

const accelnode = command();
const main = join(import.meta.dirname, '..', '..', 'dist', 'cli.js');
const quick = ['-d', 'null:0', '-t', '0', '--warmup', '0', '--min-runs', '30'];

const MODEL = JSON.stringify({ model: 'echo', inputs: [{ name: 'x', type: 'float32', shape: [1, 4] }] });
const model = join(folder, 'model.null.json');
writeFileSync(model, MODEL);

describe('is refused, and nothing is lost', () => {
  it.each(['--output', '--export-times'])('the model as %s', async (option) => {
    const { message } = await failureOf(accelnode, 2, 'bench', model, ...quick, option, model);
    expect(message).toBe(`${option} is the same file as the model: ${model}.`);
    expect(readFileSync(model, 'utf8')).toBe(MODEL);
  });

  it('the model of --with', async () => {
    const other = join(folder, 'other.null.json');
    writeFileSync(other, MODEL);
    const { message } = await failureOf(accelnode, 2, 'bench', model, ...quick, '--with', `${other}@2x`, '-o', other);
    expect(message).toContain('--output is the same file as the model of --with');
    expect(readFileSync(other, 'utf8')).toBe(MODEL);
  });

  it('what is compared with', async () => {
    const before = join(folder, 'before.json');
    expectPlain(await accelnode('bench', model, ...quick, '-o', before), 0);
    const results = readFileSync(before, 'utf8');
    const { message } = await failureOf(accelnode, 2, 'bench', model, ...quick, '--vs', before, '-o', before);
    expect(message).toContain('--output is the same file as --vs');
    expect(readFileSync(before, 'utf8')).toBe(results);
  });

  it('one file for two things', async () => {
    const both = join(folder, 'both.csv');
    const { message } = await failureOf(accelnode, 2, 'bench', model, ...quick, '-o', both, '--export-times', both);
    expect(message).toContain('--export-times is the same file as --output');
    expect(existsSync(both)).toBe(false);
  });
});

it('earlier times stay until there are others', async () => {
  const times = join(folder, 'times.csv');
  writeFileSync(times, 'earlier');
  await failureOf(accelnode, 1, 'bench', join(folder, 'missing.onnx'), ...quick, '--export-times', times);
  expect(readFileSync(times, 'utf8')).toBe('earlier');
  expectPlain(await accelnode('bench', model, ...quick, '--export-times', times), 0);
  expect(readFileSync(times, 'utf8')).toMatch(/^Configuration,Due/);
});

describe.skipIf(process.platform === 'win32')('where it may not write (Windows has other rights)', () => {
  it.each(['output', 'export-times'])('--%s is refused before anything is measured', async (option) => {
    const closed = join(folder, `closed ${option}`);
    mkdirSync(closed);
    const file = join(closed, 'a.csv');
    writeFileSync(file, 'old');
    chmodSync(folder, 0o755);
    chmodSync(file, 0o666);
    chmodSync(closed, 0o555);
    // Root may write anywhere, so somebody else has to try. It would take an hour.
    const other = process.getuid!() === 0 ? { uid: 65534, gid: 65534 } : {};
    const args = ['bench', model, '-d', 'null:0', '-t', '3600', `--${option}`, file];
    const { code, stderr } = await new LineChild([main, ...args], other).ended;
    expect(stderr).toContain(`--${option}, ${file}, can't be used: there is no permission.`);
    expect(code).toBe(2);
    expect(readFileSync(file, 'utf8')).toBe('old');
  });

  it('what was measured is printed all the same', async () => {
    const output = join(folder, 'full', 'a.json');
    mkdirSync(join(folder, 'full'));
    // A limit of 0 bytes for each file that the process writes is to it what a full disk is.
    const survive = join(folder, 'survive.cjs');
    writeFileSync(survive, "process.on('SIGXFSZ', () => undefined);");
    for (const more of [[], ['--vs', 'null:1']]) {
      const args = [process.execPath, '-r', survive, main, 'bench', model, ...quick, '-o', output, ...more];
      const { code, stdout, stderr } = await runProgram('sh', ['-c', 'ulimit -f 0; exec "$@"', 'sh', ...args]);
      expect(code, stderr).toBe(2);
      expect(stderr).toMatch(/Can't write .*a\.json: /);
      expect(stdout).toContain(more.length === 0 ? 'Latency: min = ' : 'mean latency (ms)');
      expect(readdirSync(join(folder, 'full'))).toEqual([]);
    }
  });
});
