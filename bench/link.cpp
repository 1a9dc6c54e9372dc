#include "bench/link.hpp"

#include <cstdlib>
#include <future>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "mesh/transport/port_reservation.hpp"

namespace ttmesh::mesh {
namespace {

constexpr std::chrono::seconds kPatience{30};

// What a chunk asks the other host for.
constexpr std::int32_t kNothing = 0;
constexpr std::int32_t kAcknowledgement = 1;
constexpr std::int32_t kEcho = 2;

TransportOptions options_of(int rank) {
  return {.identity = {.rank = rank, .hosts = 2, .token = "bench"}};
}

Chunk asking(Chunk chunk, std::int32_t what) {
  chunk.round = what;
  return chunk;
}

/// Does what chunks ask for, until the first host says goodbye.
void be_the_other(TransportKind kind, const MeetingPlace& place) {
  std::promise<void> ended;
  std::unique_ptr<Transport> self;
  std::promise<void> made;
  const std::shared_future<void> ready(made.get_future());
  const Chunk small = chunk_of(4);
  self = make_transport(kind, options_of(1),
                        {.received =
                             [&](int rank, const Message& message, const Receipt&) {
                               ready.wait();
                               if (const auto* chunk = std::get_if<Chunk>(&message)) {
                                 if (chunk->round == kEcho) (void)self->send(rank, message);
                                 if (chunk->round == kAcknowledgement)
                                   (void)self->send(rank, small);
                               } else if (std::holds_alternative<wire::Stop>(message)) {
                                 ended.set_value();
                               }
                             },
                         .lost = [](int, const std::string&) { std::_Exit(1); },
                         .refused = [](const std::string&, const std::string&) {}});
  made.set_value();
  self->join(place, kPatience);
  ended.get_future().wait();
  self->close();
}

}  // namespace

Link::Link(TransportKind kind) {
  MeetingPlace place;
  MeetingPlace others;
  std::optional<PortReservation> port;
  if (kind == TransportKind::Unix) {
    sockets_.emplace();
    place.rank_0 = to_string(sockets_->address(0));
    others.own = to_string(sockets_->address(1));
  } else if (kind == TransportKind::Tcp) {
    port.emplace();
    place.rank_0 = "tcp:127.0.0.1:" + std::to_string(port->port());
    others.own = "tcp:127.0.0.1:0";
  }
  place.own = place.rank_0;
  others.rank_0 = place.rank_0;
  if (kind != TransportKind::Mpi) {
    other_ = std::make_unique<Forked>([&] { be_the_other(kind, others); });
  }
  transport_ = make_transport(
      kind, options_of(0),
      {.received = [this](int, const Message& message, const Receipt&) { came(message); },
       .lost = [](int, const std::string&) { std::abort(); },
       .refused = [](const std::string&, const std::string&) { std::abort(); }});
  transport_->join(place, kPatience);
}

Link::~Link() { transport_->close(); }

void Link::stream(const Chunk& chunk, int count) {
  left_ = 1;
  const Chunk plain = asking(chunk, kNothing);
  for (int i = 1; i < count; ++i) (void)transport_->send(1, plain);
  (void)transport_->send(1, asking(chunk, kAcknowledgement));
  wait();
}

void Link::round_trips(const Chunk& chunk, int count) {
  left_ = count;
  (void)transport_->send(1, asking(chunk, kEcho));
  wait();
}

void Link::came(const Message& message) {
  if (!std::holds_alternative<Chunk>(message)) return;
  if (left_ > 1) (void)transport_->send(1, message);
  if (left_.fetch_sub(1) == 1) left_.notify_one();
}

void Link::wait() {
  for (int left = left_; left > 0; left = left_) left_.wait(left);
}

std::optional<int> rank_of_two() {
  const char* ranks = std::getenv("OMPI_COMM_WORLD_SIZE");
  const char* rank = std::getenv("OMPI_COMM_WORLD_RANK");
  if (ranks == nullptr || rank == nullptr || std::string_view(ranks) != "2") return std::nullopt;
  return std::atoi(rank);
}

void be_the_other_rank() { be_the_other(TransportKind::Mpi, {}); }

Chunk chunk_of(std::int64_t bytes) {
  const std::int64_t words = bytes / 4;
  auto buffer = std::make_shared<Buffer>(static_cast<std::size_t>(bytes));
  for (float& value : values<float>(*buffer)) value = 1.0F;
  return {.from = 0,
          .to = 1,
          .piece = {.block = std::make_shared<const Block>(Shape{words}, HeldType::Float32,
                                                           std::move(buffer)),
                    .region = {.row_length = words, .stride = words, .end = words},
                    .bytes = bytes}};
}

}  // namespace ttmesh::mesh
