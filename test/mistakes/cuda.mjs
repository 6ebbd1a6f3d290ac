// Mistakes in native/cuda that the tests on the doubles must notice; for scripts/seeded-mistakes.mjs.
// `from` stands exactly once in the file; `suites`: arguments for vitest, which must fail.

const newer = ['--project', 'cuda', 'test/fakes/cuda-runs', 'test/fakes/cuda-builds', 'test/fakes/cuda-refusals'];
const older = ['--project', 'cuda-older', ...newer.slice(2)];
const conformance = ['--project', 'cuda', 'test/conformance/cuda'];
const faults = ['--project', 'cuda', 'test/fakes/cuda-faults'];
const edges = ['--project', 'cuda', 'test/fakes/cuda-edges'];
const together = ['--project', 'cuda', 'test/fakes/cuda-at-once', 'test/fakes/cuda-services'];
const parser = ['--project', 'cuda-parser'];

const slot = (name, method, from, to, suites) => ({
  name,
  file: 'native/cuda/tensorrt_slots.h',
  from: `${method}${from}`,
  to: `${method}${to}`,
  suites,
});

const context = (name, from, to, suites = newer) => ({
  name,
  file: 'native/cuda/tensorrt_context.cc',
  from,
  to,
  suites,
});

const binding = (name, from, to, suites = newer) => ({
  name,
  file: 'native/cuda/tensorrt_binding.cc',
  from,
  to,
  suites,
});

const engine = (name, from, to, suites) => ({ name, file: 'native/cuda/tensorrt_engine.cc', from, to, suites });

const graphs = (name, from, to, suites) => ({ name, file: 'native/cuda/tensorrt_graph_contexts.cc', from, to, suites });

const recorder = (name, from, to) => ({ name, file: 'native/cuda/tensorrt_recorder.cc', from, to, suites: together });

const memory = (name, from, to, suites = newer) => ({ name, file: 'native/cuda/cuda_memory.cc', from, to, suites });

export const mistakes = [
  slot('enqueueV3 one slot further in 11', 'kEnqueueV3', '{37, 36}', '{37, 37}', newer),
  slot('setTensorAddress one slot further in 10', 'kSetTensorAddress', '{24, 23}', '{25, 23}', older),
  slot("the network's getNbOutputs one slot further", 'kGetNbOutputs', '{16, 16}', '{17, 17}', newer),
  slot("the parser's getNbErrors one slot further in 10", 'kGetNbErrors', '{5, 3}', '{6, 3}', parser),
  slot("a parser error's nodeName one slot further", 'kNodeName', '{6, 6}', '{7, 7}', parser),
  slot('the builder flag fp16 with the number of int8', 'kFp16', '{0, kNone}', '{1, kNone}', older),

  context('no synchronise after a run', '  Synchronize();\n  if (Download', '  if (Download'),
  context(
    'no synchronise after outputs of unknown shapes',
    'if (DownloadDependent(outputs, stats)) Synchronize();',
    'DownloadDependent(outputs, stats);',
  ),
  context('an address is told only once', 'if (port.address == address) return;', 'if (port.address) return;'),
  context('copies of the wrong kind', 'bytes, kMemcpyDefault', 'bytes, 1'),
  context('a graph lives on when addresses change', 'making.\n      graph_.reset();', 'making.'),
  context('a run on a thread without a device', '    UseDevice(facts_.device);\n    Launch', '    Launch', conformance),
  context('a lost device is forgotten', 'facts_.lost = true;', 'facts_.lost = false;', edges),

  binding(
    'pageable memory is copied without staging',
    'kind == MemoryKind::kHost ? stage() : input.data',
    'input.data',
  ),
  binding('a shape is told only once', '!(port.shape_told && port.shape == input.shape)', '!port.shape_told'),
  binding(
    'an output that is too small is written',
    'output.bytes >= port.bytes) return;',
    'true) return;',
    conformance,
  ),
  binding('an unaligned tensor is used as it is', '% kDeviceAlignment == 0', '% 1 == 0', edges),

  memory('device memory is not freed', 'Cudart().cudaFreeAsync(memory, stream);', '(void)memory;', conformance),
  memory('pinned memory is not freed', 'Cudart().cudaFreeHost(memory);', '(void)memory;', faults),
  memory('a stream is not destroyed', 'Cudart().cudaStreamDestroy(stream);', '(void)stream;', conformance),

  {
    name: 'objects are destroyed by the wrong slot',
    file: 'native/cuda/cuda_library.cc',
    from: 'Method<void()>{1, 1}',
    to: 'Method<void()>{0, 0}',
    suites: newer,
  },
  {
    name: 'the parser is gone before the build',
    file: 'native/cuda/tensorrt_builder.cc',
    from: 'const TrtParser parser = ParseOnnx(',
    to: 'ParseOnnx(',
    suites: newer,
  },
  {
    name: 'a model without outputs is taken',
    file: 'native/cuda/tensorrt_parse.cc',
    from: 'kGetNbOutputs) == 0',
    to: 'kGetNbOutputs) < 0',
    suites: newer,
  },

  graphs(
    'at once: a cancel is lost while a context is made',
    'if (cancelled_ && context != nullptr) context->Cancel();',
    '',
    together,
  ),
  context('at once: a run that waits for its turn is not woken', 'facts_.turn.Wake();', '', together),
  engine(
    'at once: a plan is written while contexts are made',
    'std::lock_guard lock(making_);\n  LogScope log(&services_->recorder);\n  const TrtObject plan',
    'LogScope log(&services_->recorder);\n  const TrtObject plan',
    together,
  ),
  engine(
    'at once: contexts are made by several lanes',
    'std::lock_guard lock(making_);\n  LogScope log(&services_->recorder);\n  TrtObject context',
    'LogScope log(&services_->recorder);\n  TrtObject context',
    together,
  ),
  {
    name: 'at once: a session is closed before its export has ended',
    file: 'native/session_wrap.cc',
    from: 'gone.wait();',
    to: '',
    suites: together,
  },

  graphs('graphs: shapes that are refused make others go', 'contexts_.front().context->ProfileFor(inputs);', '', newer),
  graphs('graphs: no shapes go when memory is lacking', 'contexts_.size() == 1) throw;', 'true) throw;', newer),
  graphs('graphs: what lies between layers is not counted', 'counted_bytes_ += memory_.bytes;', '', together),
  engine('graphs: promised with times of layers', ' && !facts_.profiling', '', newer),

  recorder('reports: the first are kept', 'reports_.pop_front();', 'reports_.pop_back();'),
  recorder('reports: any refused allocation decides', ' && reports_[i - 1].LacksMemory(); --i', '; --i'),
  context(
    'memory of a failed run is not counted',
    'Forget();\n    CountMemory();\n    // Another',
    'Forget();\n    // Another',
  ),
  engine('an engine is destroyed on whatever device', '{ TryUseDevice(facts_.device); }', '{}', newer),
  {
    name: 'an error that was contained is no loss',
    file: 'native/cuda/cuda_check.cc',
    from: 'case 226:',
    to: 'case 99226:',
    suites: edges,
  },
];
