#pragma once

#include <cstdint>
#include <vector>

#include "mesh/program/machine.hpp"
#include "sim/collective_model.hpp"
#include "sim/time.hpp"

namespace ttmesh::ccl::test {

/// What collectives take on an idle line or ring of equal links: the closed forms of ccl/README.md.
///
/// n chips; what each of them gathers, owns or sends to another is a *slice* of whole pages: one,
/// or a multiple of twice the links.
class ClosedForms {
 public:
  ClosedForms(const mesh::Machine& machine, int chips, std::int64_t slice_pages,
              std::int64_t page_bytes);

  sim::Time all_gather_line() const;
  sim::Time all_gather_ring() const;
  sim::Time all_gather_one_way() const;
  sim::Time reduce_scatter_line() const;
  sim::Time reduce_scatter_ring() const;
  sim::Time reduce_scatter_one_way() const;
  sim::Time reduce_scatter_direct() const;
  sim::Time all_to_all_line() const;
  sim::Time all_to_all_ring() const;
  /// A slice over so many hops: to the end of a line, or half around a ring.
  sim::Time multicast(int hops, bool ring) const;
  sim::Time barrier(int hops) const;

 private:
  /// Chunks that a worker sends one after another, each of so many bytes over all links.
  struct Stream {
    sim::Engine engine;
    bool ring;
    std::int64_t packet_bytes = 0;  ///< 0: the link's.
    std::int64_t sent = 0;
    /// Time of the next chunk on the first link, which has the most of it.
    sim::Time next(const ClosedForms& forms, std::int64_t bytes);
    sim::Time several(const ClosedForms& forms, int count, std::int64_t bytes);
  };

  /// Slices that a chip passes on at each hop, in one direction: `counts[chip][hop]`.
  using Counts = std::vector<std::vector<int>>;
  /// When the last slice of an exchange arrives in one direction, lanes opening at `opened`.
  sim::Time exchanged(const Counts& counts, const std::vector<sim::Time>& opened, bool ring) const;

  bool halves() const { return chips_ % 2 == 0 && slice_ > page_; }
  int rounds() const { return chips_ / 2; }
  sim::Time hop() const;                         ///< Latency of a link.
  sim::Time signal() const;                      ///< A barrier signal over one hop.
  std::int64_t share(std::int64_t bytes) const;  ///< Of the first link.
  sim::Time head(std::int64_t bytes, std::int64_t packet_bytes = 0) const;
  sim::Time copied(std::int64_t bytes, std::int64_t packet_bytes = 0) const;
  /// The slices that come to a chip around a ring on the busier lane, one after another.
  sim::Time around(Stream stream) const;

  const sim::CollectiveModel& model_;
  const sim::LinkModel& link_;
  int links_;
  int chips_;
  std::int64_t page_;
  std::int64_t slice_;  ///< Bytes.
};

}  // namespace ttmesh::ccl::test
