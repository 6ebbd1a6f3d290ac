import { formatOf, readNullModel } from '../model-source.js';
import { inspectOnnx } from '../onnx/inspect.js';
import type { NullModel } from '../options/null.js';

/**
 * The inputs that a model's file declares, -1 for open dimensions, so that it can be compiled for another batch. Undefined
 * for formats that have their shapes already, or don't tell.
 */
export function declaredInputs(model: string): { name: string; shape: number[] }[] | undefined {
  const format = formatOf(model);
  if (format === 'null') {
    return (readNullModel(model).spec as NullModel).inputs.map(({ name, shape }) => ({ name, shape: [...shape] }));
  }
  if (format !== 'onnx') return undefined;
  return inspectOnnx(model).inputs.map(({ name, shape = [] }) => ({
    name,
    shape: shape.map((dim) => (typeof dim === 'number' ? dim : -1)),
  }));
}

/** With another batch. Of no dimensions, there is none. */
export function withBatch(shape: readonly number[], batch: number): number[] {
  return shape.map((dim, i) => (i === 0 ? batch : dim));
}
