#pragma once

#include <gtest/gtest.h>

#include <optional>

#include "mesh/transport/mpi_frames.hpp"

namespace ttmesh::mesh {

/// Tests of what makes calls of MPI, in a job of one rank, which talks to itself: ctest's
/// mesh_transport_mpi_alone. Skipped elsewhere.
class MpiAlone : public testing::Test {
 protected:
  static constexpr int kSelf = 0;

  void SetUp() override;

  /// The head of a frame that has come, if one has.
  struct Head {
    MPI_Message message = MPI_MESSAGE_NULL;
    int bytes = 0;
  };
  std::optional<Head> match_head() const;

  const MpiTags tags = next_tags();  ///< That no other test has.

 private:
  static MpiTags next_tags();
};

}  // namespace ttmesh::mesh
