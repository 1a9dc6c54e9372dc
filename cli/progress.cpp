#include "cli/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace ttmesh::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kTerminalInterval{100};
constexpr seconds kLineInterval{2};
constexpr const char* kClearLine = "\r\033[K";

}  // namespace

ProgressDisplay::ProgressDisplay()
    : on_terminal_(isatty(STDERR_FILENO) != 0),
      start_(Clock::now()),
      last_shown_(on_terminal_ ? start_ - kTerminalInterval : start_) {}

ProgressDisplay::~ProgressDisplay() { clear(); }

void ProgressDisplay::clear() {
  if (!line_is_dirty_) return;
  std::fputs(kClearLine, stderr);
  std::fflush(stderr);
  line_is_dirty_ = false;
}

void ProgressDisplay::show(const modules::Progress& progress) {
  const Clock::time_point now = Clock::now();
  const Clock::duration interval =
      on_terminal_ ? Clock::duration(kTerminalInterval) : Clock::duration(kLineInterval);
  if (now - last_shown_ < interval) return;
  last_shown_ = now;
  if (on_terminal_) {
    fmt::print(stderr, "{}{}", kClearLine, progress_text(progress));
    std::fflush(stderr);
    line_is_dirty_ = true;
  } else {
    fmt::print(stderr, "{}, {} s\n", progress_text(progress),
               std::chrono::duration_cast<seconds>(now - start_).count());
  }
}

std::string progress_text(const modules::Progress& progress) {
  const std::int64_t percent = progress.total > 0 ? 100 * progress.done / progress.total : 0;
  return fmt::format("{:<10}{:>3} %  {} of {}", progress.stage, percent, progress.done,
                     progress.total);
}

}  // namespace ttmesh::cli
