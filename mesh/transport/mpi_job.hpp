#pragma once

#include <memory>

namespace ttmesh::mesh {

/// The job that connections are part of, as far as they care. From any thread.
class MpiJob {
 public:
  virtual ~MpiJob() = default;
  /// There is something to do.
  virtual void wake() = 0;
  /// A peer is lost, and MPI may still use `kept`: the job ends with this process.
  virtual void give_up(std::shared_ptr<void> kept) = 0;
};

}  // namespace ttmesh::mesh
