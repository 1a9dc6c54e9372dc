#include "modules/trial/run_trial.hpp"

#include <fmt/format.h>

#include <cassert>
#include <cmath>
#include <cstddef>
#include <string_view>

#include "modules/trial/trials.hpp"

namespace ttmesh::modules {
namespace {

using Clock = std::chrono::steady_clock;

/// The stages of one run.
class Pass {
 public:
  Pass(const mesh::MeshDevice& device, Trial& trial, const ProgressCallback& progress)
      : device_(device), trial_(trial), progress_(progress) {}

  void make_weights() {
    const std::vector<LazyWeight> weights = trial_.weights();
    const auto total = static_cast<std::int64_t>(weights.size());
    std::int64_t done = 0;
    for (const LazyWeight& weight : weights) {
      tell("weights", done++, total);
      (void)weight.get_device_weight();
      device_.synchronize();
    }
    tell("weights", done, total);
  }

  void warm_up() {
    tell("warm-up", 0, 1);
    trial_.prepare();
    trial_.forward();
    device_.synchronize();
    tell("warm-up", 1, 1);
  }

  void measure(bool trace, TrialResult& result) {
    tell("measure", 0, 1);
    trial_.prepare();
    device_.synchronize();
    device_.record_program();
    const std::size_t first = device_.program().size();
    device_.start_recording(trace);
    const Clock::time_point begin = Clock::now();
    trial_.forward();
    const std::size_t end = device_.program().size();
    device_.synchronize();
    result.wall_time = Clock::now() - begin;
    result.report = device_.report();
    result.virtual_time = result.report.end - result.report.begin;
    for (std::size_t i = first; i < end; ++i) {
      result.program.push_back(device_.program()[i]);
    }
    tell("measure", 1, 1);
  }

  void check(const ReferenceOptions& options, TrialResult& result) {
    const std::vector<mesh::HostTensor> values = trial_.values();
    const std::vector<mesh::HostTensor> reference = trial_.reference(options);
    assert(!values.empty() && values.size() == reference.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      const Accuracy accuracy = measure_accuracy(values[i].floats(), reference[i].floats());
      if (!result.accuracy || std::isnan(accuracy.pcc) || accuracy.pcc < result.accuracy->pcc) {
        result.accuracy = accuracy;
      }
      const bool equal = accuracy.max_abs_error == 0;
      result.passed =
          result.passed && accuracy.pcc >= result.required_pcc && (equal || !trial_.bar().exact);
    }
  }

 private:
  void tell(std::string_view stage, std::int64_t done, std::int64_t total) const {
    if (progress_) progress_({stage, done, total});
  }

  mesh::MeshDevice device_;
  Trial& trial_;
  const ProgressCallback& progress_;
};

}  // namespace

TrialResult run_trial(const mesh::MeshDevice& device, const TrialRequest& request,
                      const ProgressCallback& progress) {
  const TrialPtr trial = make_trial(device, request);
  TrialResult result;
  result.module = trial_name(request.module, device.shape());
  result.sizes = trial->sizes();
  result.dtype = trial->dtype();
  result.required_pcc = request.pcc.value_or(trial->bar().pcc);
  result.passed = true;
  Pass pass(device, *trial, progress);
  pass.make_weights();
  pass.warm_up();
  pass.measure(request.trace, result);
  if (!device.timing_only()) {
    pass.check({.threads = request.threads, .progress = progress}, result);
  }
  return result;
}

}  // namespace ttmesh::modules
