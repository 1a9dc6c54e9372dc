#include "modules/rotary/rotary_trial.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "mesh/device/transfer.hpp"
#include "modules/rotary/rotary_setup_1d.hpp"
#include "modules/rotary/rotary_setup_2d.hpp"

namespace ttmesh::modules {
namespace {

constexpr double kTheta = 500000;  // Llama 3's.

template <typename Rotary>
class RotaryTrial : public Trial {
 public:
  RotaryTrial(const RotaryConfig& config, const TrialRequest& request, double pcc)
      : rotary_(config), request_(request), pcc_(pcc) {
    const std::int64_t count = request.mode == Mode::Decode ? config.max_batch_size : request.seq;
    for (std::int64_t i = 0; i < count; ++i) {
      positions_.push_back(request.mode == Mode::Decode ? i * (request.seq - 1) / count : i);
    }
  }

  std::string sizes() const override {
    return fmt::format("{} positions, heads of {}", config().max_seq_len, config().head_dim);
  }
  std::string dtype() const override { return std::string(mesh::name(config().dtype)); }
  Bar bar() const override { return {.pcc = pcc_}; }
  std::vector<LazyWeight> weights() const override { return {}; }

  void prepare() override {
    output_ = {};
    rotary_.load_device_weights();
    if (request_.mode == Mode::Decode) indices_ = rotary_.position_indices(positions_);
  }
  void forward() override {
    output_ = request_.mode == Mode::Decode ? rotary_.decode_forward(indices_)
                                            : rotary_.prefill_forward(0, request_.seq);
  }
  std::vector<mesh::HostTensor> values() override {
    return {mesh::to_host(output_.cos), mesh::to_host(output_.sin)};
  }

  std::vector<mesh::HostTensor> reference(const ReferenceOptions&) override {
    const std::vector<double> frequencies =
        rotary_frequencies({config().head_dim, config().theta, config().scaling});
    std::vector<float> cos;
    std::vector<float> sin;
    for (const std::int64_t position : positions_) {
      for (std::size_t i = 0; i < 2 * frequencies.size(); ++i) {
        const double angle = static_cast<double>(position) * frequencies[i / 2];
        cos.push_back(static_cast<float>(std::cos(angle)));
        sin.push_back(static_cast<float>(std::sin(angle)));
      }
    }
    const mesh::Shape shape{static_cast<std::int64_t>(positions_.size()), config().head_dim};
    return {{.shape = shape, .values = std::move(cos)}, {.shape = shape, .values = std::move(sin)}};
  }

 private:
  const RotaryConfig& config() const { return rotary_.config(); }

  Rotary rotary_;
  TrialRequest request_;
  double pcc_;
  std::vector<std::int64_t> positions_;
  mesh::Tensor indices_;
  ops::RotaryEmbedding output_;
};

template <typename Rotary>
TrialPtr make_trial(const mesh::MeshDevice& device, const TrialRequest& request) {
  (void)token_rows(request);
  const WeightPrecision precision = weight_precision(request, mesh::DataType::Bfloat16);
  const mesh::MeshShape mesh = device.shape();
  const int columns = mesh.rows > 1 ? mesh.cols : 1;
  const RotaryConfig config{.device = device,
                            .head_dim = required_extent(request.dims.head_dim, "head-dim"),
                            .max_seq_len = request.seq,
                            .theta = kTheta,
                            .scaling = RotaryScaling{},
                            .max_batch_size = (request.users() + columns - 1) / columns * columns,
                            .dtype = precision.dtype};
  return std::make_unique<RotaryTrial<Rotary>>(config, request, precision.pcc);
}

}  // namespace

TrialPtr make_rotary_1d_trial(const mesh::MeshDevice& device, const TrialRequest& request) {
  return make_trial<RotarySetup1D>(device, request);
}

TrialPtr make_rotary_2d_trial(const mesh::MeshDevice& device, const TrialRequest& request) {
  return make_trial<RotarySetup2D>(device, request);
}

}  // namespace ttmesh::modules
