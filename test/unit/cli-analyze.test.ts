/** `accelnode analyze` and `verify` on null models, each configuration in a real process. */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Tensor } from 'accelnode';
import type { NullModel } from 'accelnode';
import { beforeEach, describe, expect, it } from 'vitest';

import { readResults } from '../../build-ts/results/results.js';
import type { Analysis } from '../../build-ts/analyze/analysis.js';
import { writeNpy } from '../../build-ts/cli/npy.js';
import { command, expectPlain, failureOf, jsonOf } from '../utils/command.js';
import { LineChild } from '../utils/line-child.js';
import { temporaryFolder } from '../utils/temporary-folder.js';

const accelnode = command();
const root = join(import.meta.dirname, '..', '..');

let folder: string;

beforeEach(() => {
  folder = temporaryFolder();
});

function model(name: string, spec: Partial<NullModel> = {}): string {
  const path = join(folder, `${name}.null.json`);
  const whole: NullModel = { model: 'echo', inputs: [{ name: 'x', type: 'float32', shape: [-1, 4] }], ...spec };
  writeFileSync(path, JSON.stringify(whole));
  return path;
}

/** So few requests as to take no time. */
const SHORT = ['-d', 'null:0', '-t', '0', '--warmup', '0', '--min-runs', '2'];

const outcomes = ({ measurements }: Analysis): string[] =>
  measurements.map(
    ({ outcome, configuration: { batch, lanes, concurrency } }) => `${batch}/${lanes}/${concurrency} ${outcome}`,
  );

describe('analyze', () => {
  it('survives that the memory is full, reports it, and writes all files', async () => {
    const memory = { device: 1000, devicePerSample: 1000, limit: 4500 };
    const path = model('growing', { model: 'busy', wait: 'sleep', durationMs: 20, memory });
    const output = join(folder, 'out');
    const result = await accelnode(
      ...['analyze', path, ...SHORT, '--search', 'brute', '-b', '1:', '-l', '1', '-c', '1', '-o', output],
    );
    expect({ code: result.code }, result.stderr).toEqual({ code: 0 });
    const analysis = JSON.parse(readFileSync(join(output, 'analysis.json'), 'utf8')) as Analysis;
    expect(analysis.complete).toBe(true);
    // Three items need 4000 bytes, four need 5000.
    expect(outcomes(analysis)).toEqual(['1/1/1 measured', '2/1/1 measured', '4/1/1 out of memory']);
    expect(analysis.measurements[1]).toMatchObject({
      row: { batch: 2, shapes: { x: [2, 4] }, device: 'null:0', api: 'native', resources: { deviceMemory: 3000 } },
    });
    expect(result.stdout).toMatch(/^Model +Device +Precision +Batch +Lanes +Concurrency +.*p99 Latency \(ms\)/);
    expect(result.stdout).toMatch(/In 3 measurements across 3 configurations, growing with batch 2 on 1 lane/);
    expect(result.stdout).toMatch(/batch 4 on 1 lane with 1 in flight: out of memory: The null model has no memory/);
    expect(readdirSync(output).sort()).toEqual(['analysis.csv', 'analysis.json', 'report.html', 'results.json']);
    expect(readFileSync(join(output, 'report.html'), 'utf8')).toContain('<strong>out of memory</strong>');
  });

  it('prints JSON alone, of several models, devices and precisions', async () => {
    const paths = [model('first'), model('second')];
    const analysis = await jsonOf<Analysis>(
      accelnode,
      0,
      ...['analyze', ...paths, ...SHORT, '-d', 'null:1', '-p', 'fp32,auto', '-b', '1', '-l', '1', '-c', '1'],
    );
    const combinations = analysis.measurements.map(({ configuration: { model, device, precision } }) =>
      [model, device, precision].join(' '),
    );
    expect(combinations).toEqual(
      paths.flatMap((path) =>
        ['null:0', 'null:1'].flatMap((device) => [`${path} ${device} fp32`, `${path} ${device} auto`]),
      ),
    );
  });

  it('--verify compares the outputs of each', async () => {
    const analysis = await jsonOf<Analysis>(
      accelnode,
      0,
      ...['analyze', model('echo'), ...SHORT, '-b', '1,2', '-l', '1', '-c', '1', '--verify', 'null:1'],
    );
    for (const measurement of analysis.measurements) {
      expect(measurement).toMatchObject({ verification: { reference: 'null:1', passed: true } });
    }
  });

  it('a process that is killed costs its row; --resume tries it again and does the rest, and only that', async () => {
    const output = join(folder, 'out');
    const args = [
      'analyze',
      model('killed'),
      ...SHORT,
      '-b',
      '1,2,4',
      '-l',
      '1',
      '-c',
      '1',
      '--search',
      'brute',
      '-o',
      output,
    ];
    // Kills the process of the second configuration.
    const killer = join(folder, 'killer.cjs');
    writeFileSync(
      killer,
      `if (process.argv[1]?.endsWith('analyze-child.js')) process.prependOnceListener('message', ({ configuration }) => {
        if (configuration.batch === 2) process.kill(process.pid, 'SIGKILL');
      });`,
    );
    const killed = await command({ NODE_OPTIONS: `--require ${killer}` })(...args);
    expect({ code: killed.code }, killed.stderr).toEqual({ code: 0 });
    expect(killed.stdout).toMatch(/batch 2 .*: crashed: The process that measured it was ended by SIGKILL\./);
    const file = join(output, 'analysis.json');
    const analysis = JSON.parse(readFileSync(file, 'utf8')) as Analysis;
    expect(outcomes(analysis)).toEqual(['1/1/1 measured', '2/1/1 crashed', '4/1/1 measured']);

    writeFileSync(
      file,
      JSON.stringify({ ...analysis, complete: false, measurements: analysis.measurements.slice(0, 2) }),
    );
    const resumed = await accelnode(...args, '--resume');
    expect({ code: resumed.code }, resumed.stderr).toEqual({ code: 0 });
    expect(resumed.stderr).toBe(
      [2, 4]
        .map((batch, i) => `${i + 2}: killed on null:0 in fp32, batch ${batch} on 1 lane with 1 in flight\n`)
        .join(''),
    );
    const whole = JSON.parse(readFileSync(file, 'utf8')) as Analysis;
    expect(whole.measurements[0]).toEqual(analysis.measurements[0]);
    expect(outcomes(whole)).toEqual(['1/1/1 measured', '2/1/1 measured', '4/1/1 measured']);
    expect(whole.complete).toBe(true);

    model('killed', { model: 'busy', wait: 'sleep', durationMs: 1 });
    const changed = await failureOf(accelnode, 2, ...args, '--resume');
    expect(changed.message).toMatch(/killed\.null\.json has changed since .*analysis\.json was written\.$/);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(whole);
  });

  it.skipIf(process.platform === 'win32')(
    'Ctrl-C ends after the configuration that is being measured, and saves',
    async () => {
      const output = join(folder, 'out');
      const path = model('slow', { model: 'busy', wait: 'sleep', durationMs: 50 });
      const args = ['analyze', path, ...SHORT, '-b', '1,2,4', '-l', '1', '-c', '1', '--search', 'brute', '-o', output];
      // Sends the signal when the second row begins: after the first is in the file.
      const interrupter = join(folder, 'interrupter.cjs');
      writeFileSync(
        interrupter,
        `if (process.argv[1]?.endsWith('analyze-child.js')) process.prependOnceListener('message', ({ configuration }) => {
        if (configuration.batch === 2) process.kill(process.ppid, 'SIGINT');
      });`,
      );
      const interrupted = await command({ NODE_OPTIONS: `--require ${interrupter}` })(...args);
      expect(interrupted.code, interrupted.stderr).toBe(130);
      expect(interrupted.stdout).toMatch(/Interrupted\. The same command with --resume goes on\.\n$/);
      const analysis = JSON.parse(readFileSync(join(output, 'analysis.json'), 'utf8')) as Analysis;
      expect(analysis.complete).toBe(false);
      expect(outcomes(analysis)).toEqual(['1/1/1 measured', '2/1/1 measured']);
      expect(readResults(join(output, 'results.json'))).toMatchObject({ interrupted: true });
      expect(existsSync(join(output, 'report.html'))).toBe(true);
    },
  );

  it.skipIf(process.platform === 'win32')('Ctrl-C has exit code 130 also where nothing could be measured', async () => {
    const path = model('failing', { failAt: 1 });
    const interrupter = join(folder, 'interrupter.cjs');
    writeFileSync(
      interrupter,
      `if (process.argv[1]?.endsWith('analyze-child.js')) process.prependOnceListener('message', () => {
        process.kill(process.ppid, 'SIGINT');
      });`,
    );
    const result = await command({ NODE_OPTIONS: `--require ${interrupter}` })(
      ...['analyze', path, ...SHORT, '-b', '1,2', '-l', '1', '-c', '1'],
    );
    expectPlain(result, 130);
    expect(result.stdout).toMatch(/In 1 measurement .* none could be measured; the first: .*fails at this run/);
    expect(result.stdout).toMatch(/Interrupted\./);
  });

  it('says which sizes nobody has given, and shows the shapes wherever results are', async () => {
    const path = model('open', { inputs: [{ name: 'tokens', type: 'float32', shape: [-1, -1] }] });
    const output = join(folder, 'out');
    const args = ['analyze', path, ...SHORT, '-b', '1,2', '-l', '1', '-c', '1'];
    const result = await accelnode(...args, '-o', output);
    expectPlain(result, 0);
    const words = 'Left open and not given, so set to 1: dimension 2 of tokens. --shape tokens=… gives another size.';
    expect(result.stderr.split('\n').filter((line) => line === `note: open: ${words}`)).toHaveLength(1);
    expect(result.stdout).toContain(`\ninputs: tokens [batch, 1]. ${words}\n`);
    expect(readFileSync(join(output, 'report.html'), 'utf8')).toContain(
      `<dt>Inputs of open</dt><dd>tokens [batch, 1]. ${words}</dd>`,
    );
    const [head, , second] = readFileSync(join(output, 'analysis.csv'), 'utf8').split('\n');
    expect(head).toMatch(/,Outcome,Shapes$/);
    expect(second).toMatch(/,measured,tokens=2x1$/);

    const given = await accelnode(...args, '-s', 'tokens=1,32');
    expect(given.stderr).not.toContain('note:');
    expect(given.stdout).toContain('\ninputs: tokens [batch, 32]\n');
  });

  it('refuses a shape of an input that no model has, before anything is measured', async () => {
    const [one, two] = [model('one'), model('two', { inputs: [{ name: 'y', type: 'float32', shape: [-1, 4] }] })];
    const error = await failureOf(accelnode, 2, 'analyze', one, ...SHORT, '-s', 'z=1,4');
    expect(error).toMatchObject({ message: '--shape: the model has no input "z".', hint: 'The inputs: x.' });
    const several = await failureOf(accelnode, 2, 'analyze', one, two, ...SHORT, '-s', 'z=1,4');
    expect(several).toMatchObject({
      message: '--shape: none of the models has an input "z".',
      hint: 'The inputs: one: x; two: y.',
    });
    const other = await accelnode('analyze', one, two, ...SHORT, '-b', '1', '-l', '1', '-c', '1', '-s', 'y=1,4');
    expectPlain(other, 0);
  });

  it('keeps the figures where the reference fails, and says so', async () => {
    // Of a machine on which the reference was there a moment ago.
    const remover = join(folder, 'remover.cjs');
    writeFileSync(
      remover,
      `if (process.argv[1]?.endsWith('analyze-child.js')) process.prependOnceListener('message', ({ settings }) => {
        settings.reference = 'null:9';
      });`,
    );
    const args = ['analyze', model('m'), ...SHORT, '-b', '1,2', '-l', '1', '-c', '1', '--verify', 'null:1'];
    const result = await command({ NODE_OPTIONS: `--require ${remover}` })(...args);
    expectPlain(result, 0);
    expect(result.stdout.match(/^m +null:0 .* Unknown$/gm)).toHaveLength(2);
    expect(result.stdout).toMatch(/none is known to have the outputs of the reference\. The reference null:9 can't be/);
    expect(result.stdout).toMatch(/^m: outputs not compared: The reference null:9 can't be loaded: /m);
  });

  it('refuses a time-out that no configuration could keep', async () => {
    const path = model('m');
    const error = await failureOf(accelnode, 2, 'analyze', path, '-d', 'null:0', '-t', '3', '--timeout', '3');
    expect(error.message).toMatch(/--duration of 3 s and --warmup of 200 ms are not less than --timeout of 3 s\.$/);
    const warmup = ['-t', '0', '--warmup', '2000', '--timeout', '2'];
    expect((await failureOf(accelnode, 2, 'analyze', path, '-d', 'null:0', ...warmup)).code).toBe('INVALID_ARGUMENT');
  });

  it('a configuration that takes too long costs its row', async () => {
    const path = model('endless', { model: 'busy', wait: 'sleep', durationMs: 1e8 });
    const error = await failureOf(
      accelnode,
      1,
      ...['analyze', path, ...SHORT, '-b', '1', '-l', '1', '-c', '1', '--timeout', '2'],
    );
    expect(error.message).toMatch(
      /^Nothing could be measured\. endless, batch 1 .*: timed out: It had not ended after 2 s\.$/,
    );
  });

  it.each<[string, (path: string) => string[], 1 | 2, RegExp]>([
    ['a model that is not there', () => ['none.onnx', '-d', 'null:0'], 1, /none\.onnx/],
    ['a model given twice', (path) => [path, path, '-d', 'null:0'], 2, /is given twice/],
    ['an unknown device', (path) => [path, '-d', 'null:7'], 1, /There is no device null:7/],
    [
      'a hint that no device has a use for',
      (path) => [path, '-d', 'null:0', '--hint', 'latency'],
      2,
      /no use of --hint/,
    ],
    ['graphs on what is no GPU', (path) => [path, '-d', 'null:0', '--graphs'], 2, /no use of --graphs/],
    ['an unknown backend', (path) => [path, '-d', 'tpu:0'], 2, /There is no backend "tpu"/],
  ])('refuses %s, and leaves nothing behind', async (_, args, code, message) => {
    const output = join(folder, 'out');
    const error = await failureOf(accelnode, code, 'analyze', ...args(model('growing')), '-o', output);
    expect(error.message).toMatch(message);
    expect(existsSync(output)).toBe(false);
  });

  it('refuses a folder that has an analysis, one of another question, and one that can not be made', async () => {
    const output = join(folder, 'out');
    const args = ['analyze', model('m'), ...SHORT, '-b', '1', '-l', '1', '-c', '1', '-o', output];
    expect((await accelnode(...args)).code).toBe(0);
    const there = await failureOf(accelnode, 2, ...args);
    expect(there).toMatchObject({
      message: `There is an analysis in ${output} already.`,
      hint: expect.stringMatching(/--resume/) as string,
    });
    const other = await failureOf(accelnode, 2, ...args, '--resume', '--latency-budget', '5');
    expect(other.message).toMatch(/is of another question: it differs in --latency-budget\.$/);
    const file = join(output, 'analysis.json');
    const analysis = JSON.parse(readFileSync(file, 'utf8')) as Analysis;
    const cpu = { ...analysis.environment.cpu, model: 'Another' };
    writeFileSync(file, JSON.stringify({ ...analysis, environment: { ...analysis.environment, cpu } }));
    const elsewhere = await failureOf(accelnode, 2, ...args, '--resume');
    expect(elsewhere.message).toMatch(/analysis\.json was measured under other conditions: the CPU was Another with /);
    writeFileSync(join(folder, 'file'), '');
    const inFile = await failureOf(accelnode, 2, ...args.slice(0, -1), join(folder, 'file', 'out'));
    expect(inFile.message).toMatch(/Can't write to the folder .*: a part of the path is a file\./);
    const nothing = await failureOf(accelnode, 2, ...args.slice(0, -1), join(folder, 'absent'), '--resume');
    expect(nothing.message).toMatch(/Can't read .*analysis\.json: there is no such file or folder\./);
    expect(existsSync(join(folder, 'absent'))).toBe(false);
  });

  it('refuses a folder that another process analyzes into, and leaves it alone', async () => {
    const output = join(folder, 'out');
    const args = ['analyze', model('m'), ...SHORT, '-b', '1', '-l', '1', '-c', '1', '-o', output];
    const other = new LineChild([join(root, 'test', 'utils', 'lock-child.mjs'), join(output, '.lock')]);
    await other.prints('locked');
    expect(await failureOf(accelnode, 2, ...args)).toMatchObject({
      message: `Another process writes an analysis to ${output}.`,
      hint: expect.stringMatching(/another folder/) as string,
    });
    expect(readdirSync(output)).toEqual(['.lock']);
    other.process.kill('SIGKILL');
    await other.ended;
    expect((await accelnode(...args)).code).toBe(0);
    expect(readdirSync(output)).not.toContain('.lock');
  });

  it('notices before the first measurement that the file system is read-only', async () => {
    const readOnly = preload(
      'read-only',
      `for (const fs of [require('node:fs'), require('node:fs').promises]) {
        const { mkdir, mkdirSync } = fs;
        const refuse = () => { throw Object.assign(new Error('EROFS: read-only file system'), { code: 'EROFS' }); };
        if (mkdir !== undefined) fs.mkdir = async (path, ...rest) => (String(path).endsWith('.lock') ? refuse() : mkdir(path, ...rest));
        if (mkdirSync !== undefined) fs.mkdirSync = (path, ...rest) => (String(path).includes('new') ? refuse() : mkdirSync(path, ...rest));
      }`,
    );
    const args = ['analyze', model('m'), ...SHORT, '-b', '1', '-l', '1', '-c', '1', '-o'];
    for (const output of [folder, join(folder, 'new', 'out')]) {
      const result = await command({ NODE_OPTIONS: `--require ${readOnly}` })(...args, output);
      expectPlain(result, 2);
      expect(result.stderr).toContain(`Can't write to the folder ${output}: it is read-only.`);
      expect(result.stderr).not.toMatch(/^1: /m);
    }
  });

  it('keeps the last whole file when the disk is full', async () => {
    // After the first measurement. Files are written by `writeSync`.
    const full = preload(
      'full',
      `const fs = require('node:fs');
      const { writeSync } = fs;
      fs.writeSync = (file, data, ...rest) => {
        if (!String(data).includes('"batch": 2,')) return writeSync(file, data, ...rest);
        writeSync(file, String(data).slice(0, 100));
        throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
      };`,
    );
    const output = join(folder, 'out');
    const args = [
      'analyze',
      model('m'),
      ...SHORT,
      '-b',
      '1,2',
      '-l',
      '1',
      '-c',
      '1',
      '--search',
      'brute',
      '-o',
      output,
    ];
    const result = await command({ NODE_OPTIONS: `--require ${full}` })(...args);
    expectPlain(result, 2);
    expect(result.stderr).toMatch(/Can't write .*analysis\.json: there is no space left\./);
    expect(readdirSync(output)).toEqual(['analysis.json']);
    const kept = JSON.parse(readFileSync(join(output, 'analysis.json'), 'utf8')) as Analysis;
    expect(outcomes(kept)).toEqual(['1/1/1 measured']);
    expect((await accelnode(...args, '--resume')).code).toBe(0);
  });

  /** A module for Node's --require, for the command alone and not for its children. */
  function preload(name: string, code: string): string {
    const path = join(folder, `${name}.cjs`);
    writeFileSync(path, `if (process.argv[1]?.endsWith('cli.js')) { ${code} }`);
    return path;
  }

  it.each<[string[], RegExp]>([
    [['-b', '8:1'], /range must rise/],
    [['-c', '1:'], /like 1,2,4 or 1:64/],
    [['-p', 'fp8'], /Allowed are fp32/],
    [['--objective', 'speed=1'], /throughput=10,latency=1/],
    [['--objective', 'latency=1,latency=2'], /given twice/],
    [['--max-memory', '-1'], /number of at least 0/],
  ])('%j is wrong usage', async (args, message) => {
    const result = await accelnode('analyze', 'm.onnx', ...args);
    expectPlain(result, 2);
    expect(result.stderr).toMatch(message);
  });

  it('stops the process of the configuration when it is killed itself', async () => {
    const path = model('endless', { model: 'busy', wait: 'sleep', durationMs: 1e8 });
    const parent = new LineChild(
      [join(root, 'dist', 'cli.js'), 'analyze', path, ...SHORT, '-b', '1', '-l', '1', '-c', '1'],
      { env: { ...process.env, NODE_OPTIONS: `--require ${marker()}` } },
    );
    await parent.prints('measuring');
    parent.process.kill('SIGKILL');
    // Its pipes close when the last process that has them has ended: the child too.
    await parent.ended;
  });

  /** Has the child say on the parent's terminal that it measures; it has no other way to. */
  function marker(): string {
    const path = join(folder, 'marker.cjs');
    writeFileSync(
      path,
      `if (process.argv[1]?.endsWith('cli.js')) {
        const childProcess = require('node:child_process');
        const { fork } = childProcess;
        childProcess.fork = (...args) => {
          args[2] = { ...args[2], stdio: ['ignore', 'inherit', 'inherit', 'ipc', 'pipe'] };
          return fork(...args);
        };
      } else if (process.argv[1]?.endsWith('analyze-child.js')) process.prependOnceListener('message', () => console.log('measuring'));`,
    );
    return path;
  }
});

describe('verify', () => {
  it.each([['verify'], ['analyze']])('%s says how a model fails', async (name) => {
    const extra = name === 'analyze' ? SHORT : ['-d', 'null:0', '-r', 'null:1'];
    const error = await failureOf(accelnode, 1, name, model('failing', { failAt: 1 }), ...extra);
    expect(error).toMatchObject({
      code: 'VENDOR_FAILURE',
      message: expect.stringMatching(/The null model fails at this run/) as string,
    });
    // The reference fails, too.
    expect(error.message).not.toContain('reference');
  });

  it('passes a device that computes the same', async () => {
    const result = await accelnode('verify', model('echo'), '-d', 'null:0', '-r', 'null:1', '-s', 'x=3,4');
    expectPlain(result, 0);
    expect(result.stdout).toMatch(/^x +36 +1\.0000000 +0\.00e\+0 +0\.00e\+0 +0 +0 +PASS$/m);
    expect(result.stdout).toMatch(/\nPASS\n$/);
    expect(await jsonOf(accelnode, 0, 'verify', model('echo'), '-d', 'null:0', '-r', 'null:1')).toMatchObject({
      passed: true,
      reference: 'null:1',
      inputs: 3,
    });
  });

  it('says that a device is compared with itself', async () => {
    const same = /^It is the same device in the same precision/m;
    expect((await accelnode('verify', model('echo'), '-d', 'null:0', '-r', 'null:0')).stdout).toMatch(same);
    expect((await accelnode('verify', model('echo'), '-d', 'null:0', '-r', 'null:1')).stdout).not.toMatch(same);
  });

  it('refuses a cosine that nothing can have', async () => {
    const result = await accelnode('verify', model('echo'), '-d', 'null:0', '-r', 'null:1', '--min-cosine', '2');
    expectPlain(result, 2);
    expect(result.stderr).toMatch(/No cosine is more than 1\./);
  });

  it('takes given inputs, and refuses some of them', async () => {
    const two = model('two', {
      inputs: [
        { name: 'a', type: 'float32', shape: [2] },
        { name: 'b', type: 'int64', shape: [2] },
      ],
    });
    const args = ['verify', two, '-d', 'null:0', '-r', 'null:1', '-i', 'a=zeros'];
    expect((await failureOf(accelnode, 2, ...args)).message).toBe('The input "b" is not given.');
    expect(await jsonOf(accelnode, 0, ...args, '-i', 'b=random')).toMatchObject({ passed: true, inputs: 1 });
  });

  it('fails what is beyond the tolerance: FAIL, why, and exit code 1', async () => {
    const path = model('echo', { inputs: [{ name: 'x', type: 'float32', shape: [2] }] });
    const nan = join(folder, 'nan.npy');
    writeNpy(nan, new Tensor('float32', [NaN, NaN]));
    const args = ['verify', path, '-d', 'null:0', '-r', 'null:1', '-i', `x=${nan}`];
    const result = await accelnode(...args);
    expectPlain(result, 1);
    expect(result.stdout).toMatch(/^x +2 .* FAIL$/m);
    expect(result.stdout).toMatch(/^x: No element is a number in either of the two/m);
    expect(result.stdout).toMatch(/\nFAIL\n$/);
    expect(await jsonOf(accelnode, 1, ...args)).toMatchObject({ passed: false, outputs: [{ nan: 2 }] });
  });

  it('runs given inputs and random ones, and loads each side once', async () => {
    const path = model('echo', { inputs: [{ name: 'x', type: 'float32', shape: [4] }] });
    // Prints how often the model is read.
    const watcher = join(folder, 'watcher.cjs');
    writeFileSync(
      watcher,
      `if (process.argv[1]?.endsWith('cli.js')) {
        const fs = require('node:fs');
        const { readFileSync } = fs;
        let reads = 0;
        fs.readFileSync = (path, ...rest) => {
          if (String(path).endsWith('echo.null.json')) reads++;
          return readFileSync(path, ...rest);
        };
        process.on('exit', () => process.stderr.write(\`read \${reads} times\\n\`));
      }`,
    );
    const watched = command({ NODE_OPTIONS: `--require ${watcher}` });
    const args = ['verify', path, '-d', 'null:0', '-r', 'null:1'];
    const reads = async (...more: string[]): Promise<string> => {
      const result = await watched(...args, ...more);
      expectPlain(result, 0);
      return /^read \d+ times$/m.exec(result.stderr)![0];
    };
    expect(await reads('-i', 'x=zeros')).toBe(await reads());

    expect(await jsonOf(accelnode, 0, ...args, '-i', 'x=zeros', '--random', '2')).toMatchObject({ inputs: 3 });
  });

  it('refuses a reference that is not there', async () => {
    const error = await failureOf(accelnode, 1, 'verify', model('echo'), '-d', 'null:0', '-r', 'null:9');
    expect(error.message).toBe('There is no device null:9.');
  });
});
