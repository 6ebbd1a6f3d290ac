// A user's program in CommonJS.
const { Session, Tensor } = require('accelnode');

const model = { null: { model: 'echo', inputs: [{ name: 'x', type: 'int8', shape: [2] }] } };

async function main() {
  const session = await Session.load(model, { device: 'null:0' });
  const { x } = session.runSync({ x: new Tensor('int8', Int8Array.of(4, 5)) });
  await session.close();
  const { version } = require('accelnode/package.json');
  console.log(JSON.stringify({ values: [...x.data], version }));
}

main();
