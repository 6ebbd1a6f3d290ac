// ONNX models for what trained ones do not show, as bytes. The numbers are field numbers of onnx.proto.
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

const FLOAT = 1;
const INT64 = 7;

/** y = x + x, for any number of rows */
export const doubled = model({ op: 'Add', inputs: ['x', 'x'], output: 'y' }, ['rows', 3], FLOAT, ['rows', 3]);

/** y = where x is not 0: how much that is, only the data tells */
export const places = model({ op: 'NonZero', inputs: ['x'], output: 'y' }, [6], INT64, [1, 'count']);

/** One node, which makes y from x. A name in a shape stands for a dimension that is open. */
function model({ op, inputs, output }, inputShape, outputType, outputShape) {
  const writer = new BinaryWriter();
  int(writer, 1, 8); // the version of the format
  message(writer, 8, (opset) => int(opset, 2, 17));
  message(writer, 7, (graph) => {
    message(graph, 1, (node) => {
      for (const name of inputs) text(node, 1, name);
      text(node, 2, output);
      text(node, 3, op.toLowerCase());
      text(node, 4, op);
    });
    text(graph, 2, op);
    message(graph, 11, (value) => writeValue(value, 'x', FLOAT, inputShape));
    message(graph, 12, (value) => writeValue(value, output, outputType, outputShape));
  });
  return writer.finish();
}

function writeValue(writer, name, type, shape) {
  text(writer, 1, name);
  message(writer, 2, (types) =>
    message(types, 1, (tensor) => {
      int(tensor, 1, type);
      message(tensor, 2, (dims) => {
        for (const dim of shape) {
          message(dims, 1, (each) => (typeof dim === 'number' ? int(each, 1, dim) : text(each, 2, dim)));
        }
      });
    }),
  );
}

function int(writer, field, value) {
  writer.tag(field, WireType.Varint).int64(value);
}

function text(writer, field, value) {
  writer.tag(field, WireType.LengthDelimited).string(value);
}

function message(writer, field, write) {
  writer.tag(field, WireType.LengthDelimited).fork();
  write(writer);
  writer.join();
}
