// Mistakes in native/rocm that the tests on the doubles must notice; for scripts/seeded-mistakes.mjs.
// `from` stands exactly once in the file; `suites`: arguments for vitest, which must fail.

const newer = ['--project', 'rocm-fakes', 'test/fakes/rocm-runs', 'test/fakes/rocm-builds', 'test/fakes/rocm-refusals'];
const older = ['--project', 'rocm-fakes-older', ...newer.slice(2)];

const inFile =
  (file) =>
  (name, from, to, suites = newer) => ({ name, file: `native/rocm/${file}`, from, to, suites });
const types = inFile('migraphx_types.cc');
const context = inFile('rocm_device_context.cc');
const lane = inFile('rocm_context.cc');
const memory = inFile('hip_memory.cc');
const program = inFile('migraphx_program.cc');
const build = inFile('migraphx_build.cc');

const numbering = ['g_first = bytes == 4 ? 1 : 2', 'g_first = bytes == 4 ? 2 : 1'];
const newest = ['g_first = bytes == 4 ? 1 : 2', 'g_first = 2'];
const synchronize = 'HIP_CALL(hipStreamSynchronize, stream_.get());';

export const mistakes = [
  types('the numbers of element types of the other release', ...numbering),
  types('the numbers of element types of 7.1 in 7.0', ...newest, older),
  context('outputs are read before the stream has come to them', synchronize, '(void)stream_;'),
  context(
    'the next lane runs the program while it still computes',
    'HIP_CALL(hipEventSynchronize, computed_.get());',
    '',
  ),
  context(
    "a run on the program's own stream, which nobody waits for",
    'MIGRAPHX(program_run_async), (*program).get(), parameters.get(),\n                                   static_cast<void*>(stream_.get()), kHipStreamType',
    'MIGRAPHX(program_run), (*program).get(), parameters.get()',
  ),
  context(
    'device memory is freed before the run has ended',
    'void* memory = port.memory.AtLeast(input.bytes);',
    'Scratch once(MemoryKind::kDevice, facts_.recipe.device);\n  void* memory = once.AtLeast(input.bytes);',
  ),
  context(
    'an output that is an input is taken to be in its own memory',
    'if (bytes == 0 || to == result.data) return;',
    'if (bytes == 0 || kind == MemoryKind::kDevice) return;',
  ),
  context(
    'outputs in the order in which the parameters come',
    'const size_t index = IndexOf(parameter.name);',
    'const size_t index = IndexOf(parameter.name) * 0;',
  ),
  context(
    'what a failed run began is not waited for',
    'if (std::uncaught_exceptions() > outer_) Hip().hipDeviceSynchronize();',
    '(void)outer_;',
  ),
  context(
    'a run that was cancelled before its turn begins',
    "StopIfCancelled();  // waiting for one's turn may take long",
    '',
  ),
  lane(
    'the loss of a device is forgotten',
    'if (error.code == ErrorCode::DEVICE_LOST) facts_.lost = true;',
    '(void)error;',
  ),
  memory('device memory is never freed', '[](void* memory) { Hip().hipFree(memory); }', '[](void*) {}'),
  program(
    'lanes of a session run one program at once',
    'if (!pool.can_clone_) return;',
    'if (!pool.can_clone_) turn_.unlock();\n  if (!pool.can_clone_) return;',
  ),
  build(
    'the program is never compiled',
    'Call(MIGRAPHX(program_compile), program.get(), target.get(), options.get());',
    '',
  ),
];
