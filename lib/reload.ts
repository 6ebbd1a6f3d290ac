/** How a session that has freed its model gets it back: the same model, with the same options. */
import type { BackendName } from './backends.js';
import { AccelError } from './errors.js';
import { calibrationOption } from './load-native.js';
import { filesOf } from './model-files.js';
import type { ModelSources } from './model-source.js';
import type { ParsedLoadOptions } from './options/load.js';
import { FileNotes } from './plan-cache/file-notes.js';
import type { Reload, ResidentModel } from './residency.js';

/** Notes what the files of a model are like; to be done before they are loaded. */
export async function noteFiles(sources: ModelSources): Promise<FileNotes> {
  const notes = new FileNotes();
  for (const file of Object.values(sources).flatMap(filesOf)) {
    // A file that is not there is the load's to refuse, or none of the model's.
    await notes.add([file]).catch(() => undefined);
  }
  return notes;
}

/**
 * @param notes of the model's files, from before the first load
 * @param load on the device that it was loaded on
 * @returns undefined when the model could only be loaded again from bytes or calibration data of the caller's, which are
 * kept only for sessions with `idleTtl`
 */
export function makeReload(
  backend: BackendName,
  sources: ModelSources,
  options: ParsedLoadOptions,
  notes: FileNotes,
  load: (options: ParsedLoadOptions) => Promise<ResidentModel>,
): Reload | undefined {
  const calibration = calibrationOption(backend, options);
  const needsData = calibration?.batches !== undefined && calibration.cache === undefined;
  const files = Object.values(sources).flatMap(({ byChip, ...source }) => Object.values(byChip ?? { source }));
  const needsBytes = files.some(({ bytes, weights }) => bytes ?? weights);
  if (options.idleTtl === undefined && (needsData || needsBytes)) return undefined;
  const kept = needsData ? options : withoutBatches(options);
  return async (signal) => {
    const changed = await notes.findChanged();
    if (changed !== undefined) {
      throw new AccelError('MODEL_INVALID', `${changed} is not the file any more that the session was loaded from.`, {
        hint: 'Load a session from the new one, and close this.',
      });
    }
    return load({ ...kept, signal });
  };
}

/** TensorRT's first load has written the ranges that it made from them. */
function withoutBatches(options: ParsedLoadOptions): ParsedLoadOptions {
  const { cuda } = options;
  if (cuda?.calibration === undefined) return options;
  return { ...options, cuda: { ...cuda, calibration: { ...cuda.calibration, batches: undefined } } };
}
