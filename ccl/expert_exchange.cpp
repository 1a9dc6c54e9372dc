#include "ccl/expert_exchange.hpp"

#include <fmt/format.h>

#include <cstring>
#include <memory>
#include <stdexcept>
#include <utility>

#include "ccl/exchange_schedule.hpp"
#include "ccl/exchange_wiring.hpp"
#include "ccl/steps.hpp"
#include "mesh/device/mesh_device.hpp"

namespace ttmesh::ccl {
namespace {

constexpr std::int64_t kPacketBytes = 4096;

ExpertSeat seat_of(const mesh::CollectiveCall& call, const Group& group, int index) {
  ExpertSeat seat{.index = index, .devices = {}};
  for (const mesh::ChipId chip : group.chips) {
    const mesh::Coordinate at = *position_in(call.topology, call.view, chip);
    seat.devices.push_back(at.row * call.view.shape.cols + at.col);
  }
  return seat;
}

void require(const char* op, bool holds, const std::string& what) {
  if (!holds) throw std::invalid_argument(fmt::format("[{}] {}", op, what));
}

}  // namespace

mesh::Schedule row_exchange_schedule(const mesh::CollectiveCall& call,
                                     const RowExchange& exchange) {
  const std::vector<Group> groups = wired_groups(call);
  const int size = groups.front().size();
  const auto payload = [size](int from, int to) { return PayloadSlots{to, size + from}; };
  const auto slots = [size](int) {
    mesh::SlotPlan plan;
    plan.slots = 2 * size;
    plan.input_slices = size;
    plan.whole = true;
    plan.output_first = size;
    plan.output_slices = size;
    return plan;
  };
  const auto refine = [call, exchange](const Group& group, int index, mesh::StepPlan& plan) {
    const ExpertSeat seat = seat_of(call, group, index);
    const std::int64_t row_bytes = page_bytes(call.call.inputs.front());
    plan.payload_bytes = [=](std::span<const mesh::Shard> inputs) {
      std::vector<std::int64_t> bytes = exchange.rows(seat, inputs);
      for (std::int64_t& each : bytes) each *= row_bytes;
      return bytes;
    };
    plan.assemble = [=](std::span<const mesh::Piece> pieces, std::span<const mesh::Shard> inputs) {
      return exchange.assemble(seat, pieces, inputs);
    };
  };
  const auto last = [size](int index) {
    return std::vector{copy(mesh::Lane::Forward, size + index, index)};
  };
  return exchange_schedule(
      call, {.groups = groups,
             .transfers = everyone_to_everyone(call.topology, groups, payload),
             .num_links = static_cast<int>(call.call.attributes.integer("num_links")),
             .packet_bytes = kPacketBytes,
             .slots = slots,
             .refine = refine,
             .last = last});
}

mesh::Attributes row_exchange_attributes(const char* op, const mesh::MeshDevice& device,
                                         const WiringOptions& options,
                                         const mesh::MemoryConfig& memory) {
  const Wiring wiring = resolve_exchange(op, device, options);
  mesh::Attributes attributes;
  add_exchange(attributes, wiring, choose_exchange(op, wiring, {}, {}).algorithm);
  attributes.set("chips", std::int64_t{wiring.size});
  attributes.set("memory", to_string(memory));
  return attributes;
}

void check_inputs(const char* op, const mesh::OpCall& call) {
  require(op, call.inputs.size() == 3,
          fmt::format("{} inputs, 3 are needed: rows, metadata and mapping", call.inputs.size()));
}

void check_row_major(const char* op, const char* what, const mesh::Tensor& tensor) {
  require(op, tensor.shape().rank() == 4 && tensor.layout() == mesh::Layout::RowMajor,
          fmt::format("{} are {}, rank 4 in row-major layout is needed", what,
                      to_string(tensor.spec())));
}

void check_experts(const char* op, const mesh::Tensor& metadata, const mesh::Tensor& mapping) {
  const mesh::MeshShape shape = metadata.device().shape();
  for (const mesh::Tensor* each : {&metadata, &mapping}) {
    const char* what = each == &metadata ? "indices of experts" : "the mapping's entries";
    check_row_major(op, what, *each);
    require(op, !mesh::is_floating(each->dtype()),
            fmt::format("{} are {}, integers are needed", what, mesh::name(each->dtype())));
  }
  require(op, mapping.shape()[3] == shape.size(),
          fmt::format("the mapping has {} columns, one for each of {} chips is needed",
                      mapping.shape()[3], shape.size()));
  require(op, mapping.shape()[0] == 1 && mapping.shape()[1] == 1,
          fmt::format("the mapping is {}, [1, 1, experts, chips] is needed",
                      to_string(mapping.shape())));
  for (const int axis : {0, 1}) {
    require(
        op, mapping.distribution().along(axis) == mesh::replicate(),
        fmt::format("the mapping is {}, Replicate is needed", to_string(mapping.distribution())));
  }
}

mesh::Shard rows_of(const mesh::Shape& shape, mesh::HeldType type,
                    const std::function<const std::byte*(std::int64_t row)>& source) {
  const auto row_bytes = static_cast<std::size_t>(shape[-1] * held_bytes(type));
  const std::int64_t rows = shape.volume() / shape[-1];
  auto buffer = std::make_shared<mesh::Buffer>(static_cast<std::size_t>(rows) * row_bytes);
  for (std::int64_t row = 0; row < rows; ++row) {
    std::byte* to = buffer->data() + static_cast<std::size_t>(row) * row_bytes;
    if (const std::byte* from = source(row)) {
      std::memcpy(to, from, row_bytes);
    } else {
      std::memset(to, 0, row_bytes);
    }
  }
  return mesh::Shard(std::make_shared<const mesh::Block>(shape, type, std::move(buffer)));
}

}  // namespace ttmesh::ccl
