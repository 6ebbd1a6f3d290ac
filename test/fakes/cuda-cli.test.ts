/** The command line on the doubles of CUDA and TensorRT. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, readdirSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import type { BackendReport, CacheEntry, Device } from 'accelnode';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';

import { command, expectPlain, failureOf, jsonOf } from '../utils/command.js';
import { LineChild } from '../utils/line-child.js';
import type { Analysis } from '../../build-ts/analyze/analysis.js';
import type { Control } from './cuda/control.mjs';
import { folderOf, libraryOf, majors, makeDoubles, missing, reaches, writeModels } from './cuda/setup.js';
import { makeWorkplace } from './openvino/setup.js';

const place = makeWorkplace();
afterAll(() => place.remove());
const models = writeModels(place.folder);

const main = join(import.meta.dirname, '..', '..', 'dist', 'cli.js');

/** What commands shall not see of this machine. */
const bare = {
  ACCELNODE_RUNTIMES: join(place.folder, 'no-runtimes'),
  ACCELNODE_OPENVINO_LIBRARY: join(place.folder, 'none.so'),
};

describe.skipIf(missing !== undefined).each(majors)(`the command with TensorRT %i${missing ?? ''}`, (major) => {
  const blocks: Control[] = [];
  const doubles = () => {
    const made = makeDoubles(place.folder, major);
    blocks.push(made.control);
    return made;
  };
  const { control, env } = doubles();
  let cache: string;
  let count = 0;
  beforeEach(() => {
    cache = join(place.folder, `cache ${major} ${++count}`);
  });
  const accelnode = command({ ...bare, ...env });
  const cached = (...args: string[]) => command({ ...bare, ...env, ACCELNODE_CACHE: cache })(...args);

  it('doctor and devices tell of the GPU', async () => {
    const report = await jsonOf<{ backends: BackendReport[] }>(accelnode, 0, 'doctor');
    const cuda = report.backends.find(({ name }) => name === 'cuda')!;
    expect(cuda).toMatchObject({ status: 'PASS', runtime: { library: libraryOf(major) } });
    expect(cuda.runtime!.version).toMatch(new RegExp(`^${major}\\.\\d+\\.\\d+$`));
    const plain = await accelnode('doctor');
    expectPlain(plain, 0);
    expect(plain.stdout).toMatch(/PASS {4}cuda {6}NVIDIA TensorRT 1\d/);
    expect(plain.stdout).toMatch(/details {2}.*cudart 1[23]\.\d.*driver/);
    expect(plain.stdout).toMatch(/device {3}cuda:0 .*sm_90.*driver/);
    const [device] = await jsonOf<Device[]>(accelnode, 0, 'devices');
    expect(device).toMatchObject({ id: 'cuda:0', kind: 'gpu', arch: 'sm_90' });
  });

  it('doctor says that there is no GPU, in the words of CUDA', async () => {
    const none = doubles();
    none.control.set('countStatus', 100);
    const plain = await command({ ...bare, ...none.env })('doctor');
    expectPlain(plain, 1);
    expect(plain.stdout).toMatch(/FAIL {4}cuda/);
    expect(plain.stdout).toMatch(/reason.*100/);
  });

  it('compile writes a plan', async () => {
    const output = join(place.folder, `rows ${major}.plan`);
    const shapes = 'x=1,3:4,3:8,3';
    const result = await jsonOf<{ device: string; output: string; size: number; details: object }>(
      accelnode,
      0,
      ...['compile', models.rows, '-d', 'cuda:0', '-s', shapes, '-o', output, '--workspace', '1MiB', '--level', '2'],
    );
    expect(result).toMatchObject({
      device: 'cuda:0',
      output,
      size: statSync(output).size,
      details: { profiles: [[{ name: 'x', min: [1, 3], opt: [4, 3], max: [8, 3] }]] },
    });
    expect(control.getText('config')).toMatch(/1048576/);
    const plain = await accelnode('compile', models.rows, '-d', 'cuda', '-s', shapes, '-o', output);
    expectPlain(plain, 0);
    expect(plain.stdout).toMatch(
      /rows\.onnx for cuda:0 in (fp32|the model's own types): .*rows 1\d\.plan, .* in \d+\.\d s\n$/,
    );
    const ran = await accelnode('run', output, '-d', 'cuda:0', '-s', 'x=2,3', '-i', 'x=zeros');
    expectPlain(ran, 0);
    expect(ran.stdout).toMatch(/y .*\[2, 3\]/);
  });

  it('compile looks at the place of its output before it builds', async () => {
    const builds = control.get('builds');
    const pipe = join(place.folder, `pipe ${major}`);
    execFileSync('mkfifo', [pipe]);
    for (const [output, message] of [
      [join(models.mix, 'in a file.plan'), `Can't write to the folder ${models.mix}: a file is in the way.`],
      [place.folder, `Can't write ${place.folder}: it is a folder.`],
      [pipe, `Can't write ${pipe}: it is no file.`],
    ] as const) {
      const error = await failureOf(accelnode, 2, 'compile', models.mix, '-d', 'cuda:0', '-o', output);
      expect(error.message).toBe(message);
    }
    const unused = join(place.folder, `never ${major}`, 'made.plan');
    await failureOf(accelnode, 1, 'compile', models.strange, '-d', 'cuda:0', '-o', unused);
    expect(existsSync(join(unused, '..'))).toBe(false);
    expect(control.get('builds')).toBe(builds);
  });

  it('compile leaves its model alone', async () => {
    const model = join(place.folder, `kept ${major}.onnx`);
    const plan = join(place.folder, `kept ${major}.plan`);
    copyFileSync(models.mix, model);
    symlinkSync(model, plan);
    for (const output of [model, plan]) {
      const error = await failureOf(accelnode, 2, 'compile', model, '-d', 'cuda:0', '-o', output);
      expect(error.message).toBe(`${output} is the model itself, which would be overwritten.`);
      expect(error.hint).toContain('--output');
    }
    expect(readFileSync(model)).toEqual(readFileSync(models.mix));
  });

  it('compile leaves a plan alone whose name the output would get', async () => {
    const plan = join(place.folder, `own ${major}.plan`);
    expectPlain(await accelnode('compile', models.mix, '-d', 'cuda:0', '-o', plan), 0);
    const before = statSync(plan).mtimeMs;
    const child = new LineChild([main, 'compile', plan, '-d', 'cuda:0'], {
      env: { ...process.env, ...bare, ...env },
      cwd: place.folder,
    });
    const { code, stderr } = await child.ended;
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('is the model itself') as string });
    expect(statSync(plan).mtimeMs).toBe(before);
  });

  it('compile shows how far it has come, and stops at SIGINT', async () => {
    const output = join(place.folder, `never ${major}.plan`);
    const held = doubles();
    held.control.set('holdBuild', 1);
    const child = new LineChild([main, 'compile', models.mix, '-d', 'cuda:0', '-o', output], {
      env: { ...process.env, ...bare, ...held.env },
    });
    const progress = new Promise((resolve) => child.process.stderr!.once('data', resolve));
    expect(String(await progress)).toMatch(/\w{3}/);
    child.process.kill('SIGINT');
    const { code, stderr } = await child.ended;
    expect({ code, stderr }).toEqual({ code: 130, stderr: expect.stringContaining('CANCELLED') as string });
    expect(existsSync(output)).toBe(false);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('compile leaves nothing behind on %s', async (signal, code) => {
    const folder = join(place.folder, `never ${major} ${signal}`);
    const held = doubles();
    held.control.set('holdBuild', 1);
    const child = new LineChild([main, 'compile', models.mix, '-d', 'cuda:0', '-o', join(folder, 'made.plan')], {
      env: { ...process.env, ...bare, ...held.env },
    });
    await reaches(held.control, 'building', 1);
    child.process.kill(signal);
    expect(await child.ended).toMatchObject({ code, signal: null });
    expect(existsSync(folder)).toBe(false);
  });

  it('bench and run say that they wait for another, which stops at SIGINT', async () => {
    const held = doubles();
    held.control.set('holdBuild', 1);
    const start = (...args: string[]): LineChild =>
      new LineChild([main, ...args, models.mix, '-d', 'cuda:0', '--cache-dir', cache], {
        env: { ...process.env, ...bare, ...held.env },
      });
    const bench = start('bench', '-t', '0.01', '--warmup', '0', '--min-runs', '2');
    await reaches(held.control, 'building', 1);
    const run = start('run', '-i', 'a=zeros', '-i', 'b=zeros');
    const waits = new Promise<void>((resolve) => {
      run.process.stderr!.on('data', (chunk: Buffer) => chunk.toString().includes('waiting for another') && resolve());
    });
    await waits;
    bench.process.kill('SIGINT');
    const stopped = await bench.ended;
    expect(stopped).toMatchObject({ code: 130, signal: null, stderr: expect.stringContaining('CANCELLED') as string });
    held.control.set('holdBuild', 0);
    expect(await run.ended).toMatchObject({ code: 0, stderr: expect.stringContaining('loading…\nwaiting') as string });
    expect(held.control.get('builds')).toBe(2);
  });

  it.each([
    [['--level', '6'], /number from 0 to 5/],
    [['--workspace', 'much'], /number of bytes/],
    [['-s', 'x=1,3:4,3:8,3:16,3'], /<min>:<opt>:<max>/],
    [['-s', 'x=1,3:'], /<min>:<opt>:<max>/],
    [['-s', 'x=4,3:1,3'], /min ≤ opt ≤ max/],
  ])('compile refuses %j', async (args, message) => {
    const error = await failureOf(accelnode, 2, 'compile', models.rows, '-d', 'cuda:0', ...args);
    expect(error.message).toMatch(message);
  });

  it('inspect tells of a plan, with TensorRT and without', async () => {
    const output = join(place.folder, `inspected ${major}.plan`);
    expectPlain(await accelnode('compile', models.mix, '-d', 'cuda:0', '-o', output), 0);
    const plain = await accelnode('inspect', output);
    expectPlain(plain, 0);
    expect(plain.stdout).toMatch(/^cuda:0.*\n[^]*input +a +float32 +\[2, 2\]/);
    const size = statSync(output).size;
    const without = command({ ...bare, ACCELNODE_CUDA_LIBRARY: join(place.folder, 'none.so') });
    const file = await without('inspect', output);
    expectPlain(file, 0);
    expect(file.stdout).toContain(`(${size} bytes)`);
    expect(file.stdout).toContain('only TensorRT can read');
    expect(file.stdout).not.toContain('openvino');
    expect(await jsonOf(without, 0, 'inspect', output)).toMatchObject({
      format: 'plan',
      size,
      notLoaded: { code: 'RUNTIME_NOT_FOUND' },
    });
  });

  it.each([
    [[], /transfers counted, by host memory; CUDA graphs off/],
    [['--memory', 'pinned', '--graphs'], /transfers counted, by pinned memory; CUDA graphs on/],
    [['--memory', 'device'], /transfers not counted: there are none; CUDA graphs off/],
  ])('bench %j says what it has counted', async (args, mode) => {
    const quick = ['-t', '0.05', '--warmup', '0', '--min-runs', '2'];
    const plain = await accelnode('bench', models.mix, '-d', 'cuda:0', ...quick, ...args);
    expectPlain(plain, 0);
    expect(plain.stdout).toMatch(mode);
  });

  it('analyze loads with CUDA graphs, and builds an engine once where it is kept', async () => {
    const args = ['analyze', models.rows, '-d', 'cuda:0', '-t', '0', '--warmup', '0', '--min-runs', '2'];
    const before = control.get('builds');
    const lists = ['-b', '1', '-l', '1,2', '-c', '1,2', '--graphs', '--cache-dir', cache];
    const { measurements, question } = await jsonOf<Analysis>(accelnode, 0, ...args, ...lists);
    expect(question.load).toEqual({ graphs: true, cache });
    expect(measurements).toHaveLength(4);
    for (const each of measurements) expect(each).toMatchObject({ outcome: 'measured', row: { graphs: true } });
    expect(control.get('builds')).toBe(before + 1);
  });

  it('bench has room for as many runs as are to be in flight', async () => {
    const quick = ['-t', '0.01', '--warmup', '0', '--min-runs', '2'];
    expectPlain(await accelnode('bench', models.mix, '-d', 'cuda:0', ...quick, '-c', '1500'), 0);
  });

  it('run, bench and inspect take a plan that is version compatible when told so', async () => {
    const plan = join(place.folder, `compatible ${major}.plan`);
    const compile = ['compile', models.mix, '-d', 'cuda:0', '-o', plan, '--version-compatible'];
    expectPlain(await accelnode(...compile), 0);
    for (const args of [
      ['run', plan, '-i', 'a=zeros', '-i', 'b=zeros'],
      ['bench', plan, '-t', '0.01', '--warmup', '0', '--min-runs', '2'],
      ['inspect', plan],
    ]) {
      const error = await failureOf(accelnode, 1, ...args, '-d', 'cuda:0');
      expect(error.hint).toMatch(/load it with --version-compatible\.$/);
      expectPlain(await accelnode(...args, '-d', 'cuda:0', '--version-compatible'), 0);
    }
  });

  it('inspect fails where the plan is at fault, not a TensorRT that is missing', async () => {
    const plan = join(place.folder, `compatible, inspected ${major}.plan`);
    expectPlain(await accelnode('compile', models.mix, '-d', 'cuda:0', '-o', plan, '--version-compatible'), 0);
    const error = await failureOf(accelnode, 1, 'inspect', plan);
    expect(error).toMatchObject({ code: 'UNSUPPORTED' });
    expect(error.message).not.toContain('openvino');
    expect(error.hint).toMatch(/load it with --version-compatible\.$/);
  });

  it('takes a library, and a folder of them', async () => {
    const unset = command({ ...bare, ...env, ACCELNODE_CUDA_LIBRARY: undefined });
    for (const library of [libraryOf(major), folderOf(major)]) {
      expectPlain(
        await unset('run', models.mix, '-d', 'cuda:0', '-i', 'a=zeros', '-i', 'b=zeros', '--library', library),
        0,
      );
    }
  });

  it('cache lists and clears what --cache keeps', async () => {
    const run = ['run', models.mix, '-d', 'cuda:0', '-i', 'a=zeros', '-i', 'b=zeros', '--cache'];
    expectPlain(await cached(...run), 0);
    const { entries, folder, size } = await jsonOf<{ folder: string; size: number; entries: CacheEntry[] }>(
      cached,
      0,
      ...['cache', 'list'],
    );
    expect(folder).toBe(cache);
    expect(entries).toMatchObject([{ model: models.mix, backend: 'cuda', size }]);
    const builds = control.get('builds');
    expectPlain(await cached(...run), 0);
    expect(control.get('builds')).toBe(builds);
    const plain = await cached('cache', 'list');
    expectPlain(plain, 0);
    expect(plain.stdout).toMatch(
      new RegExp(`${entries[0]!.key.slice(0, 12)} +cuda +${major}\\.[^]*1 compiled model, `),
    );

    expectPlain(await cached('cache', 'clear', '--older-than', '1'), 0);
    expect(readdirSync(join(cache, 'cuda'))).not.toEqual([]);
    const cleared = await cached('cache', 'clear');
    expectPlain(cleared, 0);
    expect(cleared.stdout).toMatch(/^1 compiled model removed/);
    expect(readdirSync(join(cache, 'cuda'))).toEqual([]);
    expect(await jsonOf(cached, 0, 'cache', 'clear')).toEqual({ folder: cache, size: 0, removed: [] });
  });

  it('has made no mistake with the doubles', () => {
    expect(blocks).toHaveLength(7);
    expect(blocks.flatMap((block) => block.getText('violation') || [])).toEqual([]);
  });
});
