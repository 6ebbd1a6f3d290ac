// A small tree of plain values: options on their way down to a backend, and facts of the vendor
// on their way up (device properties, layer profiles, memory figures). It keeps N-API out of the
// backends and lets a backend have options and facts that no other layer needs to know.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace accelnode {

class Value {
 public:
  using List = std::vector<Value>;
  using Map = std::map<std::string, Value>;

  Value() = default;  // undefined in JS
  Value(bool value) : data_(value) {}
  template <typename Number, typename = std::enable_if_t<std::is_arithmetic_v<Number>>>
  Value(Number value) : data_(static_cast<double>(value)) {}
  Value(const char* value) : data_(std::string(value)) {}
  Value(std::string value) : data_(std::move(value)) {}
  Value(List value) : data_(std::move(value)) {}
  Value(Map value) : data_(std::move(value)) {}

  bool IsSet() const { return !std::holds_alternative<std::monostate>(data_); }
  const bool* AsBool() const { return std::get_if<bool>(&data_); }
  const double* AsNumber() const { return std::get_if<double>(&data_); }
  const std::string* AsString() const { return std::get_if<std::string>(&data_); }
  const List* AsList() const { return std::get_if<List>(&data_); }
  const Map* AsMap() const { return std::get_if<Map>(&data_); }

  // The member of a map; an unset value when there is none or this is no map.
  const Value& operator[](const std::string& key) const {
    static const Value kUnset;
    const Map* map = AsMap();
    if (map == nullptr) return kUnset;
    auto found = map->find(key);
    return found == map->end() ? kUnset : found->second;
  }

  // Typed reads with a default. lib/options has validated the types, so a mismatch reads as unset.
  bool Bool(const std::string& key, bool otherwise) const {
    const bool* value = (*this)[key].AsBool();
    return value ? *value : otherwise;
  }
  double Number(const std::string& key, double otherwise) const {
    const double* value = (*this)[key].AsNumber();
    return value ? *value : otherwise;
  }
  std::string String(const std::string& key, const std::string& otherwise = {}) const {
    const std::string* value = (*this)[key].AsString();
    return value ? *value : otherwise;
  }
  const List& Items(const std::string& key) const {
    static const List kEmpty;
    const List* list = (*this)[key].AsList();
    return list ? *list : kEmpty;
  }

 private:
  std::variant<std::monostate, bool, double, std::string, List, Map> data_;
};

}  // namespace accelnode
