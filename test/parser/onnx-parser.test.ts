/**
 * TensorRT's real ONNX parsers, driven by accelnode, fill the network of the double: what we call of the parser and of
 * its errors, and what it calls of a network, is laid out as measured. What the double can compute, runs.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Tensor } from 'accelnode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { majors, rowsFrom1To8, writeModels } from '../fakes/cuda/setup.js';
import { runScriptFile } from '../fakes/run-script-file.js';
import { modelPath } from '../utils/models.js';
import { onnxModel } from '../utils/onnx-model.js';
import { makeParserDoubles, missingParser, releaseOf, withExternalWeights } from './setup.js';

const folder = mkdtempSync(join(tmpdir(), 'accelnode-parser-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Load {
  path: string;
  fromBytes?: boolean;
  shapes?: object;
}

interface Outcome {
  inputs?: string[];
  outputs?: string[];
  results?: Record<string, number[]>;
  code?: string;
  message?: string;
  call?: string;
  hint?: string;
}

function write(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** y = x + bias, where bias is in another file. */
function externalWeights(name: string, weights?: Float32Array): string {
  const value = { type: 'float32', shape: [2, 3] } as const;
  const model = onnxModel({
    inputs: [{ name: 'x', ...value }],
    nodes: [{ name: 'bias', op: 'Add', inputs: ['x', 'bias'], outputs: ['y'] }],
    outputs: [{ name: 'y', ...value }],
  });
  if (weights !== undefined) write(`${name}.weights`, new Uint8Array(weights.buffer));
  return write(`${name}.onnx`, withExternalWeights(model, 'bias', `${name}.weights`));
}

/** y = x + 1 in a type that TensorRT does not have. */
function doubles(): string {
  const value = { type: 'float64', shape: [2] } as const;
  return write(
    'float64.onnx',
    onnxModel({
      inputs: [{ name: 'x', ...value }],
      initializers: [{ name: 'one', tensor: new Tensor('float64', [1, 1]) }],
      nodes: [{ name: 'add', op: 'Add', inputs: ['x', 'one'], outputs: ['y'] }],
      outputs: [{ name: 'y', ...value }],
    }),
  );
}

const mix = {
  inputs: ['a: float32 [2,2]', 'b: float32 [2,2]'],
  outputs: ['sum: float32 [2,2]', 'copy: float32 [2,2]'],
  results: { sum: [0, 2, 4, 6], copy: [0, 1, 2, 3] },
};

/** Names of loads, in their order in one process: nothing that failed may stand in the way of what comes after. */
function makeLoads(): Record<string, [load: Load, outcome: object]> {
  const models = writeModels(folder);
  const bytes = readFileSync(models.mix);
  const invalid = (...words: string[]) => ({
    code: 'MODEL_INVALID',
    message: expect.stringMatching(new RegExp(words.join('[^]*'))) as string,
  });
  const unsupported = (...words: string[]) => ({ ...invalid(...words), code: 'MODEL_UNSUPPORTED' });
  const apart = join(folder, 'apart');
  mkdirSync(apart);
  copyFileSync(modelPath('external-data'), join(apart, 'model.onnx'));
  const notFound = 'Plugin not found';
  const noWay = 'Could not find any implementation for ';
  return {
    'two outputs, one of them an input': [{ path: models.mix }, mix],
    'the same from bytes': [{ path: models.mix, fromBytes: true }, mix],
    'a dynamic shape, and a constant of lower rank': [
      { path: models.rows, shapes: rowsFrom1To8 },
      {
        inputs: ['x: float32 [-1,3]'],
        outputs: ['y: float32 [-1,3]'],
        results: { y: [1, 3, 5, 4, 6, 8] },
      },
    ],
    'a dynamic shape without bounds': [{ path: models.rows }, unsupported('must know the range of its dimension 0')],
    'outputs of which only the data tells the shape': [
      { path: models.places },
      { outputs: ['places: int64 [1,-1]'], results: { places: [1, 2, 3, 4, 5] } },
    ],
    'several types, and inputs passed on': [
      { path: modelPath('passthrough') },
      {
        inputs: ['a: float32 [2,3]', 'b: int64 [4]'],
        outputs: expect.arrayContaining(['sum: float32 [2,3]', 'b_again: int64 [4]']) as string[],
        results: expect.objectContaining({ b_again: [0, 1, 2, 3] }) as object,
      },
    ],
    'weights in another file': [
      { path: externalWeights('beside', new Float32Array([10, 20, 30])) },
      { results: { y: [10, 21, 32, 13, 24, 35] } },
    ],
    'weights in another file that is not there': [{ path: externalWeights('alone') }, invalid('initializer: bias')],
    'the same of another model': [
      { path: join(apart, 'model.onnx') },
      invalid('external-data.weights with weights of the model is not there'),
    ],
    // The double computes no such layers: that it comes to them shows that all of the model was taken.
    'a perceptron': [
      { path: modelPath('mlp') },
      unsupported(
        `${noWay}matmul_2 .MatrixMultiply., relu_5 .Activation., matmul_7 .MatrixMultiply., relu_10 .Activation., `,
        'matmul_12 .MatrixMultiply.',
      ),
    ],
    'a perceptron of float16': [
      { path: modelPath('float16'), shapes: { x: { min: [1, 32], opt: [2, 32], max: [4, 32] } } },
      unsupported(noWay, 'MatrixMultiply., .*Activation., .*MatrixMultiply.'),
    ],
    'operators that it does not have': [
      { path: models.strange },
      unsupported(`node "first" \\(Whirl\\): .*${notFound}`, `node "second" \\(Twist\\): .*${notFound}`),
    ],
    'an operator of another domain': [{ path: modelPath('custom-operator') }, unsupported('\\(Magic\\): ', notFound)],
    strings: [{ path: modelPath('text') }, unsupported('Failed to convert ONNX da\\w+ type')],
    'float64, which it takes for float32': [
      { path: doubles() },
      { inputs: ['x: float32 [2]'], results: { y: [1, 2] } },
    ],
    'a truncated file': [
      { path: write('truncated.onnx', bytes.subarray(0, 60)) },
      {
        ...invalid('Failed to parse the ONNX model'),
        hint: expect.stringContaining('no complete ONNX model') as string,
      },
    ],
    'truncated bytes': [
      { path: join(folder, 'truncated.onnx'), fromBytes: true },
      invalid('Failed to parse the ONNX model'),
    ],
    'a corrupt file': [
      {
        path: write(
          'corrupt.onnx',
          bytes.map((byte) => byte ^ 0xa5),
        ),
      },
      invalid('Failed to parse'),
    ],
    'plain text, in which it finds nothing wrong': [
      { path: write('text.onnx', 'This is plain text.\n'.repeat(9)) },
      invalid('The model has no outputs'),
    ],
    'and the first again': [{ path: models.mix }, mix],
  };
}

const loads = makeLoads();

describe.each(majors)('the real ONNX parser of TensorRT %i', (major) => {
  const missing = missingParser(major);
  describe.skipIf(missing)(`${releaseOf(major)}${missing ?? ''}`, () => {
    let control: ReturnType<typeof makeParserDoubles>['control'];
    let found: { outcomes: Outcome[]; details: object };
    beforeAll(async () => {
      const doubles = makeParserDoubles(folder, major);
      control = doubles.control;
      const work = Object.values(loads).map(([load]) => load);
      found = await runScriptFile(join(import.meta.dirname, 'loads.mjs'), work, { env: doubles.env });
    });

    it.each(Object.keys(loads))('%s', (name) => {
      const outcome = found.outcomes[Object.keys(loads).indexOf(name)];
      expect(outcome).toMatchObject(loads[name]![1]);
    });

    it('is the real one', () => {
      expect(found.details).toMatchObject({ parser: { 10: '100', 11: '200' }[major], lean: false });
    });

    it('has called nothing that is not as measured, and leaves nothing behind', () => {
      expect(control.getText('violation')).toBe('');
      expect(control.get('violations')).toBe(0);
      expect(control.live()).toEqual({ stream: 1 });
    });
  });
});
