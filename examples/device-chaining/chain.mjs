/**
 * Two models, one after the other, without a way through the host's memory between them.
 *
 * ```js
 * const chain = await Chain.load('backbone.onnx', 'head.onnx', { device: 'cuda:0' });
 * const outputs = await chain.run({ image });
 * await chain.close();
 * ```
 */
import { AccelError, Session, Tensor } from 'accelnode';

export class Chain {
  /**
   * @param {import('accelnode').ModelSource} first
   * @param {import('accelnode').ModelSource} second takes, by the same names, what the first gives
   * @param {import('accelnode').LoadOptions} [options] for both
   */
  static async load(first, second, options) {
    const firstSession = await Session.load(first, options);
    try {
      // The same device, also where several could: memory of one device is of no use to another.
      const device = firstSession.device;
      return new Chain(firstSession, await Session.load(second, { ...options, device }));
    } catch (error) {
      await firstSession.close();
      throw error;
    }
  }

  /** @param {Session} first @param {Session} second */
  constructor(first, second) {
    this.first = first;
    this.second = second;
    this.target = hasDeviceMemory(first.device) ? 'device' : null;
  }

  /**
   * @param {import('accelnode').Inputs} inputs of the first model
   * @returns {Promise<import('accelnode').Outputs>} of the second model
   */
  async run(inputs) {
    // In the device's memory, where it has its own; else in the host's, where the second model reads them as they are.
    const targets = Object.fromEntries(this.first.outputs.map(({ name }) => [name, this.target]));
    const between = await this.first.run(inputs, { outputs: targets });
    try {
      return await this.second.run(between);
    } finally {
      // The garbage collector does not know how little memory the device has left.
      for (const tensor of Object.values(between)) tensor.dispose();
    }
  }

  async close() {
    await Promise.all([this.first.close(), this.second.close()]);
  }
}

/** Is there memory that only the device sees, as on a graphics card? @param {string} device */
function hasDeviceMemory(device) {
  try {
    Tensor.allocate('uint8', [1], { memory: 'device', device }).dispose();
    return true;
  } catch (error) {
    if (error instanceof AccelError && error.code === 'UNSUPPORTED') return false;
    throw error;
  }
}
