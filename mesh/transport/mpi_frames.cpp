#include "mesh/transport/mpi_frames.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <span>
#include <stdexcept>
#include <utility>

namespace ttmesh::mesh {
namespace {

/// MPI counts bytes in an int, and holds up the thread while it copies a section.
constexpr std::size_t kSectionBytes = std::size_t{4} << 20U;

/// What is asked for at once; the thread has signs of life to give in between.
constexpr std::size_t kMaxAskedBytes = std::size_t{16} << 20U;

/// A payload of this length may take longer to be read than the thread may be without a sign of
/// life: the values of a tensor are copied.
constexpr std::size_t kLongPayloadBytes = std::size_t{8} << 20U;

/// Tags up to 32,767 are allowed everywhere.
constexpr int kTransports = 16'000;

template <typename Byte>
using Section = std::vector<std::span<Byte>>;

/// The bytes of `parts`, one after another, in sections of kSectionBytes: the same cuts for sender
/// and receiver, whose parts differ.
template <typename Byte>
std::vector<Section<Byte>> sections_of(const std::vector<std::span<Byte>>& parts) {
  std::vector<Section<Byte>> sections;
  std::size_t room = 0;
  for (std::span<Byte> part : parts) {
    while (!part.empty()) {
      if (room == 0) {
        sections.emplace_back();
        room = kSectionBytes;
      }
      const std::size_t bytes = std::min(room, part.size());
      sections.back().push_back(part.first(bytes));
      part = part.subspan(bytes);
      room -= bytes;
    }
  }
  return sections;
}

/// What MPI is told of a section: where it is, how many, of which type.
class Extent {
 public:
  template <typename Byte>
  explicit Extent(const Section<Byte>& section) {
    if (section.size() == 1) {
      address_ = const_cast<std::byte*>(section.front().data());
      count_ = static_cast<int>(section.front().size());
      return;
    }
    std::vector<int> lengths;
    std::vector<MPI_Aint> places;
    for (const std::span<Byte>& part : section) {
      lengths.push_back(static_cast<int>(part.size()));
      MPI_Aint place = 0;
      require_success(MPI_Get_address(part.data(), &place), "MPI_Get_address");
      places.push_back(place);
    }
    require_success(MPI_Type_create_hindexed(static_cast<int>(section.size()), lengths.data(),
                                             places.data(), MPI_BYTE, &type_),
                    "MPI_Type_create_hindexed");
    is_own_ = true;
    require_success(MPI_Type_commit(&type_), "MPI_Type_commit");
  }
  ~Extent() {
    if (is_own_) MPI_Type_free(&type_);  // MPI keeps it for as long as it is in use.
  }
  Extent(const Extent&) = delete;
  Extent& operator=(const Extent&) = delete;

  void* address() const { return address_; }
  int count() const { return count_; }
  MPI_Datatype type() const { return type_; }

 private:
  void* address_ = MPI_BOTTOM;
  int count_ = 1;
  MPI_Datatype type_ = MPI_BYTE;
  bool is_own_ = false;
};

bool all_done(std::vector<MPI_Request>& requests) {
  int done = 0;
  require_success(
      MPI_Testall(static_cast<int>(requests.size()), requests.data(), &done, MPI_STATUSES_IGNORE),
      "MPI_Testall");
  return done != 0;
}

}  // namespace

MpiTags tags_of(int transport) {
  const int first = 2 * (transport % kTransports);
  return {.heads = first, .payloads = first + 1};
}

void MpiFrameWriter::write(Frame frame) {
  UnderWay& under_way = under_way_.emplace_back();
  under_way.frame = std::move(frame);
  bytes_ += under_way.frame.bytes();
  const std::vector<std::byte>& head = under_way.frame.head;
  require_success(MPI_Isend(head.data(), static_cast<int>(head.size()), MPI_BYTE, rank_,
                            tags_.heads, MPI_COMM_WORLD, &under_way.requests.emplace_back()),
                  "MPI_Isend");
  std::vector<std::span<const std::byte>> parts;
  for (const PayloadPart& part : under_way.frame.payload) parts.push_back(part.bytes);
  for (const Section<const std::byte>& section : sections_of(parts)) {
    const Extent extent(section);
    require_success(MPI_Isend(extent.address(), extent.count(), extent.type(), rank_,
                              tags_.payloads, MPI_COMM_WORLD, &under_way.requests.emplace_back()),
                    "MPI_Isend");
  }
}

std::size_t MpiFrameWriter::reap() {
  std::size_t through = 0;
  while (!under_way_.empty() && all_done(under_way_.front().requests)) {
    through += under_way_.front().frame.bytes();
    under_way_.pop_front();
  }
  bytes_ -= through;
  return through;
}

void MpiFrameReader::take(MPI_Message head, int bytes) {
  const auto length = static_cast<std::size_t>(bytes);
  if (length < kPreambleBytes || length - kPreambleBytes > limits_.header_bytes) {
    throw std::invalid_argument(
        fmt::format("[take] the head of a frame has {} bytes, needs {} to "
                    "{}",
                    length, kPreambleBytes, kPreambleBytes + limits_.header_bytes));
  }
  Arriving& arriving = arriving_.emplace_back();
  arriving.head.resize(length);
  require_success(MPI_Imrecv(arriving.head.data(), bytes, MPI_BYTE, &head, &arriving.head_request),
                  "MPI_Imrecv");
}

void MpiFrameReader::ask() {
  note_filled();
  // Sections are matched in the order in which they are asked for: that of the heads.
  std::size_t bytes = 0;
  for (Arriving& arriving : arriving_) {
    if (!arriving.has_head) {
      int done = 0;
      require_success(MPI_Test(&arriving.head_request, &done, MPI_STATUS_IGNORE), "MPI_Test");
      if (done == 0) return;
      begin_payload(arriving);
      arriving.has_head = true;
    }
    while (arriving.asked < arriving.sections.size()) {
      if (bytes >= kMaxAskedBytes || asked_bytes_ >= kMaxAskedBytes) return;
      ask_for_section(arriving);
      bytes += asked_.back().bytes;
    }
  }
}

std::optional<ReceivedFrame> MpiFrameReader::next() {
  note_filled();
  if (arriving_.empty() || !arriving_.front().has_head ||
      arriving_.front().filled < arriving_.front().sections.size()) {
    return std::nullopt;
  }
  Arriving& first = arriving_.front();
  if (first.pending && !read_message(first)) return std::nullopt;
  ReceivedFrame frame = std::move(first.frame);
  arriving_.pop_front();
  return frame;
}

bool MpiFrameReader::read_message(Arriving& arriving) {
  if (arriving.frame.preamble.payload_bytes < kLongPayloadBytes) {
    arriving.frame.message = arriving.pending->finish();
    return true;
  }
  std::future<Message>& message = arriving.message;
  if (!message.valid()) {
    message = std::async(std::launch::async, [&arriving] { return arriving.pending->finish(); });
  }
  if (message.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return false;
  arriving.frame.message = message.get();
  return true;
}

void MpiFrameReader::note_filled() {
  while (!asked_.empty()) {
    Asked& oldest = asked_.front();
    int done = 0;
    require_success(MPI_Test(&oldest.request, &done, MPI_STATUS_IGNORE), "MPI_Test");
    if (done == 0) return;
    ++oldest.of->filled;
    asked_bytes_ -= oldest.bytes;
    asked_.pop_front();
  }
}

void MpiFrameReader::ask_for_section(Arriving& arriving) {
  const Section<std::byte>& section = arriving.sections[arriving.asked];
  Asked& asked = asked_.emplace_back();
  asked.of = &arriving;
  for (const std::span<std::byte>& part : section) asked.bytes += part.size();
  const Extent extent(section);
  require_success(MPI_Irecv(extent.address(), extent.count(), extent.type(), rank_, tags_.payloads,
                            MPI_COMM_WORLD, &asked.request),
                  "MPI_Irecv");
  ++arriving.asked;
  asked_bytes_ += asked.bytes;
}

void MpiFrameReader::begin_payload(Arriving& arriving) {
  const auto head = std::span<const std::byte>(arriving.head);
  const Preamble preamble = decode_preamble(head.first<kPreambleBytes>(), limits_);
  const std::span<const std::byte> header = head.subspan(kPreambleBytes);
  arriving.frame.preamble = preamble;
  if (header.size() != preamble.header_bytes) {
    throw std::invalid_argument(
        fmt::format("[MpiFrameReader] a header of {} bytes, announced with "
                    "{}",
                    header.size(), preamble.header_bytes));
  }
  if (!is_message(preamble.kind)) {
    if (preamble.payload_bytes > 0) {
      throw std::invalid_argument(
          fmt::format("[MpiFrameReader] a frame of kind {} with a payload of {} bytes, needs none",
                      static_cast<int>(preamble.kind), preamble.payload_bytes));
    }
    arriving.frame.header.assign(header.begin(), header.end());
    return;
  }
  arriving.pending.emplace(preamble, header);
  std::vector<std::span<std::byte>> parts;
  for (const std::shared_ptr<Buffer>& buffer : arriving.pending->buffers()) {
    parts.emplace_back(buffer->data(), buffer->size());
  }
  arriving.sections = sections_of(parts);
}

}  // namespace ttmesh::mesh
