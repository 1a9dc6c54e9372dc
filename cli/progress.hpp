#pragma once

#include <chrono>
#include <string>

#include "modules/progress.hpp"

namespace ttmesh::cli {

/// Shows on stderr how far a run has come: on a terminal one line that changes, elsewhere a line
/// now and then. Work that is done within a second or two shows nothing elsewhere.
class ProgressDisplay {
 public:
  ProgressDisplay();
  /// Clears the line.
  ~ProgressDisplay();
  ProgressDisplay(const ProgressDisplay&) = delete;
  ProgressDisplay& operator=(const ProgressDisplay&) = delete;

  void show(const modules::Progress& progress);
  /// Clears the line, so that something else can be printed.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  bool on_terminal_;
  Clock::time_point start_;
  Clock::time_point last_shown_;
  bool line_is_dirty_ = false;
};

/// "weights  62 %  5 of 8"
[[nodiscard]] std::string progress_text(const modules::Progress& progress);

}  // namespace ttmesh::cli
