// The accelnode side of the floor comparison: the same commands on stdin as openvino.c, and these:
//
//   sync MS        a loop of runSync, with tensors that are bound once
//   run MS         a loop of run, one at a time
//   flight N MS    run, N in flight, on as many lanes as the device recommends for throughput
//   cycles N       load, run once and close, N times; needs --expose-gc
//
// usage: node accelnode.mjs MODEL
import { createInterface } from 'node:readline';

import { Session, Tensor } from 'accelnode';

const model = process.argv[2];
const device = 'openvino:CPU';
const sessions = {};

async function open(kind) {
  if (sessions[kind] !== undefined) return sessions[kind];
  const options = kind === 'throughput' ? { openvino: { hint: 'throughput' } } : {};
  const session = await Session.load(model, { device, ...options });
  return (sessions[kind] = { session, ...tensorsFor(session) });
}

function tensorsFor(session) {
  const zeros = ({ name, type, shape }) => [
    name,
    Tensor.zeros(
      type,
      shape.map((dim) => Math.max(dim, 1)),
    ),
  ];
  return {
    inputs: Object.fromEntries(session.inputs.map(zeros)),
    outputs: Object.fromEntries(session.outputs.map(zeros)),
  };
}

/** Times each turn of `run` for `milliseconds`; in a burst between two awaits where `run` is synchronous. */
async function timeEach(milliseconds, run) {
  const times = [];
  const begin = performance.now();
  let before = begin;
  while (before - begin < milliseconds || times.length < 3) {
    const outcome = run();
    if (outcome instanceof Promise) await outcome;
    const after = performance.now();
    times.push((after - before) * 1000);
    before = after;
  }
  times.sort((a, b) => a - b);
  return {
    runs: times.length,
    medianUs: times[times.length >> 1],
    perSecond: (times.length * 1000) / (before - begin),
  };
}

const commands = {
  async sync(milliseconds) {
    const { session, inputs, outputs } = await open('latency');
    return timeEach(milliseconds, () => void session.runSync(inputs, { outputs }));
  },
  async run(milliseconds) {
    const { session, inputs, outputs } = await open('latency');
    return timeEach(milliseconds, () => session.run(inputs, { outputs }));
  },
  async flight(count, milliseconds) {
    const { session } = await open('throughput');
    const begin = performance.now();
    let runs = 0;
    const caller = async () => {
      const { inputs, outputs } = tensorsFor(session);
      while (performance.now() - begin < milliseconds) {
        await session.run(inputs, { outputs });
        runs++;
      }
    };
    await Promise.all(Array.from({ length: count }, caller));
    return { runs, perSecond: (runs * 1000) / (performance.now() - begin) };
  },
  async cycles(count) {
    for (let i = 0; i < count; i++) {
      const session = await Session.load(model, { device });
      const { inputs, outputs } = tensorsFor(session);
      await session.run(inputs, { outputs });
      await session.close();
    }
    gc();
    return { rssKB: Math.round(process.memoryUsage.rss() / 1024) };
  },
};

console.log(JSON.stringify({ ready: true }));
for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...numbers] = line.split(' ');
  console.log(JSON.stringify(await commands[name](...numbers.map(Number))));
}
for (const { session } of Object.values(sessions)) await session.close();
