#include "tests/transport/mpi_alone.hpp"

#include <cstdlib>
#include <string_view>

namespace ttmesh::mesh {
namespace {

bool is_alone() {
  const char* job = std::getenv("TTMESH_TEST_MPI");
  return job != nullptr && std::string_view(job) == "alone";
}

/// MPI, from before the first test to after the last.
class Mpi : public testing::Environment {
 public:
  void SetUp() override {
    if (!is_alone()) return;
    int provided = MPI_THREAD_SINGLE;
    require_success(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided),
                    "MPI_Init_thread");
    ASSERT_GE(provided, MPI_THREAD_FUNNELED);
  }
  void TearDown() override {
    if (is_alone()) MPI_Finalize();
  }
};

[[maybe_unused]] testing::Environment* const kMpi =
    testing::AddGlobalTestEnvironment(new Mpi);  // GoogleTest deletes it.

}  // namespace

void MpiAlone::SetUp() {
  if (!is_alone()) GTEST_SKIP() << "no job of MPI: ctest -R mesh_transport_mpi_alone";
}

std::optional<MpiAlone::Head> MpiAlone::match_head() const {
  int found = 0;
  Head head;
  MPI_Status status;
  require_success(
      MPI_Improbe(MPI_ANY_SOURCE, tags.heads, MPI_COMM_WORLD, &found, &head.message, &status),
      "MPI_Improbe");
  if (found == 0) return std::nullopt;
  require_success(MPI_Get_count(&status, MPI_BYTE, &head.bytes), "MPI_Get_count");
  return head;
}

MpiTags MpiAlone::next_tags() {
  static int last = 0;
  return tags_of(last++);
}

}  // namespace ttmesh::mesh
