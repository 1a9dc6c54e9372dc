#include "mesh/transport/report_codec.hpp"

#include <msgpack.hpp>
#include <string>
#include <utility>

#include "mesh/program/elements.hpp"

namespace ttmesh::mesh {
namespace {

void pack(Packer& out, const OpUse& use) {
  out.pack_array(3);
  out.pack(use.command);
  out.pack(use.start.ps());
  out.pack(use.end.ps());
}

void pack(Packer& out, const LinkUse& use) {
  out.pack_array(5);
  out.pack(use.from);
  out.pack(use.to);
  out.pack(use.channel);
  out.pack(use.bytes);
  out.pack(use.busy.ps());
}

void pack(Packer& out, const sim::Slice& slice) {
  out.pack_array(7);
  out.pack(slice.track);
  out.pack(slice.start.ps());
  out.pack(slice.end.ps());
  out.pack(slice.command);
  out.pack(slice.step);
  out.pack(slice.name);
  out.pack(slice.bytes);
}

void pack(Packer& out, const sim::Arrow& arrow) {
  out.pack_array(6);
  out.pack(arrow.from_track);
  out.pack(arrow.to_track);
  out.pack(arrow.sent.ps());
  out.pack(arrow.received.ps());
  out.pack(arrow.command);
  out.pack(arrow.step);
}

template <typename Item>
void pack(Packer& out, const std::vector<Item>& items) {
  out.pack_array(static_cast<std::uint32_t>(items.size()));
  for (const Item& item : items) pack(out, item);
}

sim::Time next_time(Elements& elements) {
  return sim::Time::picoseconds(elements.next_as<std::int64_t>());
}

OpUse op_use_from(const msgpack::object& object) {
  Elements elements(object, 3);
  OpUse use{};
  use.command = elements.next_as<std::uint64_t>();
  use.start = next_time(elements);
  use.end = next_time(elements);
  return use;
}

LinkUse link_use_from(const msgpack::object& object) {
  Elements elements(object, 5);
  LinkUse use{};
  use.from = elements.next_as<ChipId>();
  use.to = elements.next_as<ChipId>();
  use.channel = elements.next_as<int>();
  use.bytes = elements.next_as<std::int64_t>();
  use.busy = next_time(elements);
  return use;
}

sim::Slice slice_from(const msgpack::object& object) {
  Elements elements(object, 7);
  sim::Slice slice{};
  slice.track = elements.next_as<int>();
  slice.start = next_time(elements);
  slice.end = next_time(elements);
  slice.command = elements.next_as<std::uint64_t>();
  slice.step = elements.next_as<std::uint32_t>();
  slice.name = elements.next_as<std::string>();
  slice.bytes = elements.next_as<std::int64_t>();
  return slice;
}

sim::Arrow arrow_from(const msgpack::object& object) {
  Elements elements(object, 6);
  sim::Arrow arrow{};
  arrow.from_track = elements.next_as<int>();
  arrow.to_track = elements.next_as<int>();
  arrow.sent = next_time(elements);
  arrow.received = next_time(elements);
  arrow.command = elements.next_as<std::uint64_t>();
  arrow.step = elements.next_as<std::uint32_t>();
  return arrow;
}

template <typename Item>
std::vector<Item> items_from(const msgpack::object& object, Item (*read)(const msgpack::object&)) {
  Elements elements(object);
  std::vector<Item> items;
  for (std::size_t i = 0; i < elements.size(); ++i) items.push_back(read(elements.next()));
  return items;
}

}  // namespace

std::vector<std::byte> encode_report(const ChipReport& report) {
  msgpack::sbuffer buffer;
  Packer out(buffer);
  out.pack_array(7);
  out.pack(report.chip);
  out.pack(report.queue_end.ps());
  pack(out, report.ops);
  pack(out, report.links);
  pack(out, report.slices);
  pack(out, report.arrows);
  out.pack(report.waiting_for);
  return bytes_of(buffer);
}

ChipReport decode_report(std::span<const std::byte> bytes) {
  return decode("report", bytes, [](const msgpack::object& root) {
    Elements elements(root, 7);
    ChipReport report;
    report.chip = elements.next_as<ChipId>();
    report.queue_end = next_time(elements);
    report.ops = items_from(elements.next(), op_use_from);
    report.links = items_from(elements.next(), link_use_from);
    report.slices = items_from(elements.next(), slice_from);
    report.arrows = items_from(elements.next(), arrow_from);
    report.waiting_for = elements.next_as<std::string>();
    return report;
  });
}

}  // namespace ttmesh::mesh
