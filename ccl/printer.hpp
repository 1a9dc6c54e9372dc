#pragma once

#include <string>

#include "ccl/rehearsal.hpp"

namespace ttmesh::ccl {

/// Draws an algorithm: a column for each chip, a row for each tick, a message taking one tick.
///
///     tick  0      1      2
///     0     <- ->  <- ->  <- ->
///     1     0> <0  1> <1  2> <2
///     2     >2 1<  >0 2<  >1 0<
///
/// `3>` sends slot 3 forward and `<3` backward, `->` and `<-` signal; `>3` and `3<` receive it,
/// `3+=5` reduces and `3=5` copies.
[[nodiscard]] std::string draw(const Algorithm& algorithm, const RehearsalOptions& options);

}  // namespace ttmesh::ccl
