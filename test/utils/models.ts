/** The models that scripts/setup makes and fetches, and what else tests run on. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const setup = join(import.meta.dirname, '..', '..', '.setup');

/** The path of a file that test/models makes; without an ending, the ONNX model of that name. */
export function modelPath(name: string): string {
  return required(join(setup, 'models', name.includes('.') ? name : `${name}.onnx`));
}

/** The path of a PP-OCR model: text detection, recognition, or classification of direction. */
export function ocrModelPath(name: 'det' | 'rec' | 'cls'): string {
  return required(join(setup, 'models', 'pp-ocr', `${name}.onnx`));
}

/** Where ONNX's test data lie, and their version; or why they are not there. */
export function onnxTestdata(): { folder: string; version: string } | { reason: string } {
  const description = required(join(setup, 'onnx-testdata', 'outcome.json'));
  return JSON.parse(readFileSync(description, 'utf8')) as { folder: string; version: string } | { reason: string };
}

function required(path: string): string {
  if (existsSync(path)) return path;
  throw new Error(`${path} is missing. \`npm test\` makes it, or \`node scripts/setup/models.mjs\` alone.`);
}
