// Makes the 1st, 2nd, 3rd … call of an operation fail, until the operation ends without having met the
// failure. Runs in a process of its own; prints what happened as JSON, for the test to judge. `first`: the call to
// begin with, other than the 1st.
// What the operations are is in the double's own folder.
import { AccelError } from 'accelnode';

const { double, name, faults, library, models, first = 1 } = JSON.parse(process.argv[2]);
const { CONTROL_VARIABLE, Control } = await import(`./${double}/control.mjs`);
const { heal, opened, operations, otherSession } = await import(`./${double}/operations.mjs`);
const control = new Control(process.env[CONTROL_VARIABLE]);
const context = { control, library, models };

/** @returns {Promise<{ value: unknown } | { error: unknown }>} */
async function settle(work) {
  try {
    return { value: await work() };
  } catch (error) {
    return { error };
  }
}

/** The words of what went wrong, or undefined. */
async function complaint(work) {
  const { error } = await settle(work);
  return error === undefined ? undefined : (error.stack ?? String(error));
}

function describe(error) {
  if (!(error instanceof AccelError)) return { notAnAccelError: String(error) };
  const { code, message, call, status, hint, backend, device } = error;
  return { code, message, call, status, hint, backend, device };
}

/** Objects that are alive beyond `expected`, once the collector has had its chance to free the outputs of runs. */
async function leaks(expected) {
  for (let turns = 0; ; turns++) {
    const live = control.live();
    const kinds = new Set([...Object.keys(live), ...Object.keys(expected)]);
    const wrong = [...kinds].filter((kind) => live[kind] !== expected[kind]);
    if (wrong.length === 0 || turns === 200) {
      return Object.fromEntries(wrong.map((kind) => [kind, (live[kind] ?? 0) - (expected[kind] ?? 0)]));
    }
    await collectGarbage();
  }
}

/** Outputs that the library allocated are freed when the collector finds them. */
async function collectGarbage() {
  globalThis.gc();
  await new Promise(setImmediate);
}

/** Only the operation's own calls count, not those of begin. */
async function attempt(operation, n, fault) {
  const state = await operation.begin?.();
  if (n > 0) control.arm(n, fault);
  const outcome = await settle(() => operation.attempt(state));
  const failedCall = control.disarm();
  if ('error' in outcome) {
    const problem = await complaint(async () => operation.recover?.(state, fault));
    heal?.(control);
    return { failedCall, error: describe(outcome.error), complaint: problem };
  }
  heal?.(control);
  return {
    failedCall,
    attempts: outcome.value?.attempts,
    complaint: await complaint(async () => {
      await operation.verify(outcome.value, failedCall, state);
      await operation.tidy?.(outcome.value, state);
    }),
  };
}

const opens = name === 'open';
const other = opens ? undefined : await otherSession(context);
await other?.check();
const start = opens ? {} : control.live();
const operation = await operations[name](context);
if (!opens) await attempt(operation, 0); // what is made once, at the first use, is there from now on
for (let turn = 0; turn < 20; turn++) await collectGarbage();
const before = opens ? {} : control.live();

const rows = [];
for (const fault of faults) {
  for (let n = first; ; n++) {
    const row = await attempt(operation, n, fault);
    rows.push({
      ...row,
      n,
      status: fault.status,
      other: await complaint(async () => other?.check()),
      leaks: await leaks(opens && row.error === undefined ? opened : before),
    });
    if (row.failedCall === '') break;
  }
}

await operation.finish?.();
const end = {
  leaks: await leaks(opens ? opened : start),
  complaint: await complaint(async () => (other ?? (await otherSession(context))).check()),
  violation: control.getText('violation'),
};
console.log(JSON.stringify({ rows, end }));
