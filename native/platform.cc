#include "platform.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <system_error>

#ifdef _WIN32
#include <windows.h>
#else
#include <dlfcn.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>
#endif

namespace accelnode {
namespace {

#ifdef _WIN32

using AskTimes = BOOL(WINAPI*)(HANDLE, FILETIME*, FILETIME*, FILETIME*, FILETIME*);

// They are counted in units of 100 ns.
std::optional<double> CpuSeconds(AskTimes ask, HANDLE handle) {
  FILETIME created, ended, kernel, user;
  if (!ask(handle, &created, &ended, &kernel, &user)) return std::nullopt;
  const auto seconds = [](const FILETIME& time) {
    return (time.dwHighDateTime * 4294967296.0 + time.dwLowDateTime) / 1e7;
  };
  return seconds(kernel) + seconds(user);
}

#else

std::optional<double> CpuSeconds(clockid_t clock) {
  timespec time{};
  if (clock_gettime(clock, &time) != 0) return std::nullopt;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

#endif

}  // namespace

void NameThisThread(const char* name) {
#if defined(__linux__)
  pthread_setname_np(pthread_self(), name);
#elif defined(__APPLE__)
  pthread_setname_np(name);
#else
  (void)name;
#endif
}

bool OnWindows() {
#ifdef _WIN32
  return true;
#else
  return false;
#endif
}

bool FileExists(const std::string& path) {
  std::error_code failed;
  return std::filesystem::is_regular_file(std::filesystem::u8path(path), failed);
}

std::string DirectoryOf(const std::string& path) {
  return std::filesystem::u8path(path).parent_path().u8string();
}

bool SameFile(const std::string& a, const std::string& b) {
  std::error_code failed;
  return std::filesystem::equivalent(std::filesystem::u8path(a), std::filesystem::u8path(b),
                                     failed);
}

std::optional<double> ResidentBytes() {
#ifdef __linux__
  // In pages: all, then those in memory.
  std::ifstream file("/proc/self/statm");
  double all = 0, resident = 0;
  if (!(file >> all >> resident)) return std::nullopt;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
#else
  return std::nullopt;
#endif
}

#ifdef _WIN32

std::optional<double> ProcessCpuSeconds() {
  return CpuSeconds(GetProcessTimes, GetCurrentProcess());
}
std::optional<double> ThreadCpuSeconds() { return CpuSeconds(GetThreadTimes, GetCurrentThread()); }

#else

std::optional<double> ProcessCpuSeconds() { return CpuSeconds(CLOCK_PROCESS_CPUTIME_ID); }
std::optional<double> ThreadCpuSeconds() { return CpuSeconds(CLOCK_THREAD_CPUTIME_ID); }

#endif

void StayLoaded() {
  // It is loaded, so neither can fail.
#ifdef _WIN32
  HMODULE self;
  GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                     reinterpret_cast<LPCWSTR>(&StayLoaded), &self);
#else
  Dl_info self{};
  if (dladdr(reinterpret_cast<void*>(&StayLoaded), &self) != 0) {
    dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
  }
#endif
}

void SkipDestructorsAtExit(int exit_code) {
  // Exit handlers run last in, first out: this one precedes those of every library loaded so far.
  static int code;
  code = exit_code;
  std::atexit([] {
#ifdef _WIN32
    TerminateProcess(GetCurrentProcess(), static_cast<UINT>(code));
#else
    _exit(code);
#endif
  });
}

bool SkipDestructorsAtExit() {
#ifdef __GLIBC__
  return on_exit([](int exit_code, void*) { _exit(exit_code); }, nullptr) == 0;
#else
  return false;
#endif
}

}  // namespace accelnode
