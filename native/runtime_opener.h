// Opening a vendor's runtime once per process: what is the same for every vendor.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "backend.h"

namespace accelnode {

class RuntimeOpener {
 public:
  struct Product {
    const char* name;                            // "OpenVINO"
    std::vector<LibraryCandidate> system_names;  // how a system's own package calls it
    std::string hint;                            // what to do when there is none
  };

  // Makes an opened library the runtime of this process, or throws an Error that says why it can't
  // be; its message is kept with the attempt and the next candidate is tried.
  using Adopt = std::function<Runtime(const Library& library)>;

  // Tries request.candidates, then the product's system names. Once one is open, returns it again
  // and refuses any other that is asked for by name: one process can't hold two.
  Runtime Open(const OpenRequest& request, const Product& product, const Adopt& adopt);

 private:
  std::mutex mutex_;
  std::optional<Runtime> runtime_;
};

}  // namespace accelnode
