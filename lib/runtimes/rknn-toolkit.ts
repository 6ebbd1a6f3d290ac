/** Converting models for Rockchip NPUs, with the rknn-toolkit2 in the user's Python. */
import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { randomUUID } from 'node:crypto';

import { AccelError } from '../errors.js';
import { packageFile } from '../package-folder.js';
import type { RknnTarget } from '../rknn-source.js';
import { findPython, runProgram } from './python.js';
import type { Ended, PythonInfo } from './python.js';

/** What to convert, and for what. */
export interface RknnConversion {
  /** The model's file, and of which format it is. */
  model: string;
  format: 'onnx' | 'tflite';
  target: RknnTarget;
  /** A text file whose lines name inputs to quantise with; without it, the NPU computes in float16. */
  dataset?: string | undefined;
  /** Shapes to fix, by input. */
  shapes: Readonly<Record<string, readonly number[]>>;
  /** Where to put the .rknn file. An existing one is replaced when the new one is complete. */
  output: string;
  signal?: AbortSignal | undefined;
  onProgress?: ((phase: string, done: number, total: number) => void) | undefined;
}

/** What the script says. */
interface Said {
  step?: string;
  done?: number;
  total?: number;
  missing?: string;
  broken?: string;
  failed?: string;
  status?: number | string;
  finished?: true;
}

/**
 * Converts a model.
 * @throws `RUNTIME_NOT_FOUND` where there is no rknn-toolkit2; `RUNTIME_INCOMPATIBLE` where there is one that can't be
 * imported; `MODEL_UNSUPPORTED` with its last words when it can't convert the
 * model; `UNSUPPORTED` where there is no Python; `CANCELLED`
 */
export async function convertToRknn(conversion: RknnConversion): Promise<void> {
  const { model, format, target, dataset, shapes, onProgress, signal } = conversion;
  const python = await findPython(undefined, signal).catch((error: unknown) => aborted(error, signal));
  const output = resolve(conversion.output);
  const partial = join(dirname(output), `.${randomUUID()}.partial.rknn`);
  // rknn-toolkit2 leaves files in the current folder.
  const folder = await mkdtemp(join(tmpdir(), 'accelnode-rknn-'));
  try {
    const request = join(folder, 'request.json');
    await writeFile(
      request,
      JSON.stringify({
        model: resolve(model),
        format,
        target,
        dataset: dataset === undefined ? null : resolve(dataset),
        shapes: Object.entries(shapes),
        output: partial,
      }),
    );
    const said: Said = {};
    const ended = await runProgram(python.executable, [packageFile('dist', 'convert_rknn.py'), request], {
      cwd: folder,
      env: { ...process.env, PYTHONIOENCODING: 'utf-8', PYTHONDONTWRITEBYTECODE: '1' },
      signal,
      onLine: (line) => {
        const news = parse(line);
        Object.assign(said, news);
        if (news.step !== undefined) onProgress?.(news.step, news.done ?? 0, news.total ?? 1);
      },
    }).catch((error: unknown) => aborted(error, signal));
    if (said.finished !== true || !existsSync(partial)) throw failure(said, ended, python, conversion);
    await rename(partial, output);
  } finally {
    await rm(partial, { force: true });
    await rm(folder, { recursive: true, force: true });
  }
}

function aborted(error: unknown, signal: AbortSignal | undefined): never {
  if (signal?.aborted !== true) throw error;
  throw new AccelError('CANCELLED', 'The conversion was aborted by its signal.', { cause: signal.reason });
}

function parse(line: string): Said {
  const text = /^accelnode:(.*)$/.exec(line)?.[1];
  return text === undefined ? {} : (JSON.parse(text) as Said);
}

function failure(
  { missing, broken, failed, status }: Said,
  ended: Ended,
  python: PythonInfo,
  { model, target }: RknnConversion,
): AccelError {
  if (missing !== undefined) {
    return new AccelError(
      'RUNTIME_NOT_FOUND',
      `The Python ${python.executable} has no rknn-toolkit2, which converts models for Rockchip NPUs: ${missing}.`,
      {
        hint:
          `Install it: ${python.executable} -m pip install rknn-toolkit2 (Linux, Python up to 3.12); or set ` +
          'ACCELNODE_PYTHON to a Python that has it.',
      },
    );
  }
  if (broken !== undefined) {
    return new AccelError(
      'RUNTIME_INCOMPATIBLE',
      `The rknn-toolkit2 of the Python ${python.executable} can't be imported: ${broken}.`,
      {
        hint:
          `Try it: ${python.executable} -c "import rknn.api"; install what it lacks, or set ACCELNODE_PYTHON to a Python ` +
          'in which it works.',
      },
    );
  }
  const where = failed === undefined ? `it ended with ${String(ended.status)}` : `its step "${failed}" failed`;
  const reason = typeof status === 'string' ? ` (${status})` : '';
  const words = ended.output.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('accelnode:'));
  return new AccelError(
    'MODEL_UNSUPPORTED',
    [
      `rknn-toolkit2 could not convert ${basename(model)} for ${target}: ${where}${reason}.`,
      ...words.slice(-8).map((line) => `  ${line.trimEnd()}`),
    ].join('\n'),
    {
      hint: "Rockchip's list of operators says what an NPU can do; shapes must be fixed, with --shapes where they are open.",
    },
  );
}
