#include "mesh/transport/assignment.hpp"

#include <fmt/format.h>
#include <xxhash.h>

#include <msgpack.hpp>
#include <stdexcept>

#include "mesh/program/elements.hpp"

namespace ttmesh::mesh {
namespace {

void pack(Packer& out, const MachineRecipe& recipe) {
  out.pack_array(4);
  out.pack(recipe.topology);
  out.pack(recipe.settings);
  out.pack(recipe.seed);
  out.pack(recipe.timing_only);
}

MachineRecipe recipe_from(const msgpack::object& object) {
  Elements elements(object, 4);
  MachineRecipe recipe;
  recipe.topology = elements.next_as<std::string>();
  recipe.settings = elements.next_as<std::vector<std::string>>();
  recipe.seed = elements.next_as<std::uint64_t>();
  recipe.timing_only = elements.next_as<bool>();
  return recipe;
}

}  // namespace

std::string digest(const MachineRecipe& recipe) {
  msgpack::sbuffer buffer;
  Packer out(buffer);
  pack(out, recipe);
  return fmt::format("{:016x}", XXH3_64bits(buffer.data(), buffer.size()));
}

Frame encode(const Assignment& assignment) {
  msgpack::sbuffer buffer;
  Packer out(buffer);
  out.pack_array(3);
  out.pack(assignment.rank);
  out.pack(assignment.hosts);
  pack(out, assignment.recipe);
  return make_frame(FrameKind::Assignment, bytes_of(buffer), {}, kAssignmentLimits);
}

Assignment decode_assignment(std::span<const std::byte> header) {
  return decode("assignment", header, [](const msgpack::object& root) {
    Elements elements(root, 3);
    Assignment assignment;
    assignment.rank = elements.next_as<int>();
    assignment.hosts = elements.next_as<int>();
    assignment.recipe = recipe_from(elements.next());
    if (assignment.rank < 1 || assignment.rank >= assignment.hosts) {
      throw std::invalid_argument(
          fmt::format("rank {} of {} hosts", assignment.rank, assignment.hosts));
    }
    return assignment;
  });
}

}  // namespace ttmesh::mesh
