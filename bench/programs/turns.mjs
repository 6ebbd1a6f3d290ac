// What a run costs, in microseconds: commands of the programs whose vendor costs nothing. Tensors are bound once and
// used again.
//
//   sequential N    N runs, each awaited
//   flight C N      N runs, C of them in flight
//   sync N          N times runSync

/**
 * @param {import('accelnode').Session} session
 * @param {() => [object, object]} tensors new arguments for a run: inputs and options
 */
export function turns(session, tensors) {
  const timed = async (count, work) => {
    const begin = performance.now();
    await work();
    return { microseconds: ((performance.now() - begin) * 1000) / count };
  };
  return {
    sequential: (count) =>
      timed(count, async () => {
        const [inputs, options] = tensors();
        for (let i = 0; i < count; i++) await session.run(inputs, options);
      }),
    flight: (callers, count) =>
      timed(count, async () => {
        let left = count;
        const caller = async () => {
          const [inputs, options] = tensors();
          while (left-- > 0) await session.run(inputs, options);
        };
        await Promise.all(Array.from({ length: callers }, caller));
      }),
    sync: (count) =>
      timed(count, async () => {
        const [inputs, options] = tensors();
        for (let i = 0; i < count; i++) session.runSync(inputs, options);
      }),
    close: () => session.close(),
  };
}
