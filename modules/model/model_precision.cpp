#include "modules/model/model_precision.hpp"

#include "modules/mlp/mlp_precision.hpp"

namespace ttmesh::modules {

ModelPrecision parse_model_precision(std::string_view text) {
  const MlpPrecision mlp = parse_mlp_precision(text);
  const bool wide = mlp.down == mesh::DataType::Float32 || mlp.down == mesh::DataType::Bfloat16;
  return {.name = mlp.name,
          .attention = mlp.down,
          .gate_up = mlp.gate_up,
          .down = mlp.down,
          .head = mlp.down,
          .cache = wide ? mlp.down : mesh::DataType::Bfp8B,
          .activation = mlp.down == mesh::DataType::Float32 ? mesh::DataType::Float32
                                                            : mesh::DataType::Bfloat16};
}

}  // namespace ttmesh::modules
