#include <fmt/format.h>

#include <map>
#include <optional>
#include <ostream>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

#include "sim/trace.hpp"
#include "sim/utilisation.hpp"

namespace ttmesh::sim {
namespace {

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      result += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      result += c;
    }
  }
  return result + "\"";
}

/// Writes the elements of a JSON array, one a line.
class EventList {
 public:
  explicit EventList(std::ostream& out) : out_(out) { out_ << "{\"traceEvents\": ["; }

  void add(std::string_view event) {
    out_ << (first_ ? "\n" : ",\n") << event;
    first_ = false;
  }
  void close() { out_ << "\n]}\n"; }

 private:
  std::ostream& out_;
  bool first_ = true;
};

std::string metadata(std::string_view kind, int process, std::optional<int> track,
                     std::string_view args) {
  const std::string thread = track ? fmt::format(", \"tid\": {}", *track) : std::string();
  return fmt::format(R"({{"ph": "M", "name": "{}", "pid": {}{}, "args": {{{}}}}})", kind, process,
                     thread, args);
}

void write_names(EventList& events, const Trace& trace) {
  std::set<int> processes;
  for (const Track& track : trace.tracks) processes.insert(track.process);
  for (const int process : processes) {
    events.add(metadata("process_name", process, {}, fmt::format(R"("name": "mesh {}")", process)));
    events.add(
        metadata("process_sort_index", process, {}, fmt::format(R"("sort_index": {})", process)));
  }
  for (const Track& track : trace.tracks) {
    events.add(metadata("thread_name", track.process, track.id,
                        fmt::format(R"("name": {})", quoted(track.name))));
    events.add(metadata("thread_sort_index", track.process, track.id,
                        fmt::format(R"("sort_index": {})", track.id)));
  }
}

}  // namespace

void write_perfetto(std::ostream& out, const Trace& trace) {
  std::map<int, int> process_of;
  std::map<int, std::string> name_of;
  for (const Track& track : trace.tracks) {
    process_of[track.id] = track.process;
    name_of[track.id] = track.name;
  }
  const auto process = [&](int track) {
    const auto found = process_of.find(track);
    if (found == process_of.end()) {
      throw std::invalid_argument(
          fmt::format("[write_perfetto] track {} is not among the trace's tracks", track));
    }
    return found->second;
  };

  EventList events(out);
  write_names(events, trace);
  for (const Slice& slice : trace.slices) {
    events.add(fmt::format(
        R"({{"ph": "X", "name": {}, "pid": {}, "tid": {}, "ts": {}, "dur": {}, )"
        R"("args": {{"bytes": {}, "command": {}, "step": {}}}}})",
        quoted(slice.name), process(slice.track), slice.track, microseconds_text(slice.start),
        microseconds_text(slice.end - slice.start), slice.bytes, slice.command, slice.step));
  }
  std::size_t id = 0;
  for (const Arrow& arrow : trace.arrows) {
    const auto end_point = [&](std::string_view phase, int track, Time at) {
      events.add(fmt::format(
          R"({{"ph": "{}", "name": "message", "cat": "link", "id": {}, "pid": {}, "tid": {}, )"
          R"("ts": {}{}, "args": {{"command": {}, "step": {}}}}})",
          phase, id, process(track), track, microseconds_text(at),
          phase == "f" ? R"(, "bp": "e")" : "", arrow.command, arrow.step));
    };
    end_point("s", arrow.from_track, arrow.sent);
    end_point("f", arrow.to_track, arrow.received);
    ++id;
  }
  for (const Utilisation& use : link_utilisation(trace)) {
    events.add(fmt::format(
        R"({{"ph": "C", "name": {}, "pid": {}, "ts": {}, "args": {{"percent": {}.{}}}}})",
        quoted(name_of.at(use.track) + " used"), process(use.track), microseconds_text(use.from),
        use.permille / 10, use.permille % 10));
  }
  events.close();
}

}  // namespace ttmesh::sim
