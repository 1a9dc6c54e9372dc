#include "modules/mlp/mlp_precision.hpp"

#include <fmt/format.h>

#include <array>
#include <stdexcept>

namespace ttmesh::modules {

MlpPrecision parse_mlp_precision(std::string_view text) {
  using mesh::DataType;
  // 0.99 and 0.98 are what TTTv2's own tests demand; the others keep the same distance to what the
  // format's mantissa can reach.
  static const std::array<MlpPrecision, 5> kPrecisions{{
      {"bf16", DataType::Bfloat16, DataType::Bfloat16, 0.999},
      {"bfp8_b", DataType::Bfp8B, DataType::Bfp8B, 0.99},
      {"bfp4_b", DataType::Bfp4B, DataType::Bfp4B, 0.97},
      {"f32", DataType::Float32, DataType::Float32, 0.99999},
      {"mixed", DataType::Bfp4B, DataType::Bfp8B, 0.98},
  }};
  for (const MlpPrecision& precision : kPrecisions) {
    if (precision.name == text) return precision;
  }
  throw std::invalid_argument(fmt::format(
      "[parse_mlp_precision] weight dtype is '{}', needs one of bf16, bfp8_b, bfp4_b, f32, mixed",
      text));
}

}  // namespace ttmesh::modules
