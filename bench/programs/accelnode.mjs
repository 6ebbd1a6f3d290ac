// accelnode's side of the comparison: the commands of openvino.c, by other names.
//
//   describe       lanes for throughput and threads of a single run
//   sync MS        a loop of runSync, with tensors that are bound once
//   run MS         a loop of run, one at a time
//   flight N MS    run, N in flight, on as many lanes as the device recommends for throughput
//   cycles N       load, run once and close, N times; needs --expose-gc
//
// usage: node accelnode.mjs MODEL [DIM...]   the model's open dimensions become these
import { Session, Tensor } from 'accelnode';

import { fill, fixedShape, serve, timeEach, timeTogether } from './serve.mjs';

const [model, ...rest] = process.argv.slice(2);
const dims = rest.map(Number);
const device = 'openvino:CPU';
const sessions = {};

async function open(hint) {
  if (sessions[hint] !== undefined) return sessions[hint];
  const session = await Session.load(model, { device, openvino: { hint } });
  return (sessions[hint] = { session, ...tensorsFor(session) });
}

function tensorsFor(session) {
  const zeros = ({ name, type, shape }) => [name, Tensor.zeros(type, fixedShape(shape, dims))];
  const inputs = Object.fromEntries(session.inputs.map(zeros));
  for (const { data } of Object.values(inputs)) fill(data);
  return { inputs, outputs: Object.fromEntries(session.outputs.map(zeros)) };
}

await serve(async () => ({
  async describe() {
    const { session: one } = await open('latency');
    const { session: many } = await open('throughput');
    return { lanes: many.lanes, threads: Number(one.details.threads) };
  },
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
    const runs = Array.from({ length: count }, () => {
      const { inputs, outputs } = tensorsFor(session);
      return () => session.run(inputs, { outputs });
    });
    return timeTogether(milliseconds, runs);
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
  async close() {
    for (const { session } of Object.values(sessions)) await session.close();
  },
}));
