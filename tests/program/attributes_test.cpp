#include "mesh/program/attributes.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "mesh/program/spec_attributes.hpp"

namespace ttmesh::mesh {
namespace {

TEST(Attributes, KeepTheirOrderAndPrint) {
  Attributes attributes{{"dim", std::int64_t{3}}, {"activation", std::string("silu")}};
  attributes.set("grid", std::vector<std::int64_t>{8, 4});
  EXPECT_EQ(to_string(attributes), "dim=3 activation=silu grid=[8,4]");
}

TEST(Attributes, SetReplacesAValue) {
  Attributes attributes{{"dim", std::int64_t{3}}};
  attributes.set("dim", std::int64_t{1});
  EXPECT_EQ(attributes.entries().size(), 1U);
  EXPECT_EQ(attributes.integer("dim"), 1);
}

TEST(Attributes, RefuseToReadAnotherKind) {
  const Attributes attributes{{"dim", std::int64_t{3}}};
  EXPECT_THROW((void)attributes.text("dim"), std::logic_error);
  EXPECT_THROW((void)attributes.integer("axis"), std::logic_error);
}

TEST(SpecAttributes, RoundTrip) {
  const TensorSpec spec{
      .shape = {1, 1, 32, 896},
      .dtype = DataType::Bfp8B,
      .layout = Layout::Tile,
      .memory = {BufferType::L1, MemoryLayout::WidthSharded, 28},
      .distribution = {.mesh = {4, 8}, .placements = {shard(3), partial()}, .outer_axis = 1}};
  EXPECT_EQ(spec_of(to_attributes(spec)), spec);
}

}  // namespace
}  // namespace ttmesh::mesh
