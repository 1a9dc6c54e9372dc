#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mesh/device/mesh_device.hpp"
#include "mesh/topology/error.hpp"
#include "tests/device/small_device.hpp"

namespace ttmesh::mesh {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Throws;
using testing::ThrowsMessage;

TEST(Failure, AReadThrowsTheErrorOfTheLowestCommand) {
  MeshDevice device = small_device("t3k:1x8:ring");
  const Tensor broken = device.enqueue("fail", std::array{ramp(device)}, {}).front();
  const Tensor later = device.enqueue("fail", std::array{broken}, {}).front();
  const Tensor rotated = device.enqueue("rotate", std::array{later}, {}).front();
  EXPECT_THAT([&] { (void)to_host(rotated); },
              ThrowsMessage<Error>(AllOf(HasSubstr("#2 fail"), HasSubstr("broken kernel"))));
}

TEST(Failure, LeavesOtherTensorsReadable) {
  MeshDevice device = small_device("t3k:1x8:ring");
  const Tensor input = ramp(device);
  (void)device.enqueue("fail", std::array{input}, {});
  const Tensor output = device.enqueue("rotate", std::array{input}, {}).front();
  EXPECT_EQ(to_host(output).floats().front(), 8.0F);
}

TEST(Starvation, EndsInAReportOfWhoWaitsForWhat) {
  MeshDevice device = small_device("t3k:1x8:ring");
  const Tensor input = ramp(device);
  const CallScope scope(device, "mlp");
  (void)device.enqueue("greedy", std::array{input}, {});
  EXPECT_THAT(
      [&] { (void)device.synchronize(); },
      ThrowsMessage<Error>(AllOf(
          HasSubstr("commands are unfinished; 8 chips wait"),
          HasSubstr("chip 3 waits in #2 greedy (mlp) for step 0: receive slot 1 from chip 2"))));
}

TEST(Starvation, HasItsOwnErrorCode) {
  MeshDevice device = small_device("t3k:1x2:line");
  const Tensor starved = device.enqueue("greedy", std::array{ramp(device)}, {}).front();
  EXPECT_THAT([&] { (void)to_host(starved); },
              Throws<Error>(testing::Property(&Error::code, ErrorCode::Starvation)));
}

TEST(Starvation, EndsACallThatWaitsForTheCommandWindow) {
  MeshDevice device = small_device("t3k:1x2:line");
  Tensor tensor = device.enqueue("greedy", std::array{ramp(device)}, {}).front();
  const auto flood = [&] {
    for (int i = 0; i < 2'000; ++i) tensor = device.enqueue("keep", std::array{tensor}, {}).front();
  };
  EXPECT_THAT(flood, Throws<Error>(testing::Property(&Error::code, ErrorCode::Starvation)));
}

TEST(Starvation, DoesNotKeepTheDeviceFromClosing) {
  MeshDevice device = small_device("tg");
  (void)device.enqueue("greedy", std::array{ramp(device)}, {});
  device.close();
}

TEST(Starvation, DoesNotKeepAForgottenDeviceAlive) {
  MeshDevice device = small_device("tg");
  (void)device.enqueue("greedy", std::array{ramp(device)}, {});
}

}  // namespace
}  // namespace ttmesh::mesh
