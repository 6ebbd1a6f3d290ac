#include "rknn_profile.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <sstream>
#include <vector>

#include "rknn_check.h"

namespace accelnode::rknn {
namespace {

using Words = std::vector<std::string>;

Words WordsOf(const std::string& line) {
  std::istringstream stream(line);
  Words words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

bool IsNumber(const std::string& word) {
  return !word.empty() && std::all_of(word.begin(), word.end(),
                                      [](unsigned char c) { return std::isdigit(c) != 0; });
}

// Where a column is, by how its head begins; releases write more behind it.
size_t ColumnOf(const Words& head, const char* name) {
  const auto is_it = [name](const std::string& word) { return word.rfind(name, 0) == 0; };
  return static_cast<size_t>(std::find_if(head.begin(), head.end(), is_it) - head.begin());
}

}  // namespace

Value::List ParseProfile(const std::string& table) {
  Value::List layers;
  Words head;
  std::istringstream lines(table);
  for (std::string line; std::getline(lines, line);) {
    const Words words = WordsOf(line);
    if (ColumnOf(words, "OpType") < words.size() && ColumnOf(words, "Time") < words.size()) {
      head = words;
    }
    if (head.empty() || words.empty() || !IsNumber(words[0])) continue;
    const auto at = [&](const char* name) {
      const size_t column = ColumnOf(head, name);
      return column < words.size() ? words[column] : std::string();
    };
    const std::string full_name = at("FullName"), type = at("OpType");
    const std::string microseconds = at("Time");
    layers.emplace_back(Value::Map{
        {"name", full_name.empty() ? type + " " + words[0] : full_name},
        {"type", type},
        {"kernel", at("Target")},
        {"status", "executed"},
        {"time", std::atof(microseconds.c_str()) / 1000},
        {"cpuTime", at("Target") == "CPU" ? std::atof(microseconds.c_str()) / 1000 : 0.0},
    });
  }
  return layers;
}

Value QueryProfile(const NpuContext& context) {
  rknn_perf_detail detail{};
  RKNN_CALL(query, context.get(), kQueryPerfDetail, &detail, sizeof detail);
  if (detail.perf_data == nullptr) return Value::List{};
  return ParseProfile(std::string(detail.perf_data, static_cast<size_t>(detail.data_len)));
}

}  // namespace accelnode::rknn
