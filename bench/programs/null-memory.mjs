// Memory over many runs of the null backend. usage: node --expose-gc null-memory.mjs
import { Session, Tensor } from 'accelnode';

const RUNS = 100_000;

const session = await Session.load(
  { null: { model: 'echo', inputs: [{ name: 'x', type: 'float32', shape: [1, 64] }] } },
  { device: 'null' },
);
const x = Tensor.zeros('float32', [1, 64]);
const rssKB = () => {
  gc();
  return Math.round(process.memoryUsage.rss() / 1024);
};

async function runs() {
  let left = RUNS;
  await Promise.all(
    Array.from({ length: 64 }, async () => {
      while (left-- > 0) await session.run({ x });
    }),
  );
}

await runs(); // until compiled code and pools have their size
const before = rssKB();
await runs();
console.log(JSON.stringify({ runs: RUNS, growthKB: rssKB() - before }));
await session.close();
