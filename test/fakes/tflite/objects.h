// What is alive, and what belongs to what. Everything that the API forbids is a violation: noted,
// and kept from the library, which would crash.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "control.h"

namespace fake {

// Memory that TensorData gives in place of TFLite's own. It is unmapped when TFLite's becomes
// invalid, so that whoever still uses it crashes.
class Shadow {
 public:
  explicit Shadow(size_t bytes);
  ~Shadow();
  Shadow(const Shadow&) = delete;
  Shadow& operator=(const Shadow&) = delete;

  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  void* data_;
  size_t bytes_;
};

struct Tensor {
  bool is_input = false;
  int port = 0;
  std::unique_ptr<Shadow> shadow;
};

struct Interpreter {
  const TfLiteModel* model = nullptr;
  bool busy = false;       // a call is under way that no other may join
  bool allocated = false;  // nothing has changed since the last AllocateTensors
  // Those that were handed out since then: AllocateTensors may move them.
  std::map<const TfLiteTensor*, Tensor> tensors;
  // Inputs and outputs that lie in memory of the caller's.
  std::set<int> own_inputs, own_outputs;
  TfLiteErrorReporter reporter = nullptr;
  void* reporter_data = nullptr;

  // Nothing that TensorData has given is valid any longer.
  void Invalidate();
};

struct Options {
  TfLiteErrorReporter reporter = nullptr;
  void* reporter_data = nullptr;
};

// All of it; every use holds the lock.
struct Objects {
  std::map<const TfLiteModel*, int> models;  // and how many interpreters are made of each
  std::map<const TfLiteInterpreterOptions*, Options> options;
  std::map<const TfLiteInterpreter*, Interpreter> interpreters;
  std::map<const TfLiteSignatureRunner*, const TfLiteInterpreter*> signatures;
};

class All {
 public:
  All();
  Objects* operator->() const;

 private:
  std::unique_lock<std::mutex> lock_;
};

void CountMade(Kind kind);
void CountDeleted(Kind kind);

// The entry of an object; null, with a violation, when it is not alive.
template <typename Map, typename Key>
auto* Find(Map& all, const Key* key, const char* function) {
  const auto found = all.find(key);
  if (found != all.end()) return &found->second;
  Violation(function, "was given what is not alive, or of another kind");
  return static_cast<typename Map::mapped_type*>(nullptr);
}

}  // namespace fake
