import { AccelError, Session } from 'accelnode';
import type { ErrorCode, LoadOptions, ModelSource, NullModel } from 'accelnode';
import { expect } from 'vitest';

/** Loads a session, hands it to `use`, and closes it whatever happens. */
export async function withSession<T>(
  source: ModelSource,
  options: LoadOptions,
  use: (session: Session) => Promise<T> | T,
): Promise<T> {
  const session = await Session.load(source, options);
  try {
    return await use(session);
  } finally {
    await session.close({ cancel: true });
  }
}

/** A null model with one float32 input `x`, of shape [1, 4] if not told otherwise. */
export function nullModel(spec: Partial<NullModel> = {}): { null: NullModel } {
  return { null: { model: 'echo', inputs: [{ name: 'x', type: 'float32', shape: [1, 4] }], ...spec } };
}

/** A session of the null backend. */
export function withNull<T>(
  spec: Partial<NullModel>,
  use: (session: Session) => Promise<T> | T,
  options: LoadOptions = {},
): Promise<T> {
  return withSession(nullModel(spec), { device: 'null:0', ...options }, use);
}

/** Expects `action` to throw or reject with an AccelError of this code, and returns it. */
export async function expectError(code: ErrorCode, action: () => unknown): Promise<AccelError> {
  let error: unknown;
  try {
    await action();
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(AccelError);
  const { code: actual, message } = error as AccelError;
  expect(actual, message).toBe(code);
  return error as AccelError;
}
