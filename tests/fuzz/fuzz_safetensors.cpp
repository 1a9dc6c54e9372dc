#include <cstddef>
#include <cstdint>
#include <string_view>

#include "mesh/topology/error.hpp"
#include "modules/checkpoint/safetensors.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    (void)ttmesh::modules::parse_safetensors(
        "input", std::string_view(reinterpret_cast<const char*>(data), size), size);
  } catch (const ttmesh::mesh::InvalidFile&) {
    // Refused, as most inputs should be; anything else that is thrown ends the run.
  }
  return 0;
}
