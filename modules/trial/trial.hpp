#pragma once

#include <memory>
#include <string>
#include <vector>

#include "mesh/tensor/host_tensor.hpp"
#include "modules/lazy_weight.hpp"
#include "modules/progress.hpp"

namespace ttmesh::modules {

struct ReferenceOptions {
  int threads = 0;  ///< 0 takes one per processor.
  ProgressCallback progress{};
};

/// What outputs must reach to pass.
struct Bar {
  double pcc;          ///< Correlation of each output with its reference.
  bool exact = false;  ///< Every value must be equal, as token ids are.
};

/// A module of some class with weights, inputs and what its outputs should be: what `run_trial`
/// loads, warms up, measures and checks. The calls come in the order in which they stand here;
/// `prepare` and `forward` come again for each pass.
///
/// A trial makes everything that is not the module's own work in `prepare`: inputs, state as it was
/// before the first pass, steps that only lead up to those measured. Chips are idle when `forward`
/// begins; it issues ops and does not read values.
class Trial {
 public:
  virtual ~Trial() = default;

  /// The sizes that tell cases apart, for people: "4096 x 14336".
  virtual std::string sizes() const = 0;
  /// Number format of the weights, as a user types it.
  virtual std::string dtype() const = 0;
  virtual Bar bar() const = 0;

  /// Weights to make on the chips, in order.
  virtual std::vector<LazyWeight> weights() const = 0;
  virtual void prepare() = 0;
  virtual void forward() = 0;
  /// Outputs of the last pass, each whole, as floats. Waits.
  virtual std::vector<mesh::HostTensor> values() = 0;
  /// What they should be: float32, unsharded and unrounded.
  virtual std::vector<mesh::HostTensor> reference(const ReferenceOptions& options) = 0;
};

using TrialPtr = std::unique_ptr<Trial>;

}  // namespace ttmesh::modules
