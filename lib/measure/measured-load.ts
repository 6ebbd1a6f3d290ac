/** What a load took. */
export interface MeasuredLoad {
  /** Milliseconds. */
  compile: number;
  /** Bytes by which this process has grown. */
  compileMemory: number;
}

/** The time and the host's memory that a load takes: reading, compiling and preparing to run. */
export async function measuredLoad<Session>(
  load: () => Promise<Session>,
): Promise<MeasuredLoad & { session: Session }> {
  const memoryBefore = process.memoryUsage.rss();
  const begin = performance.now();
  const session = await load();
  const compile = performance.now() - begin;
  return { session, compile, compileMemory: Math.max(0, process.memoryUsage.rss() - memoryBefore) };
}
