// The PP-OCR models, which read text in images. Apache-2.0; they come in a Python package.
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { root, run, say, setupFolder } from './process.mjs';
import { hashed, pip, python } from './python.mjs';

const requirements = join(root, 'scripts', 'setup', 'ocr-models.txt');

/** Where tests and the demo have them. */
export const ocrModelsFolder = join(setupFolder, 'models', 'pp-ocr');

/** Detection of text, recognition, and classification of a line's direction. */
const files = {
  'det.onnx': 'ch_PP-OCRv4_det_infer.onnx',
  'rec.onnx': 'ch_PP-OCRv4_rec_infer.onnx',
  'cls.onnx': 'ch_ppocr_mobile_v2.0_cls_infer.onnx',
};

/**
 * Puts det.onnx, rec.onnx and cls.onnx into `folder`, through the user's pip, unless they are there.
 * @param {string} folder made when missing
 */
export function fetchOcrModels(folder) {
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  const stamp = join(folder, '.complete');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;

  say('Fetching the PP-OCR models');
  const scratch = mkdtempSync(join(tmpdir(), 'accelnode-ocr-'));
  try {
    // The package is for Python 3.12 and older, but only its models are wanted.
    pip(['download', '--quiet', '--no-deps', '--ignore-requires-python', '--dest', scratch, ...hashed(requirements)]);
    run(python(), ['-m', 'zipfile', '-e', join(scratch, 'rapidocr_onnxruntime-1.4.4-py3-none-any.whl'), scratch]);
    rmSync(stamp, { force: true });
    mkdirSync(folder, { recursive: true });
    for (const [name, original] of Object.entries(files)) {
      copyFileSync(join(scratch, 'rapidocr_onnxruntime', 'models', original), join(folder, name));
    }
    writeFileSync(stamp, wanted);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
