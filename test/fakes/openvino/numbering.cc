#include "numbering.h"

#include <cstdio>
#include <iterator>

#include "control.h"

namespace fake {
namespace {

constexpr int kNone = -1;

// One row for each type: its number before 2024.2, from 2024.2 to 2025.0, and from 2025.1.
constexpr int kTypes[][3] = {
    {0, 0, kNone},    // undefined
    {1, 1, 0},        // dynamic
    {2, 2, 1},        // boolean
    {3, 3, 2},        // bf16
    {4, 4, 3},        // f16
    {5, 5, 4},        // f32
    {6, 6, 5},        // f64
    {7, 7, 6},        // i4
    {8, 8, 7},        // i8
    {9, 9, 8},        // i16
    {10, 10, 9},      // i32
    {11, 11, 10},     // i64
    {12, 12, 11},     // u1
    {kNone, 13, 12},  // u2
    {kNone, 14, 13},  // u3
    {13, 15, 14},     // u4
    {kNone, 16, 15},  // u6
    {14, 17, 16},     // u8
    {15, 18, 17},     // u16
    {16, 19, 18},     // u32
    {17, 20, 19},     // u64
    {18, 21, 20},     // nf4
    {19, 22, 21},     // f8e4m3
    {20, 23, 22},     // f8e5m2
    {kNone, 24, 23},  // string
    {kNone, 25, 24},  // f4e2m1
    {kNone, 26, 25},  // f8e8m0
};

constexpr int kFloat32 = 5;  // row

int g_real_era = 2;

Numbering Played() {
  const Locked control;
  return static_cast<Numbering>(control->numbering);
}

int PlayedNumber(int row, Numbering numbering) {
  if (numbering == Numbering::kBefore2024_2) return kTypes[row][0];
  const int real = kTypes[row][g_real_era];
  if (row < kFloat32) return real;
  return numbering == Numbering::kTypeAdded ? real + 1 : real - 1;
}

}  // namespace

void SetRealVersion(const std::string& version) {
  int year = 0, minor = 0;
  std::sscanf(version.c_str(), "%d.%d", &year, &minor);
  const int release = year * 100 + minor;
  g_real_era = release < 202402 ? 0 : release < 202501 ? 1 : 2;
}

bool ToReal(ov_element_type played, ov_element_type* real) {
  const Numbering numbering = Played();
  *real = played;
  if (numbering == Numbering::kReal) return true;
  for (int row = 0; row < static_cast<int>(std::size(kTypes)); ++row) {
    const int number = kTypes[row][g_real_era];
    if (number == kNone || PlayedNumber(row, numbering) != static_cast<int>(played)) continue;
    *real = static_cast<ov_element_type>(number);
    return true;
  }
  return false;
}

ov_element_type FromReal(ov_element_type real) {
  const Numbering numbering = Played();
  if (numbering == Numbering::kReal) return real;
  for (int row = 0; row < static_cast<int>(std::size(kTypes)); ++row) {
    if (kTypes[row][g_real_era] == static_cast<int>(real)) {
      return static_cast<ov_element_type>(PlayedNumber(row, numbering));
    }
  }
  return real;
}

}  // namespace fake
