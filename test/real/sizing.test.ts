/** docs/guides/sizing.md, as a reader follows it. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Session } from 'accelnode';
import type { LoadOptions } from 'accelnode';
import { expect, it } from 'vitest';

import type { HostConfiguration } from '../../build-ts/placement/host-config.js';
import { readResults } from '../../build-ts/results/results.js';
import { seededInputs } from '../../build-ts/verify/random-inputs.js';
import { runProgram } from '../utils/child.js';
import type { ChildResult } from '../utils/child.js';
import { modelPath } from '../utils/models.js';
import { describeOpenvino } from '../utils/openvino.js';
import { temporaryFolder } from '../utils/temporary-folder.js';

const root = join(import.meta.dirname, '..', '..');
const page = readFileSync(join(root, 'docs', 'guides', 'sizing.md'), 'utf8');

/** The words of each command, in order. */
const commands = [...page.matchAll(/^npx accelnode (.*)$/gm)].map(([, words]) => words!.split(' '));
const table = /^```\n(name,memoryMB[^`]*)```$/m.exec(page)![1]!;

function accelnode(args: string[], folder: string): Promise<ChildResult> {
  return runProgram(process.execPath, [join(root, 'dist', 'cli.js'), ...args], {}, folder);
}

describeOpenvino('from models to devices', () => {
  it('the commands do what the page says', async () => {
    const folder = temporaryFolder();
    const path = (...names: string[]): string => join(folder, ...names);
    for (const name of ['resnet18', 'encoder', 'mlp']) copyFileSync(modelPath(name), path(`${name}.onnx`));
    writeFileSync(path('gpus.csv'), table);

    const [analyze, plan, ...others] = commands as [string[], string[]];
    expect(others).toEqual([]);
    const analyzed = await accelnode(analyze, folder);
    expect(analyzed.code, analyzed.stderr).toBe(0);
    expect(analyzed.stdout.match(/^In \d+ measurements across 4 configurations, /gm)).toHaveLength(3);
    const { rows } = readResults(path('report', 'results.json'));
    expect(new Set(rows.map(({ model }) => model))).toEqual(new Set(['resnet18.onnx', 'encoder.onnx', 'mlp.onnx']));
    expect(readFileSync(path('report', 'report.html'), 'utf8')).toMatch(/<svg[^]*resnet18[^]*encoder[^]*mlp/);

    const planned = await accelnode([...plan, '--json'], folder);
    expect(planned.code).toBe(0);
    const { count, proved, devices } = JSON.parse(planned.stdout) as {
      count: number;
      proved: boolean;
      devices: { models: string[]; memoryMB: number }[];
    };
    expect({ count, proved }).toEqual({ count: 2, proved: true });
    expect(devices.flatMap(({ models }) => models).sort()).toEqual(['encoder.onnx', 'mlp.onnx', 'resnet18.onnx']);
    for (const { memoryMB } of devices) expect(memoryMB).toBeLessThanOrEqual(280);
    expect(readFileSync(path('devices.svg'), 'utf8')).toContain('2 devices, proved optimal');
    const host = JSON.parse(readFileSync(path('host.json'), 'utf8')) as HostConfiguration;
    expect(host).toMatchObject({ format: 'accelnode-host', devices: [{ device: 'gpu#1' }, { device: 'gpu#2' }] });
    // The page has made the GPUs up.
    const models = host.devices.flatMap((each) => each.models);
    expect(models).toHaveLength(3);
    for (const { path: file, lanes, precision, shapes } of models) {
      const options = { device: 'openvino:CPU', lanes, precision, shapes } as LoadOptions;
      await using session = await Session.load(file!, options);
      await session.run(seededInputs(session.inputs, shapes!, 1));
    }
  });
});
