#include "mesh/transport/message_body.hpp"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <span>
#include <stdexcept>
#include <utility>

#include "mesh/program/codec.hpp"
#include "mesh/program/elements.hpp"
#include "mesh/transport/payload.hpp"
#include "mesh/transport/report_codec.hpp"

namespace ttmesh::mesh {
namespace {

constexpr std::int64_t kMaxVolume = std::int64_t{1} << 40U;  ///< So that bytes fit 64 bits.

void pack(Packer& out, const FailurePtr& failure) {
  if (!failure) {
    out.pack_nil();
    return;
  }
  out.pack_array(3);
  out.pack(failure->command);
  out.pack(static_cast<int>(failure->code));
  out.pack(failure->what);
}

Failure failure_from(const msgpack::object& object) {
  Elements elements(object, 3);
  Failure failure{};
  failure.command = elements.next_as<std::uint64_t>();
  failure.code = enum_from(elements.next(), ErrorCode{std::numeric_limits<std::uint8_t>::max()});
  failure.what = elements.next_as<std::string>();
  return failure;
}

FailurePtr failure_ptr_from(const msgpack::object& object) {
  if (object.is_nil()) return nullptr;
  return std::make_shared<const Failure>(failure_from(object));
}

sim::Time time_from(const msgpack::object& object) {
  return sim::Time::picoseconds(object.as<std::int64_t>());
}

void pack(Packer& out, const Shape& shape) {
  out.pack(std::vector<std::int64_t>(shape.dims().begin(), shape.dims().end()));
}

Shape shape_from(const msgpack::object& object) {
  auto dims = object.as<std::vector<std::int64_t>>();
  std::int64_t volume = 1;
  for (const std::int64_t dim : dims) {
    if (dim < 0 || __builtin_mul_overflow(volume, dim, &volume) || volume > kMaxVolume) {
      throw std::invalid_argument(fmt::format("a shape of extents {}", fmt::join(dims, ", ")));
    }
  }
  return Shape(std::move(dims));
}

// A block of `shape` over a received buffer.
BlockPtr block_from(Shape shape, HeldType type, const std::shared_ptr<Buffer>& buffer) {
  return std::make_shared<const Block>(std::move(shape), type, buffer);
}

const std::shared_ptr<Buffer>& only(const PayloadBuffers& buffers) {
  if (buffers.size() != 1) {
    throw std::invalid_argument(fmt::format("{} payload buffers, needs 1", buffers.size()));
  }
  return buffers.front();
}

void write(EncodedBody& frame, const Chunk& chunk) {
  Packer out(frame.bytes);
  out.pack_array(11);
  out.pack(chunk.command);
  out.pack(chunk.from);
  out.pack(chunk.to);
  out.pack(static_cast<int>(chunk.lane));
  out.pack(chunk.signal);
  out.pack(chunk.round);
  out.pack(chunk.head.ps());
  out.pack(chunk.tail.ps());
  out.pack(chunk.streamed);
  const Region& region = chunk.piece.region;
  out.pack_array(8);
  out.pack(chunk.piece.bytes);
  for (const std::int64_t value :
       {region.offset, region.rows, region.row_length, region.stride, region.begin, region.end}) {
    out.pack(value);
  }
  if (chunk.piece.block) {
    out.pack(static_cast<int>(chunk.piece.block->type()));
    frame.add(payload_of(chunk.piece));
  } else {
    out.pack_nil();
  }
  pack(out, chunk.failure);
}

Message read_chunk(const msgpack::object& body, const PayloadBuffers& buffers) {
  Elements elements(body, 11);
  Chunk chunk;
  chunk.command = elements.next_as<std::uint64_t>();
  chunk.from = elements.next_as<ChipId>();
  chunk.to = elements.next_as<ChipId>();
  chunk.lane = enum_from(elements.next(), Lane::Up);
  chunk.signal = elements.next_as<bool>();
  chunk.round = elements.next_as<std::int32_t>();
  chunk.head = time_from(elements.next());
  chunk.tail = time_from(elements.next());
  chunk.streamed = elements.next_as<std::int64_t>();
  Elements piece(elements.next(), 8);
  chunk.piece.bytes = piece.next_as<std::int64_t>();
  Region& region = chunk.piece.region;
  for (std::int64_t* field : {&region.offset, &region.rows, &region.row_length, &region.stride,
                              &region.begin, &region.end}) {
    *field = piece.next_as<std::int64_t>();
  }
  const Region own = alone(region);
  if (const msgpack::object& type = piece.next(); !type.is_nil()) {
    region = own;
    chunk.piece.block =
        block_from(Shape{own.size()}, enum_from(type, HeldType::UInt16), only(buffers));
  }
  chunk.failure = failure_ptr_from(elements.next());
  return chunk;
}

void write(EncodedBody& frame, const CommandPtr& command) {
  Command bare = *command;
  const std::shared_ptr<const HostTensor> values = std::exchange(bare.payload, nullptr);
  const std::vector<std::byte> bytes = encode(bare);
  Packer out(frame.bytes);
  out.pack_array(2);
  out.pack_bin(static_cast<std::uint32_t>(bytes.size()));
  out.pack_bin_body(reinterpret_cast<const char*>(bytes.data()),
                    static_cast<std::uint32_t>(bytes.size()));
  if (!values) {
    out.pack_nil();
    return;
  }
  out.pack_array(2);
  pack(out, values->shape);
  out.pack(values->values.index());
  frame.add({{values, std::visit([](const auto& each) { return std::as_bytes(std::span(each)); },
                                 values->values)}});
}

template <std::size_t I = 0>
HostTensor::Values host_values(std::size_t kind, const Buffer& buffer) {
  if constexpr (I < std::variant_size_v<HostTensor::Values>) {
    if (kind != I) return host_values<I + 1>(kind, buffer);
    using Vector = std::variant_alternative_t<I, HostTensor::Values>;
    const auto all = values<typename Vector::value_type>(buffer);
    if (all.size_bytes() != buffer.size()) throw msgpack::type_error();
    return Vector(all.begin(), all.end());
  } else {
    throw msgpack::type_error();
  }
}

Message read_command(const msgpack::object& body, const PayloadBuffers& buffers) {
  Elements elements(body, 2);
  const msgpack::object& bytes = elements.next();
  if (bytes.type != msgpack::type::BIN) throw msgpack::type_error();
  auto command = std::make_shared<Command>(
      decode_command(std::as_bytes(std::span(bytes.via.bin.ptr, std::size_t{bytes.via.bin.size}))));
  const msgpack::object& payload = elements.next();
  if (!payload.is_nil()) {
    Elements parts(payload, 2);
    HostTensor tensor;
    tensor.shape = shape_from(parts.next());
    tensor.values = host_values(parts.next_as<std::size_t>(), *only(buffers));
    const std::size_t count = std::visit([](const auto& all) { return all.size(); }, tensor.values);
    if (static_cast<std::int64_t>(count) != tensor.shape.volume()) throw msgpack::type_error();
    command->payload = std::make_shared<const HostTensor>(std::move(tensor));
  }
  return CommandPtr(std::move(command));
}

void write(EncodedBody& frame, const wire::Delivery& delivery) {
  Packer out(frame.bytes);
  out.pack_array(7);
  out.pack(delivery.read);
  out.pack(delivery.chip);
  out.pack(delivery.shard.ready.ps());
  pack(out, delivery.shard.failure);
  pack(out, delivery.shard.shard.shape());
  out.pack(delivery.shard.shard.dim());
  const std::vector<BlockPtr>& blocks = delivery.shard.shard.blocks();
  out.pack_array(static_cast<std::uint32_t>(blocks.size()));
  for (const BlockPtr& block : blocks) {
    out.pack_array(2);
    out.pack(static_cast<int>(block->type()));
    pack(out, block->shape());
    const std::shared_ptr<const Buffer> plain = block->plain();
    frame.add({{plain, {plain->data(), plain->size()}}});
  }
}

Message read_delivery(const msgpack::object& body, const PayloadBuffers& buffers) {
  Elements elements(body, 7);
  wire::Delivery delivery;
  delivery.read = elements.next_as<std::uint64_t>();
  delivery.chip = elements.next_as<ChipId>();
  delivery.shard.ready = time_from(elements.next());
  delivery.shard.failure = failure_ptr_from(elements.next());
  Shape shape = shape_from(elements.next());
  const int dim = elements.next_as<int>();
  Elements parts(elements.next());
  if (parts.size() != buffers.size()) throw msgpack::type_error();
  std::vector<BlockPtr> blocks;
  for (const std::shared_ptr<Buffer>& buffer : buffers) {
    Elements part(parts.next(), 2);
    const HeldType type = enum_from(part.next(), HeldType::UInt16);
    blocks.push_back(block_from(shape_from(part.next()), type, buffer));
  }
  delivery.shard.shard = blocks.empty() ? Shard(shape) : Shard(std::move(blocks), dim);
  if (delivery.shard.shard.shape() != shape) throw msgpack::type_error();
  return delivery;
}

// A report may be long, so it is all payload.
void write(EncodedBody& frame, const ChipReport& report) {
  Packer(frame.bytes).pack_nil();
  const auto bytes = std::make_shared<const std::vector<std::byte>>(encode_report(report));
  frame.add({{bytes, *bytes}});
}

Message read_report(const msgpack::object& /*body*/, const PayloadBuffers& buffers) {
  const Buffer& buffer = *only(buffers);
  return decode_report({buffer.data(), buffer.size()});
}

void write(EncodedBody& frame, const Failure& failure) {
  Packer out(frame.bytes);
  pack(out, std::make_shared<const Failure>(failure));
}

void write(EncodedBody& frame, const wire::ActivityProbe& probe) {
  Packer(frame.bytes).pack(probe.wave);
}

void write(EncodedBody& frame, const wire::ActivityCount& count) {
  Packer out(frame.bytes);
  out.pack_array(6);
  out.pack(count.wave);
  out.pack(count.sent);
  out.pack(count.received);
  out.pack(count.idle);
  out.pack(count.finished);
  out.pack(count.end.ps());
}

Message read_activity(const msgpack::object& body) {
  Elements elements(body, 6);
  wire::ActivityCount count;
  count.wave = elements.next_as<std::uint64_t>();
  count.sent = elements.next_as<std::uint64_t>();
  count.received = elements.next_as<std::uint64_t>();
  count.idle = elements.next_as<bool>();
  count.finished = elements.next_as<std::uint64_t>();
  count.end = time_from(elements.next());
  return count;
}

void write(EncodedBody& frame, const wire::Record& record) {
  Packer(frame.bytes).pack(record.trace);
}
void write(EncodedBody& frame, const wire::ReportQuestion&) { Packer(frame.bytes).pack_nil(); }
void write(EncodedBody& frame, const wire::Stop& stop) { Packer(frame.bytes).pack(stop.why); }
void write(EncodedBody& frame, const wire::AddressBook& book) {
  Packer(frame.bytes).pack(book.addresses);
}

constexpr std::array kKinds{FrameKind::Chunk,         FrameKind::Command, FrameKind::Delivery,
                            FrameKind::Report,        FrameKind::Fault,   FrameKind::ActivityProbe,
                            FrameKind::ActivityCount, FrameKind::Record,  FrameKind::ReportQuestion,
                            FrameKind::AddressBook,   FrameKind::Stop};
static_assert(kKinds.size() == std::variant_size_v<Message>);

}  // namespace

void EncodedBody::add(std::vector<PayloadPart> parts) {
  std::uint64_t length = 0;
  for (const PayloadPart& part : parts) length += part.bytes.size();
  lengths.push_back(length);
  payload.insert(payload.end(), parts.begin(), parts.end());
}

EncodedBody encode_body(const Message& message) {
  EncodedBody body{.kind = kKinds[message.index()]};
  std::visit([&body](const auto& each) { write(body, each); }, message);
  return body;
}

Message decode_body(FrameKind kind, const msgpack::object& body, const PayloadBuffers& buffers) {
  switch (kind) {
    case FrameKind::Chunk:
      return read_chunk(body, buffers);
    case FrameKind::Command:
      return read_command(body, buffers);
    case FrameKind::Delivery:
      return read_delivery(body, buffers);
    case FrameKind::Report:
      return read_report(body, buffers);
    case FrameKind::Fault:
      return failure_from(body);
    case FrameKind::ActivityProbe:
      return wire::ActivityProbe{body.as<std::uint64_t>()};
    case FrameKind::ActivityCount:
      return read_activity(body);
    case FrameKind::Record:
      return wire::Record{body.as<bool>()};
    case FrameKind::ReportQuestion:
      return wire::ReportQuestion{};
    case FrameKind::AddressBook:
      return wire::AddressBook{body.as<std::vector<std::string>>()};
    case FrameKind::Stop:
      return wire::Stop{body.as<std::string>()};
    default:
      throw std::invalid_argument(
          fmt::format("frame kind {} is no message", static_cast<int>(kind)));
  }
}

}  // namespace ttmesh::mesh
