#pragma once

#include <stdexcept>
#include <string>
#include <vector>

namespace ttmesh::mesh {

/// One mistake in an input file.
struct Problem {
  std::string file;
  int line = 0;       ///< From 1; 0 if the mistake is about the whole file.
  std::string field;  ///< Path of the field, as in "mesh.shape"; may be empty.
  std::string what;
};

/// "file:line: field: what", without the parts that are absent.
[[nodiscard]] std::string to_string(const Problem& problem);

/// An input file that cannot be used. `what()` holds one problem a line.
class InvalidFile : public std::runtime_error {
 public:
  explicit InvalidFile(std::vector<Problem> problems);
  /// The same under a heading, which comes first in `what()`: what the format's own tools say.
  InvalidFile(std::string heading, std::vector<Problem> problems);

  const std::string& heading() const { return heading_; }
  const std::vector<Problem>& problems() const { return problems_; }

 private:
  std::string heading_;
  std::vector<Problem> problems_;
};

/// What a world that failed reports; the values are stable.
enum class ErrorCode : int {
  OutOfMemory = 1,  ///< A tensor does not fit the emulated chip.
  Starvation = 2,   ///< Nothing can run and commands are unfinished.
  ChipFailed = 3,   ///< A chip could not compute a result that was read.
  Mismatch = 4,     ///< Chips exchanged chunks that do not belong together.
  Closed = 5,       ///< The device was closed.
  Unreachable = 6,  ///< No links lead from one chip to another.
  HostLost = 7,     ///< A host of the mesh is gone, or did not come.
  BadFile = 8,      ///< A host cannot use an input file, or has another one than rank 0.
};

/// The emulated world failed: what was lost, and what to do.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& what) : std::runtime_error(what), code_(code) {}

  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace ttmesh::mesh
