// Compiled, never run: a user's CommonJS module in TypeScript.
import accelnode = require('accelnode');
import packageJson = require('accelnode/package.json');

export async function classify(pixels: Float32Array): Promise<accelnode.Tensor | undefined> {
  const session: accelnode.Session = await accelnode.Session.load('model.onnx', { device: 'auto' });
  const image = new accelnode.Tensor('float32', pixels, [1, 3, 224, 224]);
  const { logits } = await session.run({ image });
  return logits;
}

export const version: string = packageJson.version;

// @ts-expect-error -- the package has no other entry points
import internals = require('accelnode/dist/analyze-child.js');
// @ts-expect-error -- no such export
export type Missing = accelnode.NoSuchExport;
// @ts-expect-error -- an option of another type
void accelnode.Session.load('model.onnx', { lanes: 'many' });
void internals;
