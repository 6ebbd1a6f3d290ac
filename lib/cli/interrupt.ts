const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Does something that the first signal to end the process stops, so that it can tidy up; the second ends the process. */
export async function interruptible<T>(task: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const abort = (): void => {
    for (const name of SIGNALS) process.removeListener(name, abort);
    stop.abort();
  };
  for (const name of SIGNALS) process.once(name, abort);
  try {
    return await task(stop.signal);
  } finally {
    for (const name of SIGNALS) process.removeListener(name, abort);
  }
}
