/** The files that a model lies in. */
import type { ReadSource } from './model-source.js';
import { inspectOnnx } from './onnx/inspect.js';
import { weightFiles } from './plan-cache/key.js';

/** The model's file, and those with its weights; some may not be there. Of bytes, none. */
export function filesOf({ format, path, weightsPath, byChip }: ReadSource): string[] {
  if (byChip !== undefined) return Object.values(byChip).flatMap(filesOf);
  if (path === undefined) return [];
  if (weightsPath !== undefined) return [path, weightsPath];
  if (format === 'ir') return [path, path.replace(/\.xml$/i, '.bin')];
  if (format === 'paddle') return [path, path.replace(/\.pdmodel$/i, '.pdiparams')];
  if (format !== 'onnx') return [path];
  try {
    return [path, ...weightFiles(path, inspectOnnx(path).externalData)];
  } catch {
    return [path]; // damaged
  }
}
