#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "mesh/topology/mesh_shape.hpp"
#include "modules/trial/trial.hpp"
#include "modules/trial/trial_request.hpp"

namespace ttmesh::modules {

/// Makes the trial of one class. Throws std::invalid_argument if the request lacks what it needs or
/// asks for what the class refuses.
using MakeTrial = TrialPtr (*)(const mesh::MeshDevice&, const TrialRequest&);

/// A module that can be tried: its name, and its class for a mesh of one row or column and that for
/// any other.
struct TrialFamily {
  std::string_view name;  ///< "mlp": its classes are "mlp_1d" and "mlp_2d".
  std::string_view what;  ///< A few words for the help.
  MakeTrial make_1d;
  MakeTrial make_2d;
};

/// Every module that can be tried, alphabetically.
[[nodiscard]] std::span<const TrialFamily> trial_families();

/// Every name that a request may give: of each family its own and those of its classes.
[[nodiscard]] std::vector<std::string> trial_names();

/// The class that `module` means on a mesh of `shape`: "mlp" is "mlp_1d" or "mlp_2d". Throws
/// std::invalid_argument if the class is for other meshes, naming the right one, or if there is no
/// such module, listing all.
[[nodiscard]] std::string trial_name(std::string_view module, mesh::MeshShape shape);

/// The trial of that class. Throws std::invalid_argument as `trial_name` and the maker do.
[[nodiscard]] TrialPtr make_trial(const mesh::MeshDevice& device, const TrialRequest& request);

}  // namespace ttmesh::modules
