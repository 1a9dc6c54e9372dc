#include "mesh/topology/error.hpp"

#include <utility>

namespace ttmesh::mesh {
namespace {

std::string join(const std::string& heading, const std::vector<Problem>& problems) {
  std::string text = heading;
  for (const Problem& problem : problems) {
    if (!text.empty()) text += '\n';
    text += to_string(problem);
  }
  return text;
}

}  // namespace

std::string to_string(const Problem& problem) {
  std::string text = problem.file;
  if (problem.line > 0) text += ":" + std::to_string(problem.line);
  if (!text.empty()) text += ": ";
  if (!problem.field.empty()) text += problem.field + ": ";
  text += problem.what;
  // Names come from files that nobody vouches for, and the message goes to a terminal.
  constexpr std::size_t kMaxLength = 1'000;
  if (text.size() > kMaxLength) text = text.substr(0, kMaxLength) + "...";
  for (char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = '?';
  }
  return text;
}

InvalidFile::InvalidFile(std::vector<Problem> problems) : InvalidFile("", std::move(problems)) {}

InvalidFile::InvalidFile(std::string heading, std::vector<Problem> problems)
    : std::runtime_error(join(heading, problems)),
      heading_(std::move(heading)),
      problems_(std::move(problems)) {}

}  // namespace ttmesh::mesh
