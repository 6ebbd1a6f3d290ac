// What the programs in JavaScript have in common: a command a line on stdin, one line of JSON for each on stdout.
import { createInterface } from 'node:readline';

/** The fewest runs that a turn consists of, however long they take. */
const FEWEST = { latency: 3, throughput: 16 };

/**
 * @param {() => Promise<Record<string, (...numbers: number[]) => Promise<object>>>} prepare
 * gives the commands by name; one of them, `close`, may end things
 */
export async function serve(prepare) {
  const answer = async (work) => {
    const outcome = await work().catch((error) => ({ error: error.message }));
    console.log(JSON.stringify(outcome));
    return outcome;
  };
  let commands;
  const { error } = await answer(async () => {
    commands = await prepare();
    return { ready: true };
  });
  if (error !== undefined) return;
  for await (const line of createInterface({ input: process.stdin })) {
    const [name, ...numbers] = line.split(' ');
    await answer(async () => commands[name](...numbers.map(Number)));
  }
  await commands.close?.();
}

/** Times each turn of `run` for `milliseconds`; in a burst between two awaits where `run` is synchronous. */
export async function timeEach(milliseconds, run) {
  const times = [];
  const begin = performance.now();
  let before = begin;
  while (before - begin < milliseconds || times.length < FEWEST.latency) {
    const outcome = run();
    if (outcome instanceof Promise) await outcome;
    const after = performance.now();
    times.push((after - before) * 1000);
    before = after;
  }
  times.sort((a, b) => a - b);
  return { runs: times.length, medianUs: times[times.length >> 1] };
}

/** Keeps `runs` going side by side for `milliseconds`; the time until the last of them has ended counts. */
export async function timeTogether(milliseconds, runs) {
  const begin = performance.now();
  let count = 0;
  const caller = async (run) => {
    while (performance.now() - begin < milliseconds || count < FEWEST.throughput) {
      count++;
      await run();
    }
  };
  await Promise.all(runs.map(caller));
  return { runs: count, perSecond: (count * 1000) / (performance.now() - begin) };
}

/** The shape of a tensor whose open dimensions, negative or named, are `dims` one after the other, then 1. */
export function fixedShape(shape, dims) {
  let open = 0;
  return shape.map((dim) => (dim >= 0 ? dim : (dims[open++] ?? 1)));
}

/** Inputs are the same on all sides: ones for integers (a token, a mask that keeps it), a ramp for the rest. */
export function fill(data) {
  const big = data instanceof BigInt64Array;
  for (let i = 0; i < data.length; i++) data[i] = big ? 1n : (i % 256) / 256;
  return data;
}
