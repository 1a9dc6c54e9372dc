#include "mesh/topology/mgd2.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "mesh/topology/mgd2_instances.hpp"
#include "mesh/topology/mgd2_pinnings.hpp"
#include "mesh/topology/mgd2_text.hpp"
#include "mesh/topology/mgd2_validation.hpp"

namespace ttmesh::mesh {

bool looks_like_mgd2(std::string_view text) {
  constexpr std::array<std::string_view, 3> kFields{"mesh_descriptors", "switch_descriptors",
                                                    "top_level_instance"};
  return std::any_of(kFields.begin(), kFields.end(), [text](std::string_view field) {
    return text.find(field) != std::string_view::npos;
  });
}

ParsedTopology parse_mgd2(const InputFile& file) {
  Mgd2Document document = parse_mgd2_text(file);
  apply_mgd2_defaults(document.descriptor);
  validate_mgd2(document);
  std::vector<Problem> problems = mgd2_compatibility_problems(document);
  ParsedTopology parsed;
  try {
    parsed = instantiate_mgd2(document);
  } catch (const InvalidFile& error) {
    // A launch would have stopped at these already.
    std::vector<Problem> all = error.problems();
    all.insert(all.end(), problems.begin(), problems.end());
    throw InvalidFile(error.heading(), std::move(all));
  }
  const std::vector<Problem> pinnings = mgd2_pinning_range_problems(document, parsed.topology);
  problems.insert(problems.end(), parsed.launch_problems.begin(), parsed.launch_problems.end());
  problems.insert(problems.end(), pinnings.begin(), pinnings.end());
  parsed.launch_problems = std::move(problems);
  parsed.request.pinnings = mgd2_pinnings(document);
  parsed.warnings.insert(parsed.warnings.begin(), document.warnings.begin(),
                         document.warnings.end());
  return parsed;
}

}  // namespace ttmesh::mesh
