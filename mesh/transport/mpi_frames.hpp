#pragma once

#include <cstddef>
#include <deque>
#include <future>
#include <optional>
#include <span>
#include <vector>

#include "mesh/transport/frame.hpp"
#include "mesh/transport/frame_reader.hpp"
#include "mesh/transport/mpi_call.hpp"

// Included by the sources of mpi_* alone, so that MPI's header does not spread.
namespace ttmesh::mesh {

/// The two kinds of MPI message that carry frames between two ranks: preamble and header of each
/// frame in one, its payload in as many others as it needs. Each kind keeps its order.
struct MpiTags {
  int heads = 0;
  int payloads = 1;
};

/// The tags of one transport after another in the same processes.
[[nodiscard]] MpiTags tags_of(int transport);

/// Frames to one rank. MPI reads payloads from where they are.
class MpiFrameWriter {
 public:
  MpiFrameWriter(int rank, MpiTags tags) : rank_(rank), tags_(tags) {}

  /// Hands a frame to MPI. Throws std::runtime_error if it does not take it.
  void write(Frame frame);
  /// Lets go of frames that are through, oldest first. Returns their bytes.
  std::size_t reap();

  [[nodiscard]] std::size_t frames() const { return under_way_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  struct UnderWay {
    Frame frame;
    std::vector<MPI_Request> requests;
  };

  int rank_;
  MpiTags tags_;
  std::deque<UnderWay> under_way_;
  std::size_t bytes_ = 0;
};

/// Frames of one rank. MPI writes payloads to where they stay.
class MpiFrameReader {
 public:
  MpiFrameReader(int rank, MpiTags tags, FrameLimits limits)
      : rank_(rank), tags_(tags), limits_(limits) {}

  /// Takes a frame's head, a message of `bytes` that MPI has matched.
  /// Throws std::invalid_argument if it is too long or too short.
  void take(MPI_Message head, int bytes);
  /// Asks MPI for payloads whose heads have come. MPI may copy them on the spot, so one call asks
  /// for 16 MiB at most. Throws std::invalid_argument if what came is no frame, std::runtime_error
  /// if MPI cannot go on; the reader is of no use after that.
  void ask();
  /// The next whole frame, if it has come. Throws as `ask`.
  [[nodiscard]] std::optional<ReceivedFrame> next();

  /// MPI is filling a payload.
  [[nodiscard]] bool is_filling() const { return !asked_.empty(); }

 private:
  struct Arriving {
    std::vector<std::byte> head;
    MPI_Request head_request = MPI_REQUEST_NULL;
    bool has_head = false;
    ReceivedFrame frame;
    std::optional<PendingMessage> pending;
    std::vector<std::vector<std::span<std::byte>>> sections;  ///< Of the payload.
    std::size_t asked = 0;                                    ///< Of these, from the first on.
    std::size_t filled = 0;
    std::future<Message> message;  ///< Of a long payload, which is read on a thread of its own.
  };
  /// A section that MPI has been asked for.
  struct Asked {
    MPI_Request request = MPI_REQUEST_NULL;
    std::size_t bytes = 0;
    Arriving* of = nullptr;
  };

  void begin_payload(Arriving& arriving);
  void ask_for_section(Arriving& arriving);
  void note_filled();
  bool read_message(Arriving& arriving);

  int rank_;
  MpiTags tags_;
  FrameLimits limits_;
  std::deque<Arriving> arriving_;
  std::deque<Asked> asked_;  ///< Not filled yet, in the order of the payload.
  std::size_t asked_bytes_ = 0;
};

}  // namespace ttmesh::mesh
