/** What the tests with the double of librknnrt need: its folders, a control block, a board, models. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';

import { Tensor } from 'accelnode';
import type { NullTensor } from 'accelnode';

import { fakesFolder } from '../../../scripts/setup/fakes.mjs';
import { writeBoard } from './board.mjs';
import { CONTROL_VARIABLE, Control } from './control.mjs';
import { rknnModel } from './models.mjs';
import type { Model } from './models.mjs';

/** Of today, and one that lacks rknn_create_mem2, rknn_mem_sync and rknn_set_input_shapes. */
export const releases = ['2.3.2', '1.4.0'] as const;
export type Release = (typeof releases)[number];

/** Why the double can't be used; to be added to a suite's name. */
export const missing = process.platform === 'linux' ? undefined : ' (skipped: the stand-in for librknnrt is for Linux)';

export const libraryOf = (release: Release): string => join(fakesFolder, `rknn${release}`, 'librknnrt.so');
export const releaseOf = (library: string): Release => (library.includes('rknn1.4.0') ? '1.4.0' : '2.3.2');

export interface Double {
  readonly control: Control;
  /** Stands for the folders of the system that tell of the board. */
  readonly root: string;
  /** For the environment of the process that opens it. */
  readonly env: Record<string, string>;
}

/** A control block and a board in a folder of their own, and the environment that leads a process to the double. */
export function makeDouble(folder: string, release: Release = '2.3.2', library = libraryOf(release)): Double {
  const own = mkdtempSync(join(folder, 'rknn-'));
  const path = join(own, 'control');
  const root = join(own, 'root');
  writeBoard(root);
  return {
    control: Control.create(path),
    root,
    env: { [CONTROL_VARIABLE]: path, ACCELNODE_RKNN_LIBRARY: library, ACCELNODE_RKNN_ROOT: root },
  };
}

export interface Opened extends Double {
  readonly release: Release;
}

/** The double of the project's environment, for use in this process; before the first load. */
export function openDouble(folder: string): Opened {
  const release = releaseOf(process.env.ACCELNODE_RKNN_LIBRARY!);
  const double = makeDouble(folder, release);
  Object.assign(process.env, double.env);
  return { ...double, release };
}

/** Shapes that open dimensions can have: librknnrt takes only those that the model was converted for. */
const ROWS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 100];

/** A model whose outputs equal its inputs. */
export function echoModel(inputs: readonly NullTensor[], more: Partial<Model> = {}): Buffer {
  const fixed = (shape: readonly number[], rows: number): number[] => shape.map((dim) => (dim < 0 ? rows : dim));
  const open = inputs.some(({ shape }) => shape.some((dim) => dim < 0));
  const ports = inputs.map(({ name, type, shape }) => ({ name, type, dims: fixed(shape, ROWS[0]!) }));
  return rknnModel({
    inputs: ports,
    outputs: ports.map((port, i) => ({ ...port, name: `${port.name}_out`, input: i })),
    ...(open ? { shapes: ROWS.map((rows) => inputs.map(({ shape }) => fixed(shape, rows))) } : {}),
    ...more,
  });
}

/** y = 2x + 1 for an image, as models of images are: NHWC in, NCHW out. */
export function imageModel(more: Partial<Model> = {}): Buffer {
  return rknnModel({
    inputs: [{ name: 'x', type: 'float16', layout: 'NHWC', dims: [1, 2, 3, 4] }],
    outputs: [{ name: 'y', type: 'float16', layout: 'NCHW', dims: [1, 4, 2, 3], factor: 2, offset: 1 }],
    ...more,
  });
}

const count = (dims: readonly number[]): number => dims.reduce((a, b) => a * b, 1);
/** 0, 1, 2, … */
export const counting = (dims: readonly number[]): Tensor<'float32'> =>
  new Tensor(
    'float32',
    Float32Array.from({ length: count(dims) }, (_, i) => i),
    dims,
  );

/** From [h, w, c] to [c, h, w]. */
export function toNchw(values: ArrayLike<number>, [h, w, c]: [number, number, number]): number[] {
  return Array.from({ length: h * w * c }, (_, i) => values[(i % (h * w)) * c + Math.floor(i / (h * w))]!);
}
