#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "sim/trace.hpp"

namespace ttmesh::cli {

/// Throws std::invalid_argument naming `option` unless `path` can be written; leaves what is there.
/// An empty path and "-" always can. Asked before the work, so that hours of it are not lost.
void require_writable(const char* option, const std::string& path);

/// Writes JSON to a file, or to stdout if `path` is "-". Throws std::runtime_error on failure.
void write_json(const std::string& path, const nlohmann::ordered_json& json);

/// Writes text to a file. Throws std::runtime_error on failure.
void write_text(const std::string& path, const std::string& text);

/// Writes a timeline for Perfetto. Throws std::runtime_error on failure.
void write_trace(const std::string& path, const sim::Trace& trace);

}  // namespace ttmesh::cli
