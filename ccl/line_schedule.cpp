#include "ccl/line_schedule.hpp"

#include <fmt/format.h>

#include <memory>
#include <stdexcept>
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

  const LineAlgorithm* found = find_algorithm(algorithms, name);
  if (found == nullptr) {
    throw std::invalid_argument(fmt::format("no algorithm is called '{}'", name));
  }
  const LineAlgorithm& algorithm = *found;
  const int dim = static_cast<int>(attributes.integer("dim"));
  const int num_links = static_cast<int>(attributes.integer("num_links"));
  const int axis = static_cast<int>(attributes.integer("cluster_axis"));
  if (call.view.shape.extent(axis) > algorithm.most_chips) {
    throw std::invalid_argument(fmt::format("algorithm {} is for at most {} chips, not for {}",
                                            name, algorithm.most_chips,
                                            call.view.shape.extent(axis)));
  }
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
