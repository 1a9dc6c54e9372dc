#include "cli/output.hpp"

#include <cstring>
#include <fstream>
#include <functional>
#include <iostream>
#include <stdexcept>

namespace ttmesh::cli {
namespace {

void write_file(const std::string& path, const std::function<void(std::ostream&)>& write) {
  std::ofstream file(path, std::ios::trunc);
  write(file);
  file.close();
  if (!file) throw std::runtime_error("cannot write " + path + ": " + std::strerror(errno));
}

}  // namespace

void require_writable(const char* option, const std::string& path) {
  if (path.empty() || path == "-") return;
  if (!std::ofstream(path, std::ios::app)) {
    throw std::invalid_argument(std::string("[") + option + "] cannot write " + path + ": " +
                                std::strerror(errno) + "; needs a writable file");
  }
}

void write_json(const std::string& path, const nlohmann::ordered_json& json) {
  // Names come from files and arguments, which need not be UTF-8.
  const std::string text = json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
  if (path == "-") {
    std::cout << text << "\n" << std::flush;
    if (!std::cout) throw std::runtime_error("cannot write to stdout");
    return;
  }
  write_file(path, [&](std::ostream& out) { out << text << "\n"; });
}

void write_text(const std::string& path, const std::string& text) {
  write_file(path, [&](std::ostream& out) { out << text; });
}

void write_trace(const std::string& path, const sim::Trace& trace) {
  write_file(path, [&](std::ostream& out) { sim::write_perfetto(out, trace); });
}

}  // namespace ttmesh::cli
