#include "sim/system.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <string>

namespace ttmesh::sim {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

}  // namespace

const System& find_system(std::string_view name) {
  const std::string wanted = lower(name);
  std::string names;
  for (const System& system : systems()) {
    if (system.name == wanted) return system;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", system.name);
  }
  throw std::invalid_argument(
      fmt::format("[find_system] no system is called '{}'; known systems: {}", name, names));
}

const System& default_system(Arch arch, int channels) {
  const bool few = channels <= 2;
  if (arch == Arch::WormholeB0) return find_system(few ? "t3k" : "galaxy");
  return find_system(few ? "bh_galaxy" : "p150_x4");
}

}  // namespace ttmesh::sim
