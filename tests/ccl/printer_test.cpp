#include "ccl/printer.hpp"

#include <gtest/gtest.h>

#include "ccl/line_reduce_scatter.hpp"
#include "ccl/ring_all_gather.hpp"

namespace ttmesh::ccl {
namespace {

TEST(Printer, DrawsTheRingAllGatherOfTheReadme) {
  const Algorithm algorithm = [](const Member& member) { return ring_all_gather(member, 0, 1); };
  EXPECT_EQ(draw(algorithm, {.size = 3, .topology = Topology::Ring}),
            "tick  0      1      2\n"
            "0     <- ->  <- ->  <- ->\n"
            "1     0> <0  1> <1  2> <2\n"
            "2     >2 1<  >0 2<  >1 0<\n");
}

TEST(Printer, DrawsReductions) {
  const Algorithm algorithm = [](const Member& member) { return line_reduce_scatter(member, 0); };
  EXPECT_EQ(draw(algorithm, {.size = 2}),
            "tick  0        1\n"
            "0     ->       <-\n"
            "1     1>       <0\n"
            "2     3< 0+=3  >2 1+=2\n");
}

TEST(Printer, AppendsFaults) {
  const Algorithm algorithm = [](const Member& member) {
    mesh::StepPlan plan = line_reduce_scatter(member, 0);
    plan.slots.slots = 1;
    plan.slots.input_slices = 1;
    return plan;
  };
  EXPECT_NE(draw(algorithm, {.size = 2}).find("there is no such slot"), std::string::npos);
}

}  // namespace
}  // namespace ttmesh::ccl
