#include "mesh/program/command.hpp"

#include <gtest/gtest.h>

namespace ttmesh::mesh {
namespace {

TEST(Command, PrintsOnOneLine) {
  const TensorSpec spec{.shape = {32, 64}, .distribution = {.mesh = {1, 8}}};
  Command command;
  command.number = 12;
  command.op = "typecast";
  command.inputs = {7};
  command.outputs = {9};
  command.input_specs = {spec};
  command.output_specs = {spec};
  command.attributes = {{"dtype", std::string("bf16")}};
  command.drops = {3, 4};
  command.issuer = "mlp_1d.decode_forward";
  EXPECT_EQ(to_string(command), "#12 typecast(%7 " + to_string(spec) + ") -> %9 " +
                                    to_string(spec) +
                                    " {dtype=bf16} drops %3, %4  ; mlp_1d.decode_forward");
}

TEST(Command, PrintsNoMoreThanItHas) {
  Command command;
  command.number = 3;
  command.op = "free";
  EXPECT_EQ(to_string(command), "#3 free()");
}

}  // namespace
}  // namespace ttmesh::mesh
