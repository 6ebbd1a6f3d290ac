// The few things that differ between operating systems, other than loading libraries.
#pragma once

#include <optional>
#include <string>

namespace accelnode {

// Shown by debuggers and profilers; at most 15 characters.
void NameThisThread(const char* name);

bool OnWindows();

bool FileExists(const std::string& path);
std::string DirectoryOf(const std::string& path);
bool SameFile(const std::string& a, const std::string& b);  // links resolved

// Of this process: bytes in the host's memory; unset where there is no cheap way to ask.
std::optional<double> ResidentBytes();
// Seconds that CPUs have worked for this process, and for this thread.
std::optional<double> ProcessCpuSeconds();
std::optional<double> ThreadCpuSeconds();

// Keeps the addon in the process. Node closes it when the last thread that has loaded it ends; but
// the vendors' libraries stay, their threads come back to it, and what it knows of them would be
// lost.
void StayLoaded();

// When the process exits, leave without running static destructors: for when a vendor's call can't
// be stopped and its threads still use what those destructors would take down.
void SkipDestructorsAtExit(int exit_code);
// The same where the exit code is not known yet; false where the platform has no way.
bool SkipDestructorsAtExit();

}  // namespace accelnode
