#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "mesh/program/report.hpp"

namespace ttmesh::mesh {

/// What a chip did, as msgpack bytes.
[[nodiscard]] std::vector<std::byte> encode_report(const ChipReport& report);

/// The report that `encode_report` wrote. Throws std::invalid_argument if the bytes are none;
/// allocates no more than a small multiple of `bytes.size()`.
[[nodiscard]] ChipReport decode_report(std::span<const std::byte> bytes);

}  // namespace ttmesh::mesh
