#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/cli/command.hpp"

namespace ttmesh::cli {

/// A run of the `ttmesh` binary that a test watches and disturbs: the leader of a process group,
/// with a folder of its own for temporary files.
class Running {
 public:
  explicit Running(const std::vector<std::string>& arguments,
                   const std::vector<std::string>& environment = {});
  /// The same of another program, which gets all words.
  struct Program {
    std::vector<std::string> words;
  };
  explicit Running(const Program& program, const std::vector<std::string>& environment = {});
  /// Ends all of it.
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  /// Waits until `text` has been printed, at most for a minute; whether it was.
  [[nodiscard]] bool await_out(const std::string& text) { return await(out_, text); }
  [[nodiscard]] bool await_err(const std::string& text) { return await(err_, text); }
  /// Leaves unread what it prints from now on, which is held up soon; whether that came to be
  /// within a minute. Errors can be read on.
  [[nodiscard]] bool await_full_out();
  /// Reads nothing more: what it prints has nowhere to go.
  void hang_up();
  const std::string& out() const { return out_.text; }
  const std::string& err() const { return err_.text; }

  pid_t process() const { return process_; }
  /// The process that it started for a host.
  pid_t host(int rank) const;
  /// Stops a host, as soon as there is one; whether that came to be within a minute.
  [[nodiscard]] bool stop_host(int rank) const;
  /// To one process, or to the whole group.
  void signal(int number) const;
  void signal_group(int number) const;

  /// Waits for its end. One that takes longer than two minutes is ended and fails the test.
  [[nodiscard]] Outcome finish();
  /// Files that it left behind.
  [[nodiscard]] std::vector<std::string> left_files() const;

 private:
  std::optional<pid_t> find_host(int rank) const;

  struct Stream {
    int file = -1;
    std::string text;
    bool is_left = false;  ///< Unread.
  };

  void start(std::vector<std::string> words, std::vector<std::string> environment);
  bool await(const Stream& stream, const std::string& text);
  /// Reads what comes within `milliseconds`; false when both streams are at their end.
  bool read(int milliseconds);

  ScratchFolder temporary_;
  pid_t process_ = -1;
  Stream out_;
  Stream err_;
};

}  // namespace ttmesh::cli
