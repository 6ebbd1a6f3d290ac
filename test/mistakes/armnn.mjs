// Mistakes in native/armnn that the tests on the stub of Arm NN's delegate must notice; for scripts/seeded-mistakes.mjs.
// `from` stands exactly once in the file; `suites`: arguments for vitest, which must fail.

const stub = ['--project', 'armnn', 'test/fakes/tflite-delegate', 'test/fakes/armnn-network'];
const faults = ['--project', 'armnn', 'test/fakes/tflite-faults'];

const inFile =
  (file) =>
  (name, from, to, suites = stub) => ({ name, file: `native/armnn/${file}`, from, to, suites });
const bound = inFile('bound_interpreter.cc');
const context = inFile('armnn_context.cc');
const kept = inFile('kept_interpreters.cc');
const interpreter = inFile('tflite_interpreter.cc');
const settings = inFile('tflite_interpreter.h');
const model = inFile('armnn_model.cc');
const reporter = inFile('tflite_reporter.cc');

export const mistakes = [
  bound(
    "a session's memory is still used after it",
    'if (place.ours == nullptr || place.ours == place.staging.data) continue;',
    'continue;',
  ),
  bound(
    'a tensor whose memory was refused is used without asking again',
    'stale_ = true;  // also when it fails',
    '// also when it fails',
    faults,
  ),
  interpreter('what an exception came through is used again', 'broken_ = true;', '(void)broken_;'),
  interpreter(
    'the delegate is gone before its kernels',
    'interpreter_.reset();  // before the delegate, which it has nodes of\n  delegate_.reset();',
    'delegate_.reset();\n  interpreter_.reset();',
  ),
  interpreter(
    'several threads in the Compute Library',
    'if (!settings_.one_at_a_time) return nullptr;',
    'if (settings_.one_at_a_time || true) return nullptr;',
  ),
  interpreter(
    'a delegate that does not take the model is left out without a word',
    'if (status == kOk) return;\n  throw Error(ErrorCode::MODEL_UNSUPPORTED',
    'if (status == kOk || true) return;\n  throw Error(ErrorCode::MODEL_UNSUPPORTED',
  ),
  context(
    'an interpreter for each run',
    'if (!delegated_ || interpreter->Fits(inputs)) return *interpreter;',
    'if (!delegated_) return *interpreter;',
  ),
  kept('an interpreter of another model', ' && *interpreter.Model().bytes == *model.bytes', ' && model.bytes'),
  kept('an interpreter of other shapes', 'each->Fits(shapes) && IsOf', 'IsOf'),
  kept('nothing is kept', '|| interpreter->Get().IsBroken()) return;', '|| interpreter != nullptr) return;'),
  settings('an interpreter with other options', ' && delegate == other.delegate', ' && other.delegate.has_value()'),
  model(
    'each lane compiles for itself',
    'parts.settings.save_network = false;',
    'parts.settings.save_network = parts.network != nullptr;',
  ),
  model(
    'the file for compiled kernels is not there',
    'settings.network_file = network->path();',
    'settings.network_file = network->path() + "0";',
  ),
  model(
    'kernels that can not be used end the load',
    'error.code = ErrorCode::RUNTIME_INCOMPATIBLE;',
    'error.code = ErrorCode::VENDOR_FAILURE;',
  ),
  reporter('operators that stay with TFLite are not told', 'AddOnce(fallback_operators_, name);', 'AddText(line);'),
];
