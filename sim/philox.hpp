#pragma once

#include <array>
#include <cstdint>

namespace ttmesh::sim {

constexpr int kPhiloxRounds = 10;
constexpr std::array<std::uint32_t, 2> kPhiloxMultipliers{0xD2511F53U, 0xCD9E8D57U};
constexpr std::array<std::uint32_t, 2> kPhiloxKeySteps{0x9E3779B9U, 0xBB67AE85U};

/// 128 random bits that depend on counter and key alone: the oracle for the SIMD code.
/// Source: Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3 (SC 2011), Philox4x32-10.
[[nodiscard]] std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                                      std::array<std::uint32_t, 2> key);

}  // namespace ttmesh::sim
