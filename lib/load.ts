/**
 * Loading a model on the first device that can run it.
 */
import { withoutTurbo } from './armnn-settings.js';
import { backends, splitDevice, vendorNames } from './backends.js';
import type { BackendName } from './backends.js';
import { requireAddon } from './native/addon.js';
import { devicesOf } from './devices.js';
import { AccelError, withContext } from './errors.js';
import type { DeviceAttempt } from './errors.js';
import { aborted, companionOption, libraryOption, loadNative } from './load-native.js';
import { loadCompiled } from './load-compiled.js';
import { readModelSource, TFLITE_HINT } from './model-source.js';
import type { ModelSource, ModelSources, ReadSource } from './model-source.js';
import { takesAlwaysAsLong } from './onnx/duration.js';
import { parseLoadOptions } from './options/load.js';
import type { LoadOptions, ParsedLoadOptions } from './options/load.js';
import type { FileNotes } from './plan-cache/file-notes.js';
import { chooseForChip, howToConvert } from './rknn-source.js';
import { openRuntime } from './runtimes/open.js';
import { makeReload, noteFiles } from './reload.js';
import type { ResidentModel } from './residency.js';
import type { LoadedModel } from './session.js';

/** A device to try. Without a device of its own, the backend is asked which it has. */
interface Candidate {
  backend: BackendName;
  device: string | undefined;
}

export async function loadOnFirstDevice(source: ModelSource, given: LoadOptions): Promise<LoadedModel> {
  const options = parseLoadOptions(given);
  requireAddon();
  if (options.signal?.aborted === true) throw aborted(options.signal);
  const candidates = parseDevices(options.device);
  const sources = await readModelSource(source);
  const notes = await noteFiles(sources);

  const refusals: Refusal[] = [];
  for (const candidate of candidates) {
    try {
      for (const device of await devicesToTry(candidate, sources, options)) {
        const loaded = await tryDevice({ ...candidate, device }, sources, options, notes, refusals);
        if (loaded !== undefined) return loaded;
      }
    } catch (error) {
      refusals.push({ error: passedOver(withContext(error, candidate.backend)), tried: false });
    }
  }
  throw noDevice(refusals);
}

/** Refusals of Arm NN that may be about armnn.fp16Turbo. */
const TURBO_MAY_BE_WHY: ReadonlySet<string> = new Set(['MODEL_UNSUPPORTED', 'UNSUPPORTED', 'VENDOR_FAILURE']);

/** @param refusals gets why the device could not load the model as it was asked to */
async function tryDevice(
  { backend, device }: Candidate & { device: string },
  sources: ModelSources,
  options: ParsedLoadOptions,
  notes: FileNotes,
  refusals: Refusal[],
): Promise<LoadedModel | undefined> {
  let loaded: ResidentModel;
  try {
    loaded = await loadOn(backend, device, sources, options);
  } catch (error) {
    const refusal = passedOver(withContext(error, backend, `${backend}:${device}`));
    refusals.push({ error: refusal, tried: true });
    const less = TURBO_MAY_BE_WHY.has(refusal.code) ? withoutTurbo(backend, device, options) : undefined;
    return less && tryDevice({ backend, device }, sources, less, notes, refusals);
  }
  return {
    ...loaded,
    backend,
    device: `${backend}:${device}`,
    attempts: refusals.map(toAttempt),
    maxQueue: options.maxQueue,
    idleTtl: options.idleTtl,
    reload: makeReload(backend, sources, options, notes, (again) => loadOn(backend, device, sources, again)),
    inline: loaded.native.computesOnCaller && (options.inline ?? takesAlwaysAsLong(sourceFor(backend, sources))),
  };
}

/** Why a device was passed over. */
interface Refusal {
  error: AccelError;
  /** Did it get as far as loading the model? */
  tried: boolean;
}

/** The error, if the next device is to be tried: a mistake of the caller, or the caller's wish, ends the load. */
function passedOver(error: unknown): AccelError {
  if (!(error instanceof AccelError) || error.code === 'INVALID_ARGUMENT' || error.code === 'CANCELLED') throw error;
  return error;
}

function toAttempt({ error }: Refusal): DeviceAttempt {
  const { code, message, hint, backend = '', device = backend } = error;
  return { device, code, message, ...(hint === undefined ? {} : { hint }) };
}

function noDevice(refusals: readonly Refusal[]): AccelError {
  if (refusals.length === 1) return refusals[0]!.error;
  const attempts = refusals.map(toAttempt);
  const telling = mostTelling(refusals);
  const [first] = telling;
  const lines = attempts.map(({ device, message }) => `\n  ${device}: ${message.replaceAll('\n', '\n    ')}`);
  return new AccelError(first!.code, `No device could load the model.${lines.join('')}`, {
    hint: hintOf(telling) ?? '`npx accelnode doctor` shows what each backend needs on this machine.',
    libraries: telling.some(({ libraries }) => libraries !== undefined)
      ? telling.flatMap(({ libraries = [] }) => libraries)
      : undefined,
    attempts,
  });
}

/** Any one of these remedies helps. */
function hintOf(errors: readonly AccelError[]): string | undefined {
  if (errors.length === 1) return errors[0]!.hint;
  const hints = errors.flatMap(({ backend, hint }) => (hint === undefined ? [] : `${String(backend)}: ${hint}`));
  return hints.length === 0 ? undefined : hints.join('\n');
}

/**
 * The refusals that say most about why nothing could load the model: that of a device which tried comes
 * before those of backends which lack their runtime, and these before those of backends which could not have
 * loaded this model on any machine.
 */
function mostTelling(refusals: readonly Refusal[]): AccelError[] {
  const rank = ({ tried, error: { code } }: Refusal): number => {
    if (tried) return 0;
    return code === 'UNSUPPORTED' || code === 'MODEL_UNSUPPORTED' ? 2 : 1;
  };
  const best = Math.min(...refusals.map(rank));
  const telling = refusals.filter((refusal) => rank(refusal) === best).map(({ error }) => error);
  return best === 1 ? telling : telling.slice(0, 1);
}

function parseDevices(device: string | readonly string[]): Candidate[] {
  const names = typeof device === 'string' ? [device] : device;
  return names.flatMap((name) => {
    if (name === 'auto') {
      return vendorNames.map((backend) => ({ backend, device: undefined }));
    }
    const { backend, name: own } = splitDevice(name);
    return [{ backend, device: own }];
  });
}

async function devicesToTry(
  candidate: Candidate,
  sources: ModelSources,
  options: ParsedLoadOptions,
): Promise<string[]> {
  const { backend, device } = candidate;
  sourceFor(backend, sources);
  const library = libraryOption(backend, options);
  if (device !== undefined) {
    await openRuntime(backend, library, companionOption(backend, options));
    return [device];
  }
  const { present, absent } = await devicesOf(backend, library, companionOption(backend, options));
  const usable = backend === 'null' ? present : present.filter(({ automatic }) => automatic);
  if (usable.length === 0) {
    const reasons = absent.map(({ id, reason }) => `\n  ${id}: ${reason}`).join('');
    throw new AccelError('DEVICE_NOT_FOUND', `${backends[backend].product} finds no device.${reasons}`, {
      hint: absent.find(({ hint }) => hint !== undefined)?.hint,
    });
  }
  return usable.map(({ id }) => id.slice(backend.length + 1));
}

/** How to come to a format that the backend loads. */
function formatHint(backend: BackendName, sources: ModelSources): string | undefined {
  if (backend === 'armnn') return TFLITE_HINT;
  return backend === 'rknn' && (sources.onnx ?? sources.tflite) ? howToConvert() : undefined;
}

function sourceFor(backend: BackendName, sources: ModelSources): ReadSource {
  const { product, formats } = backends[backend];
  for (const format of formats) {
    const source = sources[format];
    if (source !== undefined) return source;
  }
  throw new AccelError(
    'MODEL_UNSUPPORTED',
    `${product} loads ${formats.join(', ')} models; the model was given as ${Object.keys(sources).join(', ')}.`,
    { backend, hint: formatHint(backend, sources) },
  );
}

/** On one device; its compiled model may come from a cache, where accelnode keeps one for the backend. */
async function loadOn(
  backend: BackendName,
  device: string,
  sources: ModelSources,
  options: ParsedLoadOptions,
): Promise<ResidentModel> {
  const target = { backend, device, options };
  if (backends[backend].planFormat !== undefined) return loadCompiled(target, sources);
  const { byChip, ...source } = sourceFor(backend, sources);
  if (byChip === undefined) return { native: await loadNative(target, source) };
  return { native: await loadNative(target, await chooseForChip(byChip, libraryOption(backend, options))) };
}
