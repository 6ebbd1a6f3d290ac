// The two programs of the guide for those who come from onnxruntime-node do the same.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { runScript } from '../utils/child.js';
import { modelPath } from '../utils/models.js';
import { describeOpenvino } from '../utils/openvino.js';

const guide = join(import.meta.dirname, '..', '..', 'docs', 'guides', 'from-onnxruntime.md');

/** What a program prints about its output: the shape, and the first numbers. */
async function outputOf(program: string): Promise<{ shape: string; numbers: number[] }> {
  const script = program.replace("'model.onnx'", JSON.stringify(modelPath('resnet18'))).replaceAll('!.', '.');
  const { code, stdout, stderr } = await runScript(script);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const [shape = '', numbers = ''] = stdout.split(/Float32Array\(3\) /);
  return { shape: shape.trim(), numbers: numbers.match(/-?[\d.]+/g)!.map(Number) };
}

describeOpenvino('coming from onnxruntime-node', () => {
  it('the same program gives the same numbers', async () => {
    const programs = [...readFileSync(guide, 'utf8').matchAll(/^```ts\n(import .*?)^```$/gms)].map(([, text]) => text!);
    expect(programs.map((program) => /from '(.*)'/.exec(program)?.[1])).toEqual(['onnxruntime-node', 'accelnode']);
    const [theirs, ours] = [await outputOf(programs[0]!), await outputOf(programs[1]!)];
    expect(ours.shape).toBe('[ 1, 1000 ]');
    expect(ours.shape).toBe(theirs.shape);
    expect(ours.numbers).toEqual(theirs.numbers.map((value) => expect.closeTo(value, 3) as number));
  });
});
