#include "modules/trial/trial_request.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace ttmesh::modules {

std::int64_t token_rows(const TrialRequest& request) {
  if (request.users() < 1) {
    throw std::invalid_argument(
        fmt::format("[run_trial] batch is {}, needs at least 1", request.users()));
  }
  if (request.mode == Mode::Decode) return request.users();
  if (request.seq < 1) {
    throw std::invalid_argument(
        fmt::format("[run_trial] seq is {}, needs at least 1", request.seq));
  }
  return request.users() * request.seq;
}

std::int64_t required_extent(std::int64_t extent, const char* option) {
  if (extent > 0) return extent;
  throw std::invalid_argument(fmt::format(
      "[run_trial] {0} is {1}, needs a positive extent: --{0} N, or --model NAME", option, extent));
}

WeightPrecision weight_precision(const TrialRequest& request, mesh::DataType preferred) {
  using mesh::DataType;
  if (request.weight_dtype == "mixed") {
    throw std::invalid_argument(
        fmt::format("[run_trial] weight dtype 'mixed' is for an MLP, {} needs one of f32, bf16, "
                    "bfp8_b, bfp4_b",
                    request.module));
  }
  const DataType dtype =
      request.weight_dtype.empty() ? preferred : mesh::parse_dtype(request.weight_dtype);
  // 0.999 and 0.99 are what TTTv2's own tests demand of modules with such weights; the others keep
  // the same distance to what the format's mantissa can reach.
  switch (dtype) {
    case DataType::Float32:
      return {dtype, 0.99999};
    case DataType::Bfloat16:
      return {dtype, 0.999};
    case DataType::Bfp8B:
      return {dtype, 0.99};
    case DataType::Bfp4B:
      return {dtype, 0.97};
    default:
      throw std::invalid_argument(
          fmt::format("[run_trial] weight dtype is {}, needs one of f32, bf16, bfp8_b, bfp4_b",
                      mesh::name(dtype)));
  }
}

mesh::DataType input_dtype(const TrialRequest& request, mesh::DataType weights) {
  const bool exact = weights == mesh::DataType::Float32;
  return request.activation_dtype.value_or(exact ? mesh::DataType::Float32
                                                 : mesh::DataType::Bfloat16);
}

}  // namespace ttmesh::modules
