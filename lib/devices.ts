import { addon, requireAddon } from './native/addon.js';
import type { NativeDevice, NativeDeviceList } from './native/addon.js';
import { backends, vendorNames } from './backends.js';
import type { BackendName } from './backends.js';
import { AccelError, withContext } from './errors.js';
import type { LibraryAttempt } from './errors.js';
import { openRuntime } from './runtimes/open.js';

/** A device that can run models. */
export interface Device {
  /** To be given to `Session.load`, e.g. `openvino:GPU.1`. */
  id: string;
  /** The backend that drives it. */
  backend: BackendName;
  /** The vendor's name for it. */
  name?: string;
  /** What sort of processor it is. */
  kind: 'cpu' | 'gpu' | 'npu';
  /** The vendor's name of the architecture. */
  arch?: string;
  /** Version of the driver. */
  driver?: string;
  /** The vendor's identifier, which stays when devices are numbered otherwise. */
  uuid?: string;
  /** Bytes of its memory. Unset where the vendor does not tell. */
  memoryTotal?: number;
  /** Bytes of that which nobody uses at the moment. Unset where the vendor does not tell. */
  memoryFree?: number;
  /** May `device: 'auto'` choose it? Others run only what names them. */
  automatic: boolean;
  /** Further facts, as the vendor has them. */
  details?: Record<string, unknown>;
}

/** A device that a runtime could drive, but not now. */
export interface AbsentDevice {
  /** As in {@link Device.id}; only the backend's name when it stands for all of its devices. */
  id: string;
  /** Why it can't be used. */
  reason: string;
  /** What to do about it. */
  hint?: string;
}

/** Something of the machine that a vendor's devices need: a device node, firmware, a driver's library. */
export interface SystemCheck {
  /** What was looked for, e.g. `/dev/mali0`. */
  what: string;
  /** Is it as it should be? */
  ok: boolean;
  /** What there is, or the system's words for why not. */
  found: string;
  /** What to do. */
  hint?: string;
}

/** A vendor's runtime that is open in this process. */
export interface Runtime {
  /** The backend that opened it. */
  backend: BackendName;
  /** The library's own word for its version. */
  version: string;
  /** The library that was opened; unset when the backend needs none. */
  library?: string;
  /** What was tried until one could be opened. */
  libraries: readonly LibraryAttempt[];
  /** What may go wrong with it, a sentence each. */
  warnings: readonly string[];
  /** Further facts, as the vendor has them: for TensorRT its parser's, CUDA's and the driver's versions. */
  details?: Readonly<Record<string, unknown>>;
}

/** How one backend fares on this machine. */
export interface BackendReport {
  /** The backend. */
  name: BackendName;
  /** The vendor's product. */
  product: string;
  /** `PASS`: a device can be used. `ABSENT`: no runtime, or none for this platform. `FAIL`: there is one, but it can't be used. */
  status: 'PASS' | 'FAIL' | 'ABSENT';
  /** Why it does not pass. */
  reason?: string;
  /** What to do about that. */
  hint?: string;
  /** Its runtime, if one could be opened. */
  runtime?: Runtime;
  /** Every library that was tried. */
  libraries: readonly LibraryAttempt[];
  /** The devices that can be used. */
  devices: Device[];
  /** Those that can't, and why. */
  absent: AbsentDevice[];
  /** What of the machine was looked at for its devices. */
  checks: SystemCheck[];
}

/** Where to find a vendor's library. */
export interface RuntimeOptions {
  /** Only this library is tried: a file, or the folder that it lies in. */
  library?: string | undefined;
}

/**
 * Opens the runtime of a backend, if it is not open yet. `Session.load` does so by itself; call this
 * to choose the library, or to learn what is wrong with it.
 * @throws {@link AccelError} `RUNTIME_NOT_FOUND` or `RUNTIME_INCOMPATIBLE`, with `libraries`;
 * `UNSUPPORTED` for a platform that the vendor has no runtime for, unless `library` names one
 */
export async function runtime(backend: BackendName, options: RuntimeOptions = {}): Promise<Runtime> {
  const { version, library, libraries, warnings, details = {} } = await openRuntime(backend, options.library);
  return {
    backend,
    version,
    ...(library === undefined ? {} : { library }),
    libraries,
    warnings,
    ...(Object.keys(details).length === 0 ? {} : { details }),
  };
}

/** The vendors' runtimes that can be opened on this machine. {@link diagnose} also says why others can't. */
export async function runtimes(): Promise<Runtime[]> {
  requireAddon();
  const found = await Promise.allSettled(vendorNames.map((name) => runtime(name)));
  return found.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}

/** The devices that can be used on this machine, the ones that `auto` prefers first. */
export async function devices(): Promise<Device[]> {
  requireAddon();
  const found = await Promise.allSettled(vendorNames.map((name) => devicesOf(name)));
  return found.flatMap((result) => (result.status === 'fulfilled' ? result.value.present : []));
}

/** The devices of one backend, which must be open. */
export async function devicesOf(
  backend: BackendName,
  library?: string,
  companion?: string,
): Promise<{ present: Device[]; absent: AbsentDevice[]; checks: SystemCheck[] }> {
  await openRuntime(backend, library, companion);
  try {
    const { present, absent, checks } = await addon.devices(backend);
    return {
      present: present.map((device) => toDevice(backend, device)),
      absent: absent.map((device) => toAbsent(backend, device)),
      checks: checks.map(({ hint, ...check }) => ({ ...check, ...(hint === '' ? {} : { hint }) })),
    };
  } catch (error) {
    throw withContext(error, backend);
  }
}

/**
 * Each vendor's backend with its runtime, devices, and what is missing: what `accelnode doctor` shows.
 * @throws {@link AccelError} `UNSUPPORTED` when the addon can't be loaded on this machine, with the reason
 */
export async function diagnose(): Promise<BackendReport[]> {
  requireAddon();
  return Promise.all(vendorNames.map(diagnoseBackend));
}

async function diagnoseBackend(name: BackendName): Promise<BackendReport> {
  const report: BackendReport = {
    name,
    product: backends[name].product,
    status: 'PASS',
    libraries: [],
    devices: [],
    absent: [],
    checks: [],
  };
  try {
    report.runtime = await runtime(name);
    report.libraries = report.runtime.libraries;
    const { present, absent, checks } = await devicesOf(name);
    report.devices = present;
    report.absent = absent;
    report.checks = checks;
    // A reference target, say, is there but nothing to rely on.
    if (!present.some(({ automatic }) => automatic)) {
      report.status = 'FAIL';
      report.reason = absent.map(({ id, reason }) => `${id}: ${reason}`).join('\n') || 'It finds no device.';
      const hint = absent.find((device) => device.hint !== undefined)?.hint;
      if (hint !== undefined) report.hint = hint;
    }
  } catch (error) {
    if (!(error instanceof AccelError)) throw error;
    const absent = error.code === 'RUNTIME_NOT_FOUND' || error.code === 'UNSUPPORTED';
    report.status = absent ? 'ABSENT' : 'FAIL';
    report.reason = error.message;
    if (error.hint !== undefined) report.hint = error.hint;
    report.libraries = error.libraries ?? report.libraries;
  }
  return report;
}

function toDevice(backend: BackendName, device: NativeDevice): Device {
  return { ...device, id: `${backend}:${device.id}`, backend };
}

function toAbsent(backend: BackendName, { id, reason, hint }: NativeDeviceList['absent'][number]): AbsentDevice {
  // One that stands for all of them goes by the backend's name.
  return { id: id === backend ? id : `${backend}:${id}`, reason, ...(hint === '' ? {} : { hint }) };
}
