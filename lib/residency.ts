/**
 * Whether a session's model is loaded. A released one holds nothing on the device, and comes back when it is
 * needed.
 */
import type { NativeSession } from './native/addon.js';
import { AccelError } from './errors.js';

/** A model on its device. */
export interface ResidentModel {
  native: NativeSession;
  /** What lib/ has to add to the vendor's facts. */
  details?: Readonly<Record<string, unknown>> | undefined;
}

/** Loads the same model on the same device again; rejects at once when the signal is aborted. */
export type Reload = (signal: AbortSignal) => Promise<ResidentModel>;

export class Residency {
  #native: NativeSession | undefined;
  /** It may be about to be freed, behind runs that have not ended. */
  #latest: NativeSession;
  #reload: Reload | undefined;
  readonly #attach: (model: ResidentModel) => void;
  /** Settles when what was released is free. */
  #freed: Promise<void> = Promise.resolve();
  #loading: Loading | undefined;
  #closed = false;

  /**
   * @param reload undefined when the model can't be loaded again
   * @param attach called with a model that was loaded again, before anybody else gets it; may throw
   */
  constructor(native: NativeSession, reload: Reload | undefined, attach: (model: ResidentModel) => void) {
    this.#native = native;
    this.#latest = native;
    this.#reload = reload;
    this.#attach = attach;
  }

  /** Undefined while the model is not loaded. */
  get native(): NativeSession | undefined {
    return this.#native;
  }

  /** Frees the model when its pending runs have ended. */
  async release(): Promise<void> {
    if (this.#reload === undefined && !this.#closed) {
      throw new AccelError(
        'UNSUPPORTED',
        'The session keeps no model that it could load again: it was given as bytes, or with calibration data.',
        {
          hint:
            'Load it from a file, and calibration data with a cache of ranges; or with idleTtl, which keeps bytes and ' +
            'data (Infinity: until release() is called).',
        },
      );
    }
    // Who asked for it first has it first.
    if (this.#loading !== undefined) await this.#loading.model.catch(() => undefined);
    await this.#free();
  }

  /** The model, loaded again if it has been released. Who stops waiting for it says so: {@link leave}. */
  load(): Promise<NativeSession> {
    if (this.#native !== undefined) return Promise.resolve(this.#native);
    if (this.#closed) return Promise.reject(new AccelError('CLOSED', 'The session is closed.'));
    this.#loading ??= this.#begin();
    this.#loading.waiting++;
    return this.#loading.model;
  }

  /** One of those that wait for {@link load} does not any more. The last one of them ends it. */
  leave(): void {
    if (this.#loading === undefined || --this.#loading.waiting > 0) return;
    this.#loading.stop.abort();
    this.#loading = undefined; // who comes now has it loaded anew
  }

  #begin(): Loading {
    const stop = new AbortController();
    const model = this.#loadAgain(stop.signal).finally(() => {
      if (this.#loading?.stop === stop) this.#loading = undefined;
    });
    return { model, stop, waiting: 0 };
  }

  async #loadAgain(signal: AbortSignal): Promise<NativeSession> {
    await this.#freed;
    const model = await this.#reload!(signal);
    try {
      signal.throwIfAborted();
      this.#attach(model);
    } catch (error) {
      await model.native.close();
      throw error;
    }
    this.#native = model.native;
    this.#latest = model.native;
    return model.native;
  }

  /** Frees the model for good. One that is being loaded for waiting runs is used by them first. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#loading !== undefined) await this.#loading.model.catch(() => undefined);
    await this.#free();
    this.#reload = undefined; // and with it what it keeps
  }

  /** Together with a close: gives up what that would wait for. */
  cancelAll(): void {
    this.#loading?.stop.abort();
    this.#latest.cancelAll();
  }

  #free(): Promise<void> {
    const native = this.#native;
    if (native !== undefined) {
      this.#native = undefined;
      this.#freed = native.close();
    }
    return this.#freed;
  }
}

/** A load under way, and how many wait for it. */
interface Loading {
  model: Promise<NativeSession>;
  stop: AbortController;
  waiting: number;
}
