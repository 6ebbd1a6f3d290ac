// What the tests in rounds share: a seed that can be given again, and checks that tell it.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <random>

namespace accelnode::test {

using Random = std::mt19937;

inline int Below(Random& random, int limit) {
  return std::uniform_int_distribution<int>(0, limit - 1)(random);
}

inline int failures = 0;

inline void Expect(bool holds, const char* what, unsigned seed) {
  if (holds) return;
  if (failures++ < 20) std::printf("        seed %u: %s\n", seed, what);
}

// Plays rounds of each case, by the command line's `[rounds [seed]]`, and says how each case went.
template <int kCases>
int PlayRounds(int argc, char** argv, const char* what, const char* const (&cases)[kCases],
               void (*round)(int test_case, unsigned seed)) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 60;
  const unsigned seed =
      argc > 2 ? static_cast<unsigned>(std::strtoul(argv[2], nullptr, 10)) : std::random_device()();
  std::printf("%d rounds of %s for each case, seed %u\n", rounds, what, seed);
  int failed = 0;
  for (int each = 0; each < kCases; ++each) {
    failures = 0;
    for (int i = 0; i < rounds; ++i) round(each, seed + static_cast<unsigned>(i * kCases));
    std::printf("%s  %s that are %s\n", failures == 0 ? "ok    " : "FAILED", what, cases[each]);
    failed += failures;
  }
  return failed == 0 ? 0 : 1;
}

}  // namespace accelnode::test
