#include "library.h"

#include <filesystem>
#include <system_error>
#include <utility>

#ifdef _WIN32
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace accelnode {

Value ToValue(const std::vector<LoadAttempt>& attempts) {
  Value::List list;
  for (const LoadAttempt& attempt : attempts) {
    Value::Map row{{"name", attempt.name}, {"origin", attempt.origin}};
    if (!attempt.error.empty()) row["error"] = attempt.error;
    list.emplace_back(std::move(row));
  }
  return list;
}

#ifdef _WIN32

namespace {

std::wstring Widen(const std::string& text) {
  int length =
      MultiByteToWideChar(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), nullptr, 0);
  std::wstring wide(static_cast<size_t>(length), L'\0');
  MultiByteToWideChar(CP_UTF8, 0, text.data(), static_cast<int>(text.size()), wide.data(), length);
  return wide;
}

std::string Narrow(const std::wstring& wide) {
  int length = WideCharToMultiByte(CP_UTF8, 0, wide.data(), static_cast<int>(wide.size()), nullptr,
                                   0, nullptr, nullptr);
  std::string text(static_cast<size_t>(length), '\0');
  WideCharToMultiByte(CP_UTF8, 0, wide.data(), static_cast<int>(wide.size()), text.data(), length,
                      nullptr, nullptr);
  return text;
}

std::string LastErrorText() {
  DWORD code = GetLastError();
  wchar_t buffer[512];
  DWORD length = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, nullptr,
                                code, 0, buffer, 512, nullptr);
  while (length > 0 && (buffer[length - 1] == L'\n' || buffer[length - 1] == L'\r')) --length;
  return Narrow(std::wstring(buffer, length)) + " (error " + std::to_string(code) + ")";
}

}  // namespace

Library Library::Open(const std::string& name, std::string* error) {
  // Never the current directory. An absolute path brings its own folder for its dependencies.
  bool absolute = std::filesystem::u8path(name).is_absolute();
  DWORD flags =
      LOAD_LIBRARY_SEARCH_DEFAULT_DIRS | (absolute ? LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR : 0);
  Library library;
  library.handle_ = LoadLibraryExW(Widen(name).c_str(), nullptr, flags);
  if (library.handle_ == nullptr) *error = LastErrorText();
  return library;
}

void* Library::Symbol(const char* name) const {
  return reinterpret_cast<void*>(GetProcAddress(static_cast<HMODULE>(handle_), name));
}

std::string Library::Path(const void*) const {
  wchar_t buffer[32768];
  DWORD length = GetModuleFileNameW(static_cast<HMODULE>(handle_), buffer, 32768);
  return Narrow(std::wstring(buffer, length));
}

#else

Library Library::Open(const std::string& name, std::string* error) {
  Library library;
  library.handle_ = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library.handle_ == nullptr) {
    const char* words = dlerror();
    *error = words ? words : "the loader gave no reason";
  }
  return library;
}

void* Library::Symbol(const char* name) const { return dlsym(handle_, name); }

std::string Library::Path(const void* symbol) const {
  Dl_info info{};
  if (dladdr(symbol, &info) == 0 || info.dli_fname == nullptr) return {};
  std::error_code failed;
  auto real = std::filesystem::canonical(info.dli_fname, failed);
  return failed ? std::string(info.dli_fname) : real.string();
}

#endif

}  // namespace accelnode
