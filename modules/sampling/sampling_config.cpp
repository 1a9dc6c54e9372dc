#include "modules/sampling/sampling_config.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <stdexcept>

#include "modules/config_defaults.hpp"
#include "modules/lazy_weight.hpp"

namespace ttmesh::modules {
namespace {

SamplingConfig resolved(const char* module, const SamplingConfig& config, int vocab_parts) {
  if (config.vocab < 1) {
    throw std::invalid_argument(
        fmt::format("[{}] vocab is {}, needs at least 1", module, config.vocab));
  }
  SamplingConfig full = config;
  set_default(full.padded_vocab, padded_extent(config.vocab, vocab_parts));
  if (*full.padded_vocab < config.vocab) {
    throw std::invalid_argument(fmt::format("[{}] vocab is {}, needs at most padded_vocab {}",
                                            module, config.vocab, *full.padded_vocab));
  }
  require_tiles(module, *full.padded_vocab, vocab_parts);
  set_default(full.max_batch_size, kMaxBatchSize);
  set_default(full.max_top_k, 32);
  if (*full.max_top_k < 1) {
    throw std::invalid_argument(
        fmt::format("[{}] max_top_k is {}, needs at least 1", module, *full.max_top_k));
  }
  set_default(full.allow_force_argmax, false);
  set_default(full.num_links, 1);
  set_default(full.topology, ccl::Topology::Linear);
  set_default(full.shards_users, false);
  const int columns = config.device.shape().cols;
  if (*full.shards_users && *full.max_batch_size % columns != 0) {
    throw std::invalid_argument(fmt::format("[{}] {} users over {} columns, needs a multiple",
                                            module, *full.max_batch_size, columns));
  }
  set_default(full.params, std::vector<SamplingParams>(1));
  full.params = params_of_users(module, *full.params, full);
  return full;
}

}  // namespace

std::vector<SamplingParams> params_of_users(const char* module,
                                            const std::vector<SamplingParams>& params,
                                            const SamplingConfig& config) {
  const auto users = static_cast<std::size_t>(*config.max_batch_size);
  if (params.size() != 1 && params.size() != users) {
    throw std::invalid_argument(
        fmt::format("[{}] there are parameters of {} users, needs {} or one "
                    "for all",
                    module, params.size(), users));
  }
  for (const SamplingParams& each : params) {
    const bool valid = each.top_k >= 1 && each.top_k <= *config.max_top_k && each.top_p >= 0 &&
                       each.top_p <= 1 && each.temperature >= 0;
    if (valid) continue;
    throw std::invalid_argument(fmt::format(
        "[{}] top_k is {}, top_p {} and temperature {}, needs top_k from 1 to {}, top_p "
        "within [0, 1] and a temperature of at least 0",
        module, each.top_k, each.top_p, each.temperature, *config.max_top_k));
  }
  return params.size() == users ? params : std::vector<SamplingParams>(users, params.front());
}

SamplingConfig resolved_1d(const SamplingConfig& config) {
  require_line("Sampling1D", config.device.shape());
  if (config.shards_users.value_or(false)) {
    throw std::invalid_argument(
        "[Sampling1D] shards_users is set, needs a grid: use Sampling2D instead");
  }
  return resolved("Sampling1D", config, config.device.shape().size());
}

SamplingConfig resolved_2d(const SamplingConfig& config) {
  require_grid("Sampling2D", config.device.shape());
  return resolved("Sampling2D", config, config.device.shape().rows);
}

}  // namespace ttmesh::modules
