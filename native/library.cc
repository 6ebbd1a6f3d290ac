#include "library.h"

#include <filesystem>
#include <system_error>
#include <utility>

#ifdef _WIN32
#include <windows.h>
#else
#include <dlfcn.h>
#endif
#ifdef __linux__
#include <link.h>

#include <algorithm>
#include <cstring>
#include <fstream>
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

std::string Library::MissingPart(const std::string&) { return {}; }

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

Library Library::FindLoaded(const std::string& name) {
  Library library;
  library.handle_ = GetModuleHandleW(Widen(name).c_str());
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

std::string Library::MissingPart(const std::string& path) {
#ifdef __linux__
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const auto size = static_cast<uint64_t>(std::max<std::streamoff>(0, file.tellg()));
  file.seekg(0);
  ElfW(Ehdr) header;
  if (!file.read(reinterpret_cast<char*>(&header), sizeof(header))) return {};
  const bool ours = std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
                    header.e_ident[EI_CLASS] == (sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32) &&
                    header.e_phentsize == sizeof(ElfW(Phdr));
  if (!ours) return {};
  file.seekg(static_cast<std::streamoff>(header.e_phoff));
  uint64_t end = 0;
  for (int i = 0; i < header.e_phnum; ++i) {
    ElfW(Phdr) segment;
    if (!file.read(reinterpret_cast<char*>(&segment), sizeof(segment))) return {};
    if (segment.p_type != PT_LOAD) continue;
    end = std::max<uint64_t>(end, segment.p_offset + segment.p_filesz);
  }
  if (end <= size) return {};
  return path + ": file too short (it has " + std::to_string(size) + " bytes of at least " +
         std::to_string(end) + ")";
#else
  (void)path;
  return {};
#endif
}

Library Library::Open(const std::string& name, std::string* error) {
  Library library;
  if (name.find('/') != name.npos) *error = MissingPart(name);
  if (!error->empty()) return library;
  library.handle_ = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library.handle_ == nullptr) {
    const char* words = dlerror();
    *error = words ? words : "the loader gave no reason";
  }
  return library;
}

Library Library::FindLoaded(const std::string& name) {
  Library library;
  library.handle_ = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
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
