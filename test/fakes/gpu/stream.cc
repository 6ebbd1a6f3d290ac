#include "stream.h"

#include <algorithm>
#include <map>
#include <set>

#include "control.h"
#include "device.h"

namespace fake {
namespace {

std::set<Stream*>& Streams() {
  static auto& streams = *new std::set<Stream*>;
  return streams;
}

thread_local Stream* t_capturing = nullptr;
thread_local int t_working = 0;

Stream* DefaultStream() {
  static auto& streams = *new std::map<int, Stream*>;
  Stream*& stream = streams[CurrentDevice()];
  if (stream == nullptr) {
    stream = new Stream;
    stream->device = CurrentDevice();
    Streams().insert(stream);
  }
  return stream;
}

Stream* Alive(void* handle) {
  if (handle == nullptr) return DefaultStream();
  auto* const stream = static_cast<Stream*>(handle);
  return Streams().count(stream) != 0 ? stream : nullptr;
}

}  // namespace

Stream* NewStream() {
  const Lock lock(Mutex());
  auto* const stream = new Stream;  // stays, so that a use after its end can be told
  stream->device = CurrentDevice();
  Streams().insert(stream);
  Alive(Kind::kStream);
  return stream;
}

int DestroyStream(Stream* stream) {
  const Lock lock(Mutex());
  if (Streams().erase(stream) == 0) {
    Violation(API("StreamDestroy") " of what is no stream");
    return kInvalidHandle;
  }
  if (!stream->waiting.empty() && Block().lost == 0) {
    Violation(Format("%s while %s is queued: nobody waited for it", API("StreamDestroy"),
                     stream->waiting.front().what.c_str()));
  }
  if (stream->capture != Capture::kNone) Violation(API("StreamDestroy") " during a capture");
  if (t_capturing == stream) t_capturing = nullptr;
  stream->alive = false;
  stream->waiting.clear();
  Alive(Kind::kStream, -1);
  return 0;
}

Stream* UsableStream(void* handle, const char* call) {
  const Lock lock(Mutex());
  Stream* const stream = Alive(handle);
  if (stream == nullptr) Violation(Format("%s on a stream that is not alive", call));
  return stream;
}

bool IsCapturing(void* handle) {
  const Lock lock(Mutex());
  const Stream* const stream = Alive(handle);
  return stream != nullptr && stream->capture == Capture::kActive;
}

int CheckNotCapturing(const char* call) {
  const Lock lock(Mutex());
  if (t_capturing == nullptr) return 0;
  (void)call;
  t_capturing->capture = Capture::kInvalid;
  return kCaptureUnsupported;
}

int Enqueue(Stream& stream, Op op) {
  const Lock lock(Mutex());
  if (stream.device != CurrentDevice()) {
    Violation(Format("%s on a stream of device %d while the thread's is %d", op.what.c_str(),
                     stream.device, CurrentDevice()));
    return kInvalidHandle;
  }
  if (stream.capture == Capture::kInvalid) return kCaptureInvalidated;
  if (stream.capture == Capture::kActive) {
    stream.captured.push_back(std::move(op));
  } else {
    stream.waiting.push_back(std::move(op));
    ++stream.queued;
  }
  return 0;
}

void Drain(Stream& stream, uint64_t position) {
  const std::lock_guard<std::mutex> running(stream.running);
  for (;;) {
    Op op;
    {
      const Lock lock(Mutex());
      if (stream.done >= position || stream.waiting.empty()) return;
      op = std::move(stream.waiting.front());
      stream.waiting.pop_front();
    }
    ++t_working;
    op.work();
    --t_working;
    const Lock lock(Mutex());
    stream.clock += op.milliseconds;
    ++stream.done;
  }
}

int Synchronize(Stream& stream) {
  uint64_t position = 0;
  {
    const Lock lock(Mutex());
    if (stream.capture != Capture::kNone) {
      stream.capture = Capture::kInvalid;
      return kCaptureUnsupported;
    }
    position = stream.queued;
  }
  Drain(stream, position);
  return 0;
}

void Abandon(Stream& stream) {
  const Lock lock(Mutex());
  for (const Op& op : stream.waiting) {
    if (op.frees) op.work();
  }
  stream.done += stream.waiting.size();
  stream.waiting.clear();
}

bool IsWorking() { return t_working > 0; }

namespace {

std::vector<Stream*> StreamsOf(int device) {
  const Lock lock(Mutex());
  std::vector<Stream*> streams;
  std::copy_if(Streams().begin(), Streams().end(), std::back_inserter(streams),
               [device](Stream* stream) { return stream->device == device; });
  return streams;
}

}  // namespace

void SynchronizeDevice(int device) {
  for (Stream* stream : StreamsOf(device)) Synchronize(*stream);
}

void WaitForDevice(int device) {
  for (Stream* stream : StreamsOf(device)) {
    uint64_t position = 0;
    {
      const Lock lock(Mutex());
      if (stream->capture == Capture::kNone) position = stream->queued;
    }
    Drain(*stream, position);
  }
}

int QueryStream(Stream& stream) {
  uint64_t next = 0;
  {
    const Lock lock(Mutex());
    if (stream.done == stream.queued) return 0;
    next = stream.done + 1;
  }
  Drain(stream, next);  // the device gets on while it is asked
  return kNotReady;
}

int Copy(void* to, const void* from, size_t bytes, int kind, void* handle, const char* call) {
  Stream* const stream = UsableStream(handle, call);
  if (stream == nullptr) return kInvalidHandle;
  if (bytes == 0) return 0;
  const bool from_device = Find(from) == Where::kDevice, to_device = Find(to) == Where::kDevice;
  if (kind == 4) kind = from_device ? (to_device ? 3 : 2) : (to_device ? 1 : 0);
  if (kind < 1 || kind > 3 || from_device != (kind != 1) || to_device != (kind != 2)) {
    Violation(Format("%s of kind %d from %p to %p", call, kind, from, to));
    return kInvalidValue;
  }
  const int device = stream->device;
  const std::string what = call;
  const void* const host = kind == 1 ? from : to;
  const bool pinned = kind != 3 && Find(host) == Where::kPinned;
  // Looked up now, for the mistakes that can be told at once, and again when it is done.
  if (kind != 1 && OnDevice(from, bytes, device, what).data == nullptr) return kInvalidValue;
  if (kind != 2 && OnDevice(to, bytes, device, what).data == nullptr) return kInvalidValue;
  if (kind != 3 && OnHost(host, bytes, what) == nullptr) return kInvalidValue;

  auto work = [=] {
    if (pinned && Find(host) != Where::kPinned) {
      Violation(what + ": its pinned memory was freed before the copy was made");
      return;
    }
    const Place source = kind == 1 ? Place{} : OnDevice(from, bytes, device, what);
    const Place target = kind == 2 ? Place{} : OnDevice(to, bytes, device, what);
    const uint8_t* const read = kind == 1 ? OnHost(from, bytes, what) : source.data;
    uint8_t* const write = kind == 2 ? OnHost(to, bytes, what) : target.data;
    if (read != nullptr && write != nullptr) std::copy_n(read, bytes, write);
    Control& block = Block();
    Add(kind == 1   ? block.h2d_bytes
        : kind == 2 ? block.d2h_bytes
                    : block.d2d_bytes,
        static_cast<int64_t>(bytes));
    Add(block.copies);
    if (kind != 3 && !pinned) Add(block.pageable_copies);
  };
  return Enqueue(*stream, {what, std::move(work), kind == 1 ? 0.25 : 0.125});
}

namespace {

std::set<Event*>& Events() {
  static auto& events = *new std::set<Event*>;
  return events;
}

std::set<Graph*>& Graphs() {
  static auto& graphs = *new std::set<Graph*>;
  return graphs;
}

bool Known(Event* event, const char* call) {
  if (Events().count(event) != 0) return true;
  Violation(Format("%s of an event that is not alive", call));
  return false;
}

}  // namespace

Event* NewEvent(bool timed) {
  const Lock lock(Mutex());
  auto* const event = new Event;
  event->timed = timed;
  event->device = CurrentDevice();
  Events().insert(event);
  Alive(Kind::kEvent);
  return event;
}

int DestroyEvent(Event* event) {
  const Lock lock(Mutex());
  if (!Known(event, API("EventDestroy"))) return kInvalidHandle;
  Events().erase(event);
  event->alive = false;
  Alive(Kind::kEvent, -1);
  return 0;
}

int Record(Event* event, void* handle) {
  const Lock lock(Mutex());
  Stream* const stream = UsableStream(handle, API("EventRecord"));
  if (stream == nullptr || !Known(event, API("EventRecord"))) return kInvalidHandle;
  if (stream->device != event->device) {
    Violation(API("EventRecord") " of an event on another device's stream");
    return kInvalidHandle;
  }
  event->recorded = true;
  event->done = false;
  event->stream = stream;
  auto work = [event, stream] {
    const Lock lock(Mutex());
    event->done = true;
    event->at = stream->clock;
  };
  const bool captured = stream->capture != Capture::kNone;
  const int status = Enqueue(*stream, {API("EventRecord"), std::move(work), 0});
  event->position = captured ? 0 : stream->queued;
  return status;
}

int SynchronizeEvent(Event* event) {
  Stream* stream = nullptr;
  uint64_t position = 0;
  {
    const Lock lock(Mutex());
    if (!Known(event, API("EventSynchronize"))) return kInvalidHandle;
    if (!event->recorded) return 0;
    stream = event->stream;
    position = event->position;
  }
  Drain(*stream, position);
  return 0;
}

int QueryEvent(Event* event) {
  const Lock lock(Mutex());
  if (!Known(event, API("EventQuery"))) return kInvalidHandle;
  if (!event->recorded || event->done) return 0;
  QueryStream(*event->stream);
  return kNotReady;
}

int Elapsed(float* milliseconds, Event* start, Event* end) {
  const Lock lock(Mutex());
  if (!Known(start, API("EventElapsedTime")) || !Known(end, API("EventElapsedTime")))
    return kInvalidHandle;
  if (!start->timed || !end->timed || !start->recorded || !end->recorded) return kInvalidHandle;
  if (!start->done || !end->done) return kNotReady;
  *milliseconds = static_cast<float>(end->at - start->at);
  return 0;
}

int WaitEvent(void* handle, Event* event) {
  const Lock lock(Mutex());
  Stream* const stream = UsableStream(handle, API("StreamWaitEvent"));
  if (stream == nullptr || !Known(event, API("StreamWaitEvent"))) return kInvalidHandle;
  if (!event->recorded || event->stream == stream) return 0;
  Stream* const other = event->stream;
  const uint64_t position = event->position;
  return Enqueue(*stream,
                 {API("StreamWaitEvent"), [other, position] { Drain(*other, position); }, 0});
}

int BeginCapture(void* handle, int mode) {
  const Lock lock(Mutex());
  Stream* const stream = UsableStream(handle, API("StreamBeginCapture"));
  if (stream == nullptr || handle == nullptr) return kInvalidHandle;
  if (mode < 0 || mode > 2 || stream->capture != Capture::kNone) return kInvalidValue;
  // Relaxed: calls that allocate are then allowed to this thread.
  if (mode != 2) t_capturing = stream;
  stream->capture = Capture::kActive;
  stream->captured.clear();
  return 0;
}

int EndCapture(void* handle, Graph** graph) {
  const Lock lock(Mutex());
  *graph = nullptr;
  Stream* const stream = UsableStream(handle, API("StreamEndCapture"));
  if (stream == nullptr || stream->capture == Capture::kNone) return kInvalidHandle;
  if (t_capturing == stream) t_capturing = nullptr;
  const bool valid = stream->capture == Capture::kActive;
  stream->capture = Capture::kNone;
  if (!valid) return kCaptureInvalidated;
  auto* const made = new Graph;
  made->device = stream->device;
  made->ops = std::move(stream->captured);
  stream->captured.clear();
  Graphs().insert(made);
  Alive(Kind::kGraph);
  Add(Block().captures);
  *graph = made;
  return 0;
}

Graph* Instantiate(Graph* graph) {
  const Lock lock(Mutex());
  if (Graphs().count(graph) == 0) {
    Violation(API("GraphInstantiate") " of what is no graph");
    return nullptr;
  }
  auto* const made = new Graph(*graph);
  Graphs().insert(made);
  Alive(Kind::kGraphExec);
  return made;
}

int DestroyGraph(Graph* graph, bool executable) {
  const Lock lock(Mutex());
  if (Graphs().erase(graph) == 0) {
    Violation(executable ? API("GraphExecDestroy") " of what is none"
                         : API("GraphDestroy") " of what is none");
    return kInvalidValue;
  }
  Alive(executable ? Kind::kGraphExec : Kind::kGraph, -1);
  graph->ops.clear();
  return 0;
}

int LaunchGraph(Graph* graph, void* handle) {
  const Lock lock(Mutex());
  Stream* const stream = UsableStream(handle, API("GraphLaunch"));
  if (stream == nullptr) return kInvalidHandle;
  if (Graphs().count(graph) == 0) {
    Violation(API("GraphLaunch") " of what is none");
    return kInvalidValue;
  }
  for (const Op& op : graph->ops) {
    if (const int status = Enqueue(*stream, op)) return status;
  }
  Add(Block().graph_launches);
  return 0;
}

}  // namespace fake
