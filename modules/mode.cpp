#include "modules/mode.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace ttmesh::modules {

std::string_view name(Mode mode) { return mode == Mode::Decode ? "decode" : "prefill"; }

Mode parse_mode(std::string_view text) {
  if (text == "decode") return Mode::Decode;
  if (text == "prefill") return Mode::Prefill;
  throw std::invalid_argument(
      fmt::format("[parse_mode] mode is '{}', must be 'decode' or 'prefill'", text));
}

}  // namespace ttmesh::modules
