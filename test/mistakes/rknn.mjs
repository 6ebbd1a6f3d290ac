// Mistakes in native/rknn that the tests on the double must notice; for scripts/seeded-mistakes.mjs.
// `from` stands exactly once in the file; `suites`: arguments for vitest, which must fail.

const suite = (name) => ['--project', 'rknn', `test/fakes/rknn-${name}`];
const [lanes, runs, refusals, faults, shared] = ['lanes', 'runs', 'refusals', 'faults', 'memory'].map(suite);

const inFile =
  (file, usual) =>
  (name, from, to, suites = usual) => ({ name, file: `native/rknn/${file}`, from, to, suites });
const abi = inFile('rknn_abi.h', runs);
const cores = inFile('rknn_cores.cc', lanes);
const memory = inFile('rknn_memory.cc', lanes);
const model = inFile('rknn_model.cc', lanes);
const load = inFile('rknn_load.cc', refusals);
const ports = inFile('rknn_ports.cc', runs);
const layout = inFile('rknn_layout.cc', runs);
const shapes = inFile('rknn_shapes.cc', runs);
const check = inFile('rknn_check.cc', lanes);
const context = inFile('rknn_context.cc', runs);

export const mistakes = [
  cores('two lanes on one core', 'return 1 << (lane % cores_);', 'return 1 << (lane / 2 % cores_);'),
  cores(
    'a chip with one core is told which',
    'if (cores_ < 2) return std::nullopt;',
    'if (cores_ < 1) return std::nullopt;',
  ),
  model(
    'all lanes in one context',
    'lane == 0 ? first_ : Duplicate(lane, &shares_weights);',
    'lane == 0 ? first_ : (void(Duplicate(lane, &shares_weights)), first_);',
  ),
  model(
    'each lane has weights of its own',
    'if (Api().dup_context == nullptr) {',
    'if (Api().dup_context != nullptr) {',
  ),
  model(
    'the process gets the highest priority',
    'if (!options["rknn"].Bool("highPriority", false)) flags',
    'if (options["rknn"].Bool("highPriority", false)) flags',
  ),
  memory(
    'a context is destroyed twice',
    '{ Api().destroy(raw_); }',
    '{\n  Api().destroy(raw_);\n  Api().destroy(raw_);\n}',
  ),
  memory('memory of the NPU is never freed', 'Api().destroy_mem(context, memory);', '(void)memory;', faults),
  context('the NPU is not told what the CPU has written', 'Sync(memory, kSyncToDevice);', ''),
  context("the CPU's cache comes out after the NPU's results", 'Sync(slot.bound, kSyncToDevice);', '', shared),
  context('a part of a buffer is used in place', 'bytes == buffer->bytes', 'bytes <= buffer->bytes', shared),
  context('the CPU does not see what the NPU has written', 'Sync(slot.bound, kSyncFromDevice);', ''),
  abi(
    'the two ways to sync are swapped',
    'kSyncToDevice = 1;\nconstexpr int32_t kSyncFromDevice = 2;',
    'kSyncToDevice = 2;\nconstexpr int32_t kSyncFromDevice = 1;',
  ),
  abi(
    'the two orders of axes are swapped',
    'kFormatNchw = 0;\nconstexpr int32_t kFormatNhwc = 1;',
    'kFormatNchw = 1;\nconstexpr int32_t kFormatNhwc = 0;',
  ),
  abi(
    'int8 has the number of uint8',
    'constexpr int32_t kTypeInt8 = 2;\nconstexpr int32_t kTypeUint8 = 3;',
    'constexpr int32_t kTypeInt8 = 3;\nconstexpr int32_t kTypeUint8 = 2;',
  ),
  context(
    'memory is told only once',
    'if (slot.bound == memory) return;',
    'if (slot.bound != nullptr) return;',
    shared,
  ),
  context(
    'what was disposed of is kept',
    'imports_.erase(std::remove_if(imports_.begin(), imports_.end(), is_gone), imports_.end());',
    '(void)is_gone;',
    shared,
  ),
  context('outputs are not given back', '{ Api().outputs_release(context_, Count(), outputs_.data()); }', '= default;'),
  context('shapes are told only once', 'if (wanted == shapes_) return;', 'if (!shapes_.empty()) return;'),
  shapes(
    'only one status tells that a model has one shape',
    'if (status < kSuccess || range',
    'if (status == kParamInvalid) return nullptr;\n  Check(status, "rknn_query");\n  if (range',
  ),
  shapes(
    'inputs may have different numbers of shapes',
    'if (range->shape_number != sets.size()) {',
    'if (range->shape_number > kMaxDynamicShapes) {',
  ),
  check('whatever fails with -1 has lost the NPU', 'function == "rknn_run" ?', 'function != "" ?'),
  context(
    'a lost NPU is forgotten',
    'if (error.code == ErrorCode::DEVICE_LOST) facts_.lost = true;',
    '(void)error;',
    refusals,
  ),
  context(
    'floats are never asked for',
    'output.want_float = port.attr.type != port.model_type ? 1 : 0;',
    'output.want_float = 0;',
  ),
  ports(
    'raw numbers are quantized again',
    'port.pass_through = raw && IsQuantized(port.attr);',
    'port.pass_through = false;',
  ),
  layout(
    'gaps between rows are ignored',
    'if (attr.w_stride <= width || width == 0) return rows;',
    'return rows;',
    shared,
  ),
  load(
    'an NPU that does not answer is taken for a bad model',
    'case kFail:\n    case kDeviceUnavailable:\n      return NoDevice(status, board);',
    'case kDeviceUnavailable:\n      return NoDevice(status, board);',
  ),
];
