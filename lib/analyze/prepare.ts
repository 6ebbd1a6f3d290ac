/** What is refused before anything is measured or written. */
import { resolve } from 'node:path';

import { backends, splitDevice, vendorNames } from '../backends.js';
import type { BackendName } from '../backends.js';
import { devicesOf } from '../devices.js';
import { AccelError, invalidArgument } from '../errors.js';
import { readModelSource } from '../model-source.js';
import { nameOf } from './configuration.js';

/**
 * Looks at the files of models.
 * @returns their absolute paths, so that a later analysis can be told to be the same
 * @throws `MODEL_INVALID` for a file that is missing or empty; `INVALID_ARGUMENT` for two of the same name
 */
export async function requireModels(models: readonly string[]): Promise<string[]> {
  const seen = new Map<string, string>();
  for (const model of models) {
    await readModelSource(model);
    const name = nameOf(model);
    const other = seen.get(name);
    if (other !== undefined) {
      throw invalidArgument(
        resolve(other) === resolve(model) ? `${model} is given twice.` : `${other} and ${model} have the same name.`,
        'Tables and plans tell models apart by their names: give each once, or rename one.',
      );
    }
    seen.set(name, model);
  }
  return models.map((model) => resolve(model));
}

/** Devices that OpenVINO makes of others, and does not list. */
const VIRTUAL = /^(AUTO|MULTI|HETERO|BATCH)\b/;

/**
 * The devices by their full names: `auto` and a backend's name become its best device.
 * @throws what the backend says where it has no runtime; `DEVICE_NOT_FOUND`; `INVALID_ARGUMENT` for no name of a device
 */
export async function requireDevices(devices: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const device of devices) found.push(await requireDevice(device));
  return [...new Set(found)];
}

async function requireDevice(device: string): Promise<string> {
  if (device === 'auto') return bestDevice();
  const { backend, name } = splitDevice(device);
  const { present, absent } = await devicesOf(backend);
  if (name === undefined)
    return requireUsable(backend, present.find(({ automatic }) => automatic || backend === 'null')?.id);
  if (present.some(({ id }) => id === device) || VIRTUAL.test(name)) return device;
  const refusal = absent.find(({ id }) => id === device);
  throw new AccelError('DEVICE_NOT_FOUND', refusal?.reason ?? `There is no device ${device}.`, {
    backend,
    device,
    hint:
      refusal?.hint ?? `Devices of ${backends[backend].product}: ${present.map(({ id }) => id).join(', ') || 'none'}.`,
  });
}

/** The one that a load without options would choose. */
async function bestDevice(): Promise<string> {
  for (const backend of vendorNames) {
    const { present } = await devicesOf(backend).catch(nothingWhereAbsent);
    const best = present.find(({ automatic }) => automatic);
    if (best !== undefined) return best.id;
  }
  throw new AccelError('DEVICE_NOT_FOUND', 'There is no device to measure on.', {
    hint: '`npx accelnode doctor` shows what each backend needs on this machine.',
  });
}

function nothingWhereAbsent(error: unknown): Pick<Awaited<ReturnType<typeof devicesOf>>, 'present'> {
  if (error instanceof AccelError) return { present: [] };
  throw error;
}

function requireUsable(backend: BackendName, id: string | undefined): string {
  if (id !== undefined) return id;
  throw new AccelError('DEVICE_NOT_FOUND', `${backends[backend].product} finds no device.`, {
    backend,
    hint: '`npx accelnode doctor` says why.',
  });
}
