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
  readonly #reload: Reload | undefined;
  readonly #attach: (model: ResidentModel) => void;
  /** Settles when what was released is free. */
  #freed: Promise<void> = Promise.resolve();
  #loading: Promise<NativeSession> | undefined;
  #closed = false;
  readonly #closing = new AbortController();

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
    if (this.#reload === undefined) {
      throw new AccelError('UNSUPPORTED', 'The session can not load its model again: it was given as bytes.', {
        hint: 'Load it from a file; or with idleTtl, which keeps the bytes (Infinity: until release() is called).',
      });
    }
    // Who asked for it first has it first.
    if (this.#loading !== undefined) await this.#loading.catch(() => undefined);
    await this.#free();
  }

  /** The model, loaded again if it has been released. */
  load(): Promise<NativeSession> {
    if (this.#native !== undefined) return Promise.resolve(this.#native);
    if (this.#closed) return Promise.reject(new AccelError('CLOSED', 'The session is closed.'));
    this.#loading ??= this.#loadAgain().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #loadAgain(): Promise<NativeSession> {
    await this.#freed;
    const model = await this.#reload!(this.#closing.signal);
    try {
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
    if (this.#loading !== undefined) await this.#loading.catch(() => undefined);
    await this.#free();
  }

  #free(): Promise<void> {
    const native = this.#native;
    if (native !== undefined) {
      this.#native = undefined;
      this.#freed = native.close();
    }
    return this.#freed;
  }

  /** Together with a close: gives up what that would wait for. */
  cancelAll(): void {
    this.#closing.abort();
    this.#latest.cancelAll();
  }
}
