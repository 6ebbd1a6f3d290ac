// Streams that do nothing until somebody waits for them: whoever reads a result too early reads
// what was there before. Events, and graphs that replay what was captured with the addresses it
// had.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace fake {

struct Op {
  std::string what;
  std::function<void()> work;
  double milliseconds = 0;  // on the clock of the stream
  bool frees = false;       // is done even when the rest is given up
};

enum class Capture { kNone, kActive, kInvalid };

struct Stream {
  int device = 0;
  bool alive = true;
  std::deque<Op> waiting;
  uint64_t queued = 0, done = 0;  // operations, ever
  double clock = 0;               // of the work that is done
  Capture capture = Capture::kNone;
  std::vector<Op> captured;
  std::mutex running;  // held by whoever does its work
};

struct Event {
  bool alive = true, timed = true, recorded = false, done = false;
  int device = 0;
  Stream* stream = nullptr;
  uint64_t position = 0;  // operations of the stream before it
  double at = 0;
};

struct Graph {
  bool alive = true;
  int device = 0;
  std::vector<Op> ops;
};

// Status codes that the doubles return by themselves; CUDA and HIP have the same.
constexpr int kInvalidValue = 1;
constexpr int kOutOfMemory = 2;
constexpr int kInvalidDevice = 101;
constexpr int kInvalidHandle = 400;
constexpr int kNotReady = 600;
constexpr int kCaptureUnsupported = 900;
constexpr int kCaptureInvalidated = 901;

Stream* NewStream();
int DestroyStream(Stream* stream);
// Null stands for the default stream of the thread's device. Null, and a violation, when it is
// dead.
Stream* UsableStream(void* handle, const char* call);
bool IsCapturing(void* handle);
// Does the calling thread capture? Then much is not allowed.
int CheckNotCapturing(const char* call);

// Queues the work, or adds it to what is captured.
int Enqueue(Stream& stream, Op op);
// Does what is queued, up to `position`.
void Drain(Stream& stream, uint64_t position);
int Synchronize(Stream& stream);
// Is the calling thread doing a stream's work?
bool IsWorking();
// What waits for the whole device: nothing on it goes on afterwards.
void WaitForDevice(int device);
// The synchronisation failed: the work is given up.
void Abandon(Stream& stream);
void SynchronizeDevice(int device);
int QueryStream(Stream& stream);

int Copy(void* to, const void* from, size_t bytes, int kind, void* stream, const char* call);

Event* NewEvent(bool timed);
int DestroyEvent(Event* event);
int Record(Event* event, void* stream);
int SynchronizeEvent(Event* event);
int QueryEvent(Event* event);
int Elapsed(float* milliseconds, Event* start, Event* end);
int WaitEvent(void* stream, Event* event);

int BeginCapture(void* stream, int mode);
int EndCapture(void* stream, Graph** graph);
Graph* Instantiate(Graph* graph);
int DestroyGraph(Graph* graph, bool executable);
int LaunchGraph(Graph* graph, void* stream);

}  // namespace fake
