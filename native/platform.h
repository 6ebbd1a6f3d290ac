// The few things that differ between operating systems, other than loading libraries.
#pragma once

#include <string>

namespace accelnode {

// Shown by debuggers and profilers; at most 15 characters.
void NameThisThread(const char* name);

bool OnWindows();

bool FileExists(const std::string& path);
std::string DirectoryOf(const std::string& path);
bool SameFile(const std::string& a, const std::string& b);  // links resolved

// When the process exits, leave without running static destructors: for when a vendor's call can't
// be stopped and its threads still use what those destructors would take down.
void SkipDestructorsAtExit(int exit_code);
// The same where the exit code is not known yet; false where the platform has no way.
bool SkipDestructorsAtExit();

}  // namespace accelnode
