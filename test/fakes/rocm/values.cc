#include "values.h"

#include <deque>
#include <functional>
#include <numeric>

namespace fake {
namespace {

constexpr int kGarbage = 0xCD;
constexpr size_t kKeptBlocks = 64;

// Memory that the library gave out and took back. The newest of it stays a while, so that who still
// reads it reads garbage and does not crash.
void Retire(std::shared_ptr<Bytes> block) {
  static auto& retired = *new std::deque<std::shared_ptr<Bytes>>;
  const Lock lock(Mutex());
  std::fill(block->begin(), block->end(), static_cast<uint8_t>(kGarbage));
  retired.push_back(std::move(block));
  if (retired.size() > kKeptBlocks) retired.pop_front();
}

template <typename List, typename Write>
std::string Join(const List& list, Write write) {
  std::string text;
  for (const auto& item : list) text += (text.empty() ? "" : ", ") + write(item);
  return text;
}

}  // namespace

bool operator==(const DynamicDimension& a, const DynamicDimension& b) {
  return a.min == b.min && a.max == b.max && (a.fixed() || a.optimals == b.optimals);
}

bool operator==(const ShapeValue& a, const ShapeValue& b) {
  return a.type == b.type && a.lengths == b.lengths && a.strides == b.strides &&
         a.dynamic == b.dynamic;
}

size_t ShapeValue::Elements() const {
  return std::accumulate(lengths.begin(), lengths.end(), size_t{1}, std::multiplies<>());
}

size_t ShapeValue::Bytes() const { return Elements() * static_cast<size_t>(type->bytes); }

std::string Show(const ShapeValue& shape) {
  const auto number = [](size_t value) { return std::to_string(value); };
  if (!shape.dynamic.empty()) {
    return std::string("dynamic, ") + shape.type->name + ", {" +
           Join(shape.dynamic,
                [&](const DynamicDimension& dimension) {
                  return "[ " + number(dimension.min) + ", " + number(dimension.max) + ", {" +
                         Join(dimension.optimals, number) + "} ]";
                }) +
           "}";
  }
  return std::string(shape.type->name) + ", {" + Join(shape.lengths, number) + "}, {" +
         Join(shape.strides, number) + "}";
}

ShapeValue MakeShape(const DataType& type, const Shape& shape) {
  ShapeValue made{&type, {shape.begin(), shape.end()}, std::vector<size_t>(shape.size()), {}};
  size_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    made.strides[i] = stride;
    stride *= made.lengths[i];
  }
  return made;
}

ShapeValue MakeScalar(const DataType& type) { return {&type, {1}, {0}, {}}; }

ShapeValue MakeTensorShape(const DataType& type, const Shape& shape) {
  return shape.empty() ? MakeScalar(type) : MakeShape(type, shape);
}

ArgumentValue MakeOwned(const ShapeValue& shape, const Bytes& bytes) {
  auto block = std::make_shared<Bytes>(bytes);
  block->resize(std::max<size_t>(bytes.size(), 1));
  uint8_t* const data = block->data();
  return {shape, data, std::shared_ptr<void>(data, [block](void*) { Retire(block); })};
}

}  // namespace fake
