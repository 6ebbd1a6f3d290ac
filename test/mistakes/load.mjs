// Mistakes in the loads that benchmarks make, which must be noticed; for scripts/seeded-mistakes.mjs. `from` stands exactly
// once in the file; `suites`: arguments for vitest, which must fail.

const measured = ['--project', 'unit', 'test/unit/measure.test.ts'];
const alone = ['--project', 'native'];

const inFile =
  (file, usual) =>
  (name, from, to, suites = usual) => ({ name, file: `native/${file}`, from, to, suites });
const generator = inFile('load_generator.cc', measured);
const session = inFile('session_wrap.cc', measured);
const device = inFile('null/null_backend.cc', measured);

export const mistakes = [
  generator(
    'latency counts from when a request was sent',
    '{plan_.open ? slot.due : job.queued, job.queued,',
    '{job.queued, job.queued,',
  ),
  generator(
    'requests of an open loop are due when they can be made',
    'const auto due = phase_.begin + arrivals.Next();',
    'const auto due = std::max(phase_.begin + arrivals.Next(), Clock::now());',
  ),
  generator(
    'what could not be sent is not counted',
    'moment = phase_.begin + arrivals.Next()) ++unsent;',
    'moment = phase_.begin + arrivals.Next()) {}',
  ),
  generator(
    'what could not be sent until Stop is not counted',
    'return report_.error ? phase_.begin : stopped_.value_or(planned);',
    'return report_.error || stopped_ ? phase_.begin : planned;',
    alone,
  ),
  generator('requests that are late are not counted', 'if (Clock::now() > due + kLate) ++late;', ''),
  generator(
    'an open loop waits for the request before',
    'ready = [&] { return !idle_.empty() || Ended(); };',
    'ready = [&] { return idle_.size() == slots_.size() || Ended(); };',
  ),
  generator(
    'a closed loop has one request in flight',
    '    Send(std::move(job));\n  }\n}\n\nvoid LoadGenerator::RunOpen',
    '    Send(std::move(job));\n    return;\n  }\n}\n\nvoid LoadGenerator::RunOpen',
  ),
  session(
    'a closed loop has a request in flight for each set of inputs',
    'if (i < requests) jobs.push_back',
    'jobs.push_back',
  ),
  generator('the warm-up counts', 'warmup.max = SIZE_MAX;', 'warmup.max = SIZE_MAX;\n  warmup.counts = true;', alone),
  generator('there is no warm-up', 'RunPhase(warmup);', '(void)warmup;'),
  generator('gaps are all the same', 'if (plan_.poisson) {', 'if (plan_.poisson && plan_.rate < 0) {'),
  generator('gaps are the same for each seed', 'random_(plan.seed)', 'random_(1)'),
  generator(
    'the last request is not reported',
    'report_.requests = phase_.sent;',
    'report_.requests = phase_.sent - 1;',
  ),
  generator(
    'the last requests are not waited for',
    'return idle_.size() == slots_.size(); });\n  watched_',
    'return !idle_.empty() || !slots_.empty(); });\n  watched_',
  ),
  generator(
    'a load without memory for its times ends the process',
    'report_.error = CurrentError();\n    return false;',
    'throw;',
    alone,
  ),
  generator(
    'a load without memory for its times is no failure',
    'report_.error = CurrentError();\n    return false;',
    'stopped_ = Clock::now();\n    return false;',
    alone,
  ),
  generator(
    'the first set of inputs is used each time',
    'input_sets_[slot.request % input_sets_.size()]',
    'input_sets_[0]',
  ),
  generator('the load goes on after a failure', 'if (!report_.error) report_.error = job.error;', ''),
  generator('the load goes on when it is stopped', 'if (!stopped_) stopped_ = Clock::now();', ''),
  generator('the load ends before its least requests', '|| phase_.sent < phase_.min;', ';'),
  generator(
    'the load makes more than the most requests',
    'if (Ended() || phase_.sent >= phase_.max) return false;',
    'if (Ended()) return false;',
  ),
  generator(
    'an endless load is said to have begun before it is warm',
    'counting_ = phase_.counts;\n  if (counting_) changed_',
    'counting_ = true;\n  changed_',
    alone,
  ),
  device('an exclusive model computes at any time', 'if (spec_.exclusive) return', 'if (false) return'),
];
