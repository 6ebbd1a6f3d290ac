// librknnrt's structs as the double knows them: where each member lies, by the measured table. On
// purpose not taken from native/rknn, so that a mistake there is not repeated here.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

namespace fake::abi {

struct Member {
  size_t at, size;
};

template <typename T>
T Get(const void* object, Member member) {
  if (sizeof(T) != member.size) std::abort();
  T value;
  std::memcpy(&value, static_cast<const char*>(object) + member.at, sizeof value);
  return value;
}

template <typename T>
void Put(void* object, Member member, T value) {
  if (sizeof(T) != member.size) std::abort();
  std::memcpy(static_cast<char*>(object) + member.at, &value, sizeof value);
}

inline void PutText(void* object, Member member, const std::string& text) {
  char* place = static_cast<char*>(object) + member.at;
  std::memset(place, 0, member.size);
  std::memcpy(place, text.data(), std::min(text.size(), member.size - 1));
}

}  // namespace fake::abi
