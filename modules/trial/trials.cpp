#include "modules/trial/trials.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <stdexcept>

#include "modules/attention/attention_trial.hpp"
#include "modules/decoder/decoder_layer_trial.hpp"
#include "modules/embedding/embedding_trial.hpp"
#include "modules/lm_head/lm_head_trial.hpp"
#include "modules/mlp/mlp_trial.hpp"
#include "modules/norm/norm_trial.hpp"
#include "modules/rotary/rotary_trial.hpp"
#include "modules/sampling/sampling_trial.hpp"

namespace ttmesh::modules {
namespace {

constexpr std::array kFamilies{
    TrialFamily{"attention", "attention with its KV cache", make_attention_1d_trial,
                make_attention_2d_trial},
    TrialFamily{"decoder_layer", "norms, attention and MLP around a residual",
                make_decoder_layer_1d_trial, make_decoder_layer_2d_trial},
    TrialFamily{"embedding", "token embedding", make_embedding_1d_trial, make_embedding_2d_trial},
    TrialFamily{"layer_norm", "layer norm", make_layer_norm_1d_trial, make_layer_norm_2d_trial},
    TrialFamily{"lm_head", "LM head", make_lm_head_1d_trial, make_lm_head_2d_trial},
    TrialFamily{"mlp", "gated MLP, or one of two matrices", make_mlp_1d_trial, make_mlp_2d_trial},
    TrialFamily{"rms_norm", "RMS norm", make_rms_norm_1d_trial, make_rms_norm_2d_trial},
    TrialFamily{"rotary", "cosines and sines of positions", make_rotary_1d_trial,
                make_rotary_2d_trial},
    TrialFamily{"sampling", "greedy sampling", make_sampling_1d_trial, make_sampling_2d_trial},
};

bool is_grid(mesh::MeshShape shape) { return shape.rows > 1 && shape.cols > 1; }

const TrialFamily& family_of(std::string_view module) {
  for (const TrialFamily& family : kFamilies) {
    if (module == family.name || module == fmt::format("{}_1d", family.name) ||
        module == fmt::format("{}_2d", family.name)) {
      return family;
    }
  }
  throw std::invalid_argument(fmt::format("[run_trial] module '{}' is unknown, needs one of {}",
                                          module, fmt::join(trial_names(), ", ")));
}

// Options of some families would change nothing in others.
void require_concerned(const TrialFamily& family, const TrialRequest& request) {
  const bool has_attention = family.name == "attention" || family.name == "decoder_layer";
  const bool has_mlp = family.name == "mlp" || family.name == "decoder_layer";
  if (!has_mlp && (request.activation || !request.gate)) {
    throw std::invalid_argument(
        fmt::format("[run_trial] --activation and --no-gate are for mlp and decoder_layer, {} has "
                    "neither",
                    request.module));
  }
  if (request.bias && !has_mlp && !has_attention) {
    throw std::invalid_argument(
        fmt::format("[run_trial] --bias is for attention, decoder_layer and mlp, {} has no "
                    "products with one",
                    request.module));
  }
}

}  // namespace

std::span<const TrialFamily> trial_families() { return kFamilies; }

std::vector<std::string> trial_names() {
  std::vector<std::string> names;
  for (const TrialFamily& family : kFamilies) {
    for (const char* suffix : {"", "_1d", "_2d"}) {
      names.push_back(fmt::format("{}{}", family.name, suffix));
    }
  }
  return names;
}

std::string trial_name(std::string_view module, mesh::MeshShape shape) {
  const TrialFamily& family = family_of(module);
  const bool grid = is_grid(shape);
  const std::string name = fmt::format("{}_{}", family.name, grid ? "2d" : "1d");
  if (module == family.name || module == name) return name;
  throw std::invalid_argument(fmt::format(
      "[run_trial] {} cannot run on a {} mesh, needs {}; use {} instead", module, to_string(shape),
      grid ? "one row or one column" : "several rows and several columns", name));
}

TrialPtr make_trial(const mesh::MeshDevice& device, const TrialRequest& request) {
  (void)trial_name(request.module, device.shape());
  const TrialFamily& family = family_of(request.module);
  require_concerned(family, request);
  return (is_grid(device.shape()) ? family.make_2d : family.make_1d)(device, request);
}

}  // namespace ttmesh::modules
