#include "ccl/line_schedule.hpp"

#include <memory>
#include <string>
#include <utility>

#include "ccl/places.hpp"

namespace ttmesh::ccl {

mesh::Schedule line_schedule(const mesh::CollectiveCall& call,
                             std::span<const LineAlgorithm> algorithms,
                             mesh::Schedule (*routed)(const mesh::CollectiveCall&),
                             std::int64_t slice_pages) {
  const mesh::Attributes& attributes = call.call.attributes;
  const std::string& name = attributes.text("algorithm");
  if (name == kRouted) return routed(call);

  const LineAlgorithm& algorithm = *find_algorithm(algorithms, name);
  const int dim = static_cast<int>(attributes.integer("dim"));
  const int num_links = static_cast<int>(attributes.integer("num_links"));
  const int axis = static_cast<int>(attributes.integer("cluster_axis"));
  const auto places =
      std::make_shared<const Places>(call.topology, call.view, axis, algorithm.topology);
  return {.plan = [=](mesh::ChipId chip) {
    const Place& place = places->of(chip);
    mesh::StepPlan plan =
        renumbered(algorithm.plan(place.member, dim, slice_pages), place.member.size, place.first);
    plan.num_links = num_links;
    return plan;
  }};
}

}  // namespace ttmesh::ccl
