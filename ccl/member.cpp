#include "ccl/member.hpp"

namespace ttmesh::ccl {

using mesh::Lane;

Member member_of(const mesh::Line& line, int index, Topology topology) {
  const bool ring = topology == Topology::Ring;
  const int size = line.size();
  const auto chip = [&](int at) { return line.chips[static_cast<std::size_t>(at)]; };
  Member member{.size = size, .index = index, .previous = -1, .next = -1};
  if (index > 0 || ring) member.previous = chip((index + size - 1) % size);
  if (index < size - 1 || ring) member.next = chip((index + 1) % size);
  return member;
}

int chips_behind(const Member& member, Lane lane) {
  return lane == Lane::Forward ? member.index : member.size - 1 - member.index;
}

mesh::ChipId ahead(const Member& member, Lane lane) {
  return lane == Lane::Forward ? member.next : member.previous;
}

mesh::ChipId behind(const Member& member, Lane lane) {
  return lane == Lane::Forward ? member.previous : member.next;
}

int around(const Member& member, Lane lane, int distance) {
  const int signed_distance = lane == Lane::Forward ? distance : -distance;
  return ((member.index + signed_distance) % member.size + member.size) % member.size;
}

}  // namespace ttmesh::ccl
