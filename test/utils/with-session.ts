import { Session } from 'accelnode';
import type { LoadOptions, ModelSource } from 'accelnode';

/** Loads a model, and closes the session whatever happens to it. */
export async function withSession<T>(
  source: ModelSource,
  options: LoadOptions,
  use: (session: Session) => T | Promise<T>,
): Promise<T> {
  const session = await Session.load(source, options);
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}
