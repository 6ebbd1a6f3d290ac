#include "backends.h"

namespace accelnode {

std::unique_ptr<Backend> MakeCudaBackend();
std::unique_ptr<Backend> MakeRknnBackend();
std::unique_ptr<Backend> MakeRocmBackend();
std::unique_ptr<Backend> MakeArmnnBackend();
std::unique_ptr<Backend> MakeOpenvinoBackend();
std::unique_ptr<Backend> MakeNullBackend();

const std::vector<std::unique_ptr<Backend>>& Backends() {
  static const auto* backends = [] {
    auto* list = new std::vector<std::unique_ptr<Backend>>;
    list->push_back(MakeCudaBackend());
    list->push_back(MakeRknnBackend());
    list->push_back(MakeRocmBackend());
    list->push_back(MakeOpenvinoBackend());
    list->push_back(MakeArmnnBackend());
    list->push_back(MakeNullBackend());
    return list;
  }();
  return *backends;
}

Backend& GetBackend(const std::string& name) {
  for (const auto& backend : Backends()) {
    if (name == backend->Name()) return *backend;
  }
  throw Error(ErrorCode::INVALID_ARGUMENT, "There is no backend \"" + name + "\".");
}

}  // namespace accelnode
