/**
 * What went wrong, as a code to branch on. The list is the one of native/error.h.
 *
 * - `RUNTIME_NOT_FOUND`: none of the vendor's libraries could be opened; `libraries` lists what was tried.
 * - `RUNTIME_INCOMPATIBLE`: a library was opened, but it is too old, too new or incomplete.
 * - `DEVICE_NOT_FOUND`: the runtime works, but has no such device.
 * - `MODEL_INVALID`: the file is missing, damaged or not of its format.
 * - `MODEL_UNSUPPORTED`: a good model that this runtime or device can't run.
 * - `OUT_OF_MEMORY`: of the host or of the device.
 * - `DEVICE_LOST`: the device stopped answering; close the session.
 * - `UNSUPPORTED`: the backend, device or platform has no such feature.
 * - `INVALID_ARGUMENT`: a mistake in the call; a file or folder that can't be written.
 * - `CLOSED`: the session was closed.
 * - `CANCELLED`: the signal was aborted.
 * - `TIMEOUT`: the run's time-out passed.
 * - `QUEUE_FULL`: `maxQueue` runs were pending already.
 * - `VENDOR_FAILURE`: any other failure of the vendor's library; `message` has its words.
 */
export type ErrorCode =
  | 'RUNTIME_NOT_FOUND'
  | 'RUNTIME_INCOMPATIBLE'
  | 'DEVICE_NOT_FOUND'
  | 'MODEL_INVALID'
  | 'MODEL_UNSUPPORTED'
  | 'OUT_OF_MEMORY'
  | 'DEVICE_LOST'
  | 'UNSUPPORTED'
  | 'INVALID_ARGUMENT'
  | 'CLOSED'
  | 'CANCELLED'
  | 'TIMEOUT'
  | 'QUEUE_FULL'
  | 'VENDOR_FAILURE';

/** A library that was tried when a runtime was opened. */
export interface LibraryAttempt {
  /** The file, or the name that the system's loader was asked for. */
  name: string;
  /** Who named it: `option`, an environment variable, `runtimes folder` or `system`; `package` for accelnode's own addon. */
  origin: string;
  /** Why it is not used: the loader's own words, or what it lacks. Unset for the one in use. */
  error?: string;
}

/** A device that was passed over when a model was loaded, and why. */
export interface DeviceAttempt {
  /** As in `session.device`, e.g. `openvino:GPU`; only the backend's name when it has no runtime. */
  device: string;
  /** What went wrong there. */
  code: ErrorCode;
  /** The vendor's own words, or what is missing. */
  message: string;
  /** What to do about it. */
  hint?: string;
}

/** The fields of an {@link AccelError} besides its code and message. */
export interface AccelErrorDetails {
  /** See {@link AccelError.backend}. */
  backend?: string | undefined;
  /** See {@link AccelError.device}. */
  device?: string | undefined;
  /** See {@link AccelError.call}. */
  call?: string | undefined;
  /** See {@link AccelError.status}. */
  status?: number | undefined;
  /** See {@link AccelError.hint}. */
  hint?: string | undefined;
  /** See {@link AccelError.libraries}. */
  libraries?: readonly LibraryAttempt[] | undefined;
  /** See {@link AccelError.attempts}. */
  attempts?: readonly DeviceAttempt[] | undefined;
  /** The error that this one comes from: a signal's reason, say. */
  cause?: unknown;
}

/** Every error that accelnode throws or rejects with. */
export class AccelError extends Error {
  /** Always `AccelError`. */
  override readonly name = 'AccelError';
  /** What went wrong, to branch on. */
  readonly code: ErrorCode;
  /** The backend concerned, e.g. `openvino`. */
  declare readonly backend?: string;
  /** The device concerned, e.g. `openvino:CPU`. */
  declare readonly device?: string;
  /** The vendor function that failed, e.g. `ov_infer_request_infer`. */
  declare readonly call?: string;
  /** What that function returned. */
  declare readonly status?: number;
  /** What to do about it. */
  declare readonly hint?: string;
  /** For a runtime that was not found: every library tried. */
  declare readonly libraries?: readonly LibraryAttempt[];
  /** For a load that no device could do: each refusal. */
  declare readonly attempts?: readonly DeviceAttempt[];

  constructor(code: ErrorCode, message: string, details: AccelErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    const { cause: _cause, ...rest } = details;
    for (const [key, value] of Object.entries(rest)) {
      // The lists are long, and the message has what matters of them: printing the error leaves them out.
      const enumerable = key !== 'libraries' && key !== 'attempts';
      if (value !== undefined) Object.defineProperty(this, key, { value, enumerable });
    }
  }
}

/** An error about an argument. */
export function invalidArgument(message: string, hint?: string): AccelError {
  return new AccelError('INVALID_ARGUMENT', message, { hint });
}

/** `error` again, with the backend and device that it concerns filled in. */
export function withContext(error: unknown, backend: string, device?: string): unknown {
  if (error instanceof AccelError) {
    if (error.backend === undefined) Object.defineProperty(error, 'backend', { value: backend, enumerable: true });
    if (error.device === undefined && device !== undefined) {
      Object.defineProperty(error, 'device', { value: device, enumerable: true });
    }
  }
  return error;
}
