#include <cstddef>
#include <cstdint>
#include <string_view>

#include "mesh/topology/error.hpp"
#include "modules/spec/model_spec.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    (void)ttmesh::modules::ModelSpec::from_huggingface(
        "input", std::string_view(reinterpret_cast<const char*>(data), size));
  } catch (const ttmesh::mesh::InvalidFile&) {
    // Refused, as most inputs should be; anything else that is thrown ends the run.
  }
  return 0;
}
