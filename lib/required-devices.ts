/** Devices that are to be there before anything is measured on them. */
import { backends, splitDevice, vendorNames } from './backends.js';
import type { BackendName } from './backends.js';
import { devicesOf } from './devices.js';
import { AccelError } from './errors.js';

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
