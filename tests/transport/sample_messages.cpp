#include "tests/transport/sample_messages.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

namespace ttmesh::mesh {
namespace {

std::uint32_t word(std::int32_t round, std::size_t index) {
  return static_cast<std::uint32_t>(round) * 2654435761U + static_cast<std::uint32_t>(index);
}

BlockPtr counting_block(const Shape& shape, HeldType type) {
  auto buffer =
      std::make_shared<Buffer>(static_cast<std::size_t>(shape.volume() * held_bytes(type)));
  for (std::size_t i = 0; i < buffer->size(); ++i) {
    buffer->data()[i] = static_cast<std::byte>(i * 7 + 1);
  }
  return std::make_shared<const Block>(shape, type, std::move(buffer));
}

// The bytes of a piece's elements, in order.
std::string text_of(const Piece& piece) {
  std::string text = fmt::format("bytes {} region {}", piece.bytes, piece.region.size());
  if (!piece.block) return text;
  if (piece.region.size() == 0) return text + " of a block";
  const BlockPtr dense = join({piece}, Shape{piece.region.size()});
  const std::shared_ptr<const Buffer> plain = dense->plain();
  std::size_t hash = 0;
  for (std::size_t i = 0; i < plain->size(); ++i) {
    hash = hash * 31 + std::to_integer<std::size_t>(plain->data()[i]);
  }
  // Where rows end matters to block floats.
  return text +
         fmt::format(" rows of {} from column {} type {} values {:x}", piece.region.row_length,
                     piece.region.size() > 0 ? piece.region.begin % piece.region.row_length : 0,
                     static_cast<int>(dense->type()), hash);
}

std::string text_of(const FailurePtr& failure) {
  if (!failure) return "no failure";
  return fmt::format("failure of {} code {}: {}", failure->command, static_cast<int>(failure->code),
                     failure->what);
}

struct Printer {
  std::string operator()(const Chunk& chunk) const {
    return fmt::format(
        "chunk {} {}>{} lane {} signal {} round {} head {} tail {} streamed {} {} {}",
        chunk.command, chunk.from, chunk.to, static_cast<int>(chunk.lane), chunk.signal,
        chunk.round, chunk.head.ps(), chunk.tail.ps(), chunk.streamed, text_of(chunk.piece),
        text_of(chunk.failure));
  }
  std::string operator()(const CommandPtr& command) const {
    std::string text = to_string(*command) + fmt::format(" at {}", command->dispatched.ps());
    if (command->payload) {
      std::visit(
          [&](const auto& values) {
            text +=
                fmt::format(" {} [{}]", to_string(command->payload->shape), fmt::join(values, " "));
          },
          command->payload->values);
    }
    return text;
  }
  std::string operator()(const wire::Delivery& delivery) const {
    std::string text =
        fmt::format("delivery {} chip {} ready {} {} shape {} dim {}", delivery.read, delivery.chip,
                    delivery.shard.ready.ps(), text_of(delivery.shard.failure),
                    to_string(delivery.shard.shard.shape()), delivery.shard.shard.dim());
    for (const BlockPtr& block : delivery.shard.shard.blocks()) {
      const Piece whole{.block = block, .region = slice_region(block->shape(), 0, 0, 1)};
      text += "; " + to_string(block->shape()) + " " + text_of(whole);
    }
    return text;
  }
  std::string operator()(const ChipReport& report) const {
    std::string text = fmt::format("report {} {} waits for {}", report.chip, report.queue_end.ps(),
                                   report.waiting_for);
    for (const OpUse& use : report.ops) {
      text += fmt::format("; op {} {} {}", use.command, use.start.ps(), use.end.ps());
    }
    for (const LinkUse& use : report.links) {
      text += fmt::format("; link {} {} {} {} {}", use.from, use.to, use.channel, use.bytes,
                          use.busy.ps());
    }
    for (const sim::Slice& slice : report.slices) {
      text += fmt::format("; slice {} {} {} {} {} {} {}", slice.track, slice.start.ps(),
                          slice.end.ps(), slice.command, slice.step, slice.name, slice.bytes);
    }
    for (const sim::Arrow& arrow : report.arrows) {
      text += fmt::format("; arrow {} {} {} {} {} {}", arrow.from_track, arrow.to_track,
                          arrow.sent.ps(), arrow.received.ps(), arrow.command, arrow.step);
    }
    return text;
  }
  std::string operator()(const Failure& failure) const {
    return text_of(std::make_shared<const Failure>(failure));
  }
  std::string operator()(const wire::ActivityProbe& probe) const {
    return fmt::format("probe {}", probe.wave);
  }
  std::string operator()(const wire::ActivityCount& count) const {
    return fmt::format("count {} {} {} {} {} {}", count.wave, count.sent, count.received,
                       count.idle, count.finished, count.end.ps());
  }
  std::string operator()(const wire::Record& record) const {
    return fmt::format("record {}", record.trace);
  }
  std::string operator()(const wire::ReportQuestion&) const { return "report question"; }
  std::string operator()(const wire::AddressBook& book) const {
    return fmt::format("book {}", fmt::join(book.addresses, " "));
  }
  std::string operator()(const wire::Stop& stop) const { return "stop " + stop.why; }
};

Chunk sample_chunk(const BlockPtr& block, const Region& region) {
  return {.command = 12,
          .from = 3,
          .to = 4,
          .lane = Lane::Down,
          .round = 7,
          .head = sim::Time::nanoseconds(5),
          .tail = sim::Time::nanoseconds(9),
          .streamed = 4096,
          .piece = {.block = block, .region = region, .bytes = 2048}};
}

CommandPtr sample_command(HostTensor::Values values) {
  auto command = std::make_shared<Command>();
  command->number = 42;
  command->op = "write";
  command->view = {0, {1, 2}, {2, 4}};
  command->output_view = {0, {0, 0}, {2, 4}};
  command->inputs = {3, 9};
  command->outputs = {10};
  command->input_specs = {TensorSpec{.shape = {1, 1, 32, 64}, .distribution = {.mesh = {2, 4}}},
                          TensorSpec{.shape = {1, 1, 64, 32}, .distribution = {.mesh = {2, 4}}}};
  command->output_specs = {TensorSpec{.shape = {1, 1, 32, 32}, .distribution = {.mesh = {2, 4}}}};
  command->attributes = {{"scale", 0.5}, {"dims", std::vector<std::int64_t>{0, -1}}};
  command->drops = {1, 2};
  command->dispatched = sim::Time::nanoseconds(7);
  command->issuer = "mlp.decode_forward";
  const auto count =
      static_cast<std::int64_t>(std::visit([](const auto& all) { return all.size(); }, values));
  if (count > 0) {
    command->payload =
        std::make_shared<const HostTensor>(HostTensor{Shape{count}, std::move(values)});
  }
  return command;
}

}  // namespace

Chunk chunk_of(std::size_t bytes, std::int32_t round) {
  const auto words = static_cast<std::int64_t>(bytes / sizeof(std::uint32_t));
  auto buffer = std::make_shared<Buffer>(bytes);
  const std::span<std::uint32_t> all = values<std::uint32_t>(*buffer);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = word(round, i);
  return {.command = 1,
          .from = 3,
          .to = 4,
          .round = round,
          .piece = {.block = std::make_shared<const Block>(Shape{words}, HeldType::UInt32,
                                                           std::move(buffer)),
                    .region = {.row_length = words, .stride = words, .end = words},
                    .bytes = static_cast<std::int64_t>(bytes)}};
}

bool is_chunk_of(const Chunk& chunk, std::size_t bytes, std::int32_t round) {
  if (chunk.round != round || !chunk.piece.block) return false;
  const std::shared_ptr<const Buffer> plain = chunk.piece.block->plain();
  if (plain->size() != bytes) return false;
  const std::span<const std::uint32_t> all = values<std::uint32_t>(*plain);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i] != word(round, i)) return false;
  }
  return true;
}

std::vector<Message> sample_messages() {
  const BlockPtr small = counting_block({8, 96}, HeldType::Bfloat16);
  const BlockPtr wide = counting_block({4, 2048}, HeldType::Float32);
  Chunk signal = sample_chunk(nullptr, {});
  signal.signal = true;
  Chunk failed = sample_chunk(nullptr, slice_region({8, 96}, 1, 1, 3));
  failed.failure =
      std::make_shared<const Failure>(Failure{11, ErrorCode::ChipFailed, "out of range"});
  const std::vector<BlockPtr> blocks{counting_block({2, 3}, HeldType::Int32),
                                     counting_block({2, 5}, HeldType::Int32)};
  wire::Delivery delivery{.read = 77, .chip = 5, .shard = {.shard = Shard(blocks, 1)}};
  delivery.shard.ready = sim::Time::microseconds(3);
  wire::Delivery empty{.read = 78, .chip = 6, .shard = {.shard = Shard(Shape{4, 4})}};
  empty.shard.failure = failed.failure;
  ChipReport report{.chip = 9, .queue_end = sim::Time::nanoseconds(88)};
  report.ops = {{1, sim::Time::nanoseconds(1), sim::Time::nanoseconds(2)}};
  report.links = {{.from = 9, .to = 10, .channel = 1, .bytes = 64, .busy = sim::Time()}};
  report.slices = {{4, sim::Time(), sim::Time::nanoseconds(1), 1, 2, "linear", 64}};
  report.arrows = {{4, 5, sim::Time(), sim::Time::nanoseconds(1), 1, 2}};
  report.waiting_for = "chunk 3";
  return {
      sample_chunk(small, slice_region({8, 96}, 0, 0, 1)),   // All of the block.
      sample_chunk(small, slice_region({8, 96}, 0, 1, 4)),   // Some of its rows.
      sample_chunk(small, slice_region({8, 96}, 1, 1, 3)),   // Short runs.
      sample_chunk(wide, slice_region({4, 2048}, 1, 1, 2)),  // Long runs.
      sample_chunk(wide, part_of(slice_region({4, 2048}, 1, 1, 2), 1, 3)),
      sample_chunk(small, part_of(slice_region({8, 96}, 1, 0, 1), 1, 3)),
      sample_chunk(small, Region{.row_length = 96, .stride = 96}),  // Nothing.
      signal,
      failed,
      sample_command(std::vector<float>{}),
      sample_command(std::vector<float>{1.5F, -2.0F}),
      sample_command(std::vector<std::int32_t>{1, -2, 3}),
      sample_command(std::vector<std::uint32_t>{1, 2}),
      sample_command(std::vector<std::uint16_t>{1, 2, 3}),
      delivery,
      empty,
      report,
      Failure{3, ErrorCode::Mismatch, "chunks that do not belong together"},
      wire::ActivityProbe{4},
      wire::ActivityCount{4, 100, 99, true, 12, sim::Time::nanoseconds(6)},
      wire::Record{true},
      wire::ReportQuestion{},
      wire::AddressBook{{"unix:/a", "tcp:b:1"}},
      wire::Stop{"it closes"},
  };
}

std::string to_text(const Message& message) { return std::visit(Printer{}, message); }

std::vector<std::byte> flattened(const Frame& frame) {
  std::vector<std::byte> bytes = frame.head;
  for (const PayloadPart& part : frame.payload) {
    bytes.insert(bytes.end(), part.bytes.begin(), part.bytes.end());
  }
  return bytes;
}

}  // namespace ttmesh::mesh
