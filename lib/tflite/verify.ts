/**
 * What TFLite takes for granted. It verifies that the flatbuffer's offsets lead somewhere, and looks at most indices;
 * a graph that reads what nobody has written, or an operator with a stride of 0, ends the process. Such a model is
 * refused here, before TFLite sees it.
 */
import { AccelError } from '../errors.js';
import type { Graph, Model, Operator, Signature, Tensor } from './model.js';
import { checkOperator, graphsOf } from './operators.js';

/** TFLite's kernels count elements in 32 bits with a sign. */
const MOST_ELEMENTS = 2 ** 31 - 1;

/** A model that no converter writes. */
export function invalid(what: string): AccelError {
  return new AccelError('MODEL_INVALID', `The model is damaged: ${what}.`, {
    hint: 'TFLite would take it and end the process. Fetch or convert the model again.',
  });
}

/** @throws `MODEL_INVALID` with what is wrong */
export function verifyModel(model: Model): void {
  model.graphs.forEach((graph, index) => {
    const where = model.graphs.length === 1 ? 'the graph' : `graph ${index}`;
    graph.tensors.forEach((tensor, i) => verifyTensor(tensor, `${where}'s tensor ${i}`, model));
    verifyFlow(graph, where, model);
  });
  refuseCycles(model);
  for (const signature of model.signatures) verifySignature(signature, model);
}

/** Bits of an element by TensorType, of those with elements of one size. */
const BITS: Readonly<Record<number, number>> = {
  ...{ 0: 32, 1: 16, 2: 32, 3: 8, 4: 64, 6: 8, 7: 16, 8: 64, 9: 8, 10: 64, 11: 128, 12: 64, 15: 32, 16: 16, 17: 4 },
  ...{ 18: 16, 19: 2, 20: 4 },
};

function verifyTensor(tensor: Tensor, name: string, { buffers }: Model): void {
  const { shape, signature, buffer, type } = tensor;
  if (buffer >= Math.max(1, buffers.length)) throw invalid(`${name} has the buffer ${buffer} of ${buffers.length}`);
  const wrong = shape.find((dim) => dim < 0) ?? signature.find((dim) => dim < -1);
  if (wrong !== undefined) throw invalid(`${name} has the dimension ${wrong}`);
  if (signature.length > 0 && signature.length !== shape.length) {
    throw invalid(`${name} has ${shape.length} dimensions, of which its signature tells ${signature.length}`);
  }
  const elements = shape.reduce((product, dim) => product * dim, 1);
  if (elements > MOST_ELEMENTS) throw invalid(`${name} has ${elements} elements, more than TFLite can count`);
  const { scales, quantizedDimension: dimension } = tensor;
  if (scales.length > 0 && (dimension < 0 || dimension >= Math.max(1, shape.length))) {
    throw invalid(`${name} has scales for its dimension ${dimension}, of ${shape.length}`);
  }
  const size = buffer === 0 ? 0 : buffers[buffer]!.size;
  const bits = tensor.isSparse ? undefined : BITS[type];
  if (size === 0 || bits === undefined || size === Math.ceil((elements * bits) / 8)) return;
  throw invalid(`${name} has ${elements} elements of ${bits} bits, but ${size} bytes`);
}

/** Is its data in the file? */
export function isConstant({ buffer }: Tensor, { buffers }: Model): boolean {
  return buffer > 0 && (buffers[buffer]?.size ?? 0) > 0;
}

/** Operators run in the order of the file: what one reads must be there by then, and nobody else may write it. */
function verifyFlow(graph: Graph, where: string, model: Model): void {
  const { tensors, inputs, outputs, operators } = graph;
  const checkIndex = (index: number, what: string): void => {
    if (tensors[index] === undefined) throw invalid(`${what} ${index}, but there are ${tensors.length}`);
  };
  const constant = tensors.map((tensor) => isConstant(tensor, model));
  const present = new Set<number>();
  tensors.forEach((tensor, index) => {
    // A list of nothing, such as the shape of a scalar, has no data to be in the file.
    const isEmptyList = tensor.shape.length === 1 && tensor.shape[0] === 0;
    if (constant[index] || tensor.isVariable || isEmptyList) present.add(index);
  });
  for (const input of inputs) {
    checkIndex(input, `${where} takes tensor`);
    present.add(input);
  }
  const written = new Set(inputs);
  operators.forEach((operator, index) => {
    const name = `${where}'s operator ${index}`;
    if (model.codes[operator.code] === undefined) {
      throw invalid(`${name} has the code ${operator.code} of ${model.codes.length}`);
    }
    for (const input of operator.inputs) {
      if (input === -1) continue;
      checkIndex(input, `${name} reads tensor`);
      if (!present.has(input)) throw invalid(`${name} reads tensor ${input}, which nobody has written`);
    }
    for (const output of operator.outputs) {
      checkIndex(output, `${name} writes tensor`);
      if (constant[output] || written.has(output)) {
        throw invalid(`${name} writes tensor ${output}, which is not its own`);
      }
      if (!tensors[output]!.isVariable) written.add(output);
      present.add(output);
    }
    checkOperator(operator, graph, model, name);
  });
  for (const output of outputs) {
    checkIndex(output, `${where} gives tensor`);
    if (!present.has(output)) throw invalid(`${where} gives tensor ${output}, which nobody has written`);
  }
}

/** TFLite calls them one inside of the other, on one stack. */
const MOST_CALLS = 500;

/** A loop or branch whose body leads back to itself would never end. */
function refuseCycles(model: Model): void {
  const done = new Set<number>();
  const visit = (index: number, path: readonly number[]): void => {
    if (done.has(index)) return;
    if (path.includes(index)) throw invalid(`graph ${index} calls itself`);
    if (path.length > MOST_CALLS) throw invalid(`graphs call each other more than ${MOST_CALLS} deep`);
    const called = model.graphs[index]!.operators.flatMap((operator: Operator) => graphsOf(operator, model));
    for (const next of called) {
      if (model.graphs[next] === undefined) throw invalid(`graph ${index} calls graph ${next}, which there is not`);
      visit(next, [...path, index]);
    }
    done.add(index);
  };
  model.graphs.forEach((_, index) => visit(index, []));
}

function verifySignature({ key, graph, inputs, outputs }: Signature, { graphs }: Model): void {
  const tensors = graphs[graph]?.tensors;
  if (tensors === undefined) throw invalid(`the signature ${JSON.stringify(key)} is of graph ${graph}`);
  for (const { name, tensor } of [...inputs, ...outputs]) {
    if (tensors[tensor] !== undefined) continue;
    throw invalid(`the signature ${JSON.stringify(key)} calls tensor ${tensor} ${JSON.stringify(name)}`);
  }
}
