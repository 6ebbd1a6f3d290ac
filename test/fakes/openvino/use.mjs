// Opens each of the libraries in turn, then loads and runs each of the models, on each of the devices;
// prints how it went as JSON. In a process of its own, as one process can open only one OpenVINO, and a
// broken library might end it.
import { AccelError, Session, Tensor, diagnose, runtime } from 'accelnode';

const { libraries, runs = [] } = JSON.parse(process.argv[2]);

async function settle(work) {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AccelError)) throw error;
    const { code, message, hint, call, status, libraries } = error;
    return { error: { code, message, hint, call, status, libraries } };
  }
}

async function load({ model, device = 'openvino:CPU', options }, inputs) {
  const session = await Session.load(model, { device, ...options });
  const given = Object.fromEntries(session.inputs.map(({ name, type }, i) => [name, makeTensor(type, inputs[i])]));
  const outputs = await session.run(given);
  await session.close();
  const [output] = session.outputs;
  return { types: [session.inputs[0].type, output.type], values: [...outputs[output.name].data].map(Number) };
}

const makeTensor = (type, { values, dims }) => new Tensor(type, values, dims);

const opened = [];
for (const library of libraries) opened.push(await settle(() => runtime('openvino', { library })));

const results = [];
for (const { inputs, ...run } of runs) results.push(await settle(() => load(run, inputs)));

const { devices, absent } = (await diagnose()).find(({ name }) => name === 'openvino');
console.log(JSON.stringify({ opened, results, devices, absent }));
