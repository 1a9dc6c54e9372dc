#pragma once

#include <string>

namespace ttmesh::cli {

/// Who speaks in this process's errors, where several processes do: "[1] ".
void set_speaker(const std::string& speaker);

/// Prints the error that this process ends with. The first one counts: if `end_unless_reported` has
/// printed it already, this waits for the end that follows.
void report_error(const std::string& what);

/// This process cannot go on, and ends with exit code 3. The thread that has the command has a
/// tenth of a second to report that itself; it may be computing, and then this does. From any
/// thread; returns at once.
void end_unless_reported(const std::string& what);

/// Makes sure that no Unix socket stays behind at `address` if a signal ends this process, or
/// `end_unless_reported` does.
void remove_at_end(const std::string& address);

}  // namespace ttmesh::cli
