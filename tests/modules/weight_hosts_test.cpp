#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "mesh/device/mesh_device.hpp"
#include "mesh/device/transfer.hpp"
#include "mesh/program/spec_attributes.hpp"
#include "mesh/tensor/mapper.hpp"
#include "mesh/tensor/random.hpp"
#include "mesh/topology/error.hpp"
#include "mesh/topology/load.hpp"
#include "mesh/transport/address.hpp"
#include "modules/assemble_weight.hpp"
#include "modules/lazy_weight.hpp"
#include "modules/open.hpp"
#include "tests/scratch_folder.hpp"
#include "tests/transport/counting_relay.hpp"

// Where weights come from on a mesh of two hosts, and what of them goes from one to the other.
namespace ttmesh::modules {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr std::int64_t kRows = 512;
constexpr std::int64_t kCols = 2048;
/// More than commands take, less than a weight does.
constexpr std::int64_t kFewBytes = 32 * 1024;

/// T3K's ring over two hosts that talk through a relay; the other one runs on a thread.
class TwoHosts {
 public:
  TwoHosts()
      : relay_(sockets_.path() / "relay", sockets_.path() / "0.socket"), topology_(divided()) {
    other_ = std::thread([this] {
      mesh::serve(topology_, op_table(),
                  options(1, "unix:" + (sockets_.path() / "relay").string()));
    });
    device_ = open(topology_, options(0, "unix:" + (sockets_.path() / "0.socket").string()));
  }
  ~TwoHosts() {
    device_->close();
    other_.join();
  }
  TwoHosts(const TwoHosts&) = delete;
  TwoHosts& operator=(const TwoHosts&) = delete;

  const mesh::MeshDevice& device() const { return *device_; }
  /// Bytes between the hosts until all that `work` has begun is done.
  template <typename Work>
  std::int64_t bytes_of(const Work& work) {
    device_->synchronize();
    const std::int64_t before = relay_.bytes();
    work();
    device_->synchronize();
    return relay_.bytes() - before;
  }

 private:
  static mesh::Topology divided() {
    mesh::Topology topology = mesh::load_topology("t3k:1x8:ring");
    topology.meshes.front().host_shape = {1, 2};
    return topology;
  }
  mesh::OpenOptions options(int rank, const std::string& rank_0) const {
    mesh::OpenOptions options{.threads = 1};
    options.hosting = mesh::Hosting{.rank = rank,
                                    .hosts = 2,
                                    .rank_0 = rank_0,
                                    .own = rank == 0 ? rank_0 : to_string(sockets_.address(rank)),
                                    .token = "secret",
                                    .values = "test"};
    return options;
  }

  mesh::SocketDirectory sockets_;
  mesh::CountingRelay relay_;
  mesh::Topology topology_;
  std::thread other_;
  std::optional<mesh::MeshDevice> device_;
};

class WeightsOfHosts : public testing::Test {
 protected:
  WeightsOfHosts() {
    values_.shape = {kRows, kCols};
    std::vector<float> values(static_cast<std::size_t>(kRows * kCols));
    mesh::fill_normal({.seed = 5}, 0, 1, values);
    values_.values = std::move(values);
  }

  LazyWeightOptions options() const {
    return {.layout = mesh::Layout::Tile,
            .memory = mesh::kDramInterleaved,
            .distribution = mesh::shard_tensor_to_mesh(hosts_.device().shape(), -1),
            .device = hosts_.device()};
  }
  LazyWeight cached() const {
    LazyWeightOptions cached = options();
    cached.cache = WeightCache{folder_.path(), "w1"};
    return LazyWeight(values_, cached);
  }
  std::vector<float> rounded() const {
    return mesh::to_host(LazyWeight(values_, options()).get_device_weight()).floats();
  }
  /// The values as a float32 matrix in a file.
  StoredMatrix stored() const {
    const fs::path path = folder_.path("matrix");
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(values_.floats().data()),
               static_cast<std::streamsize>(values_.floats().size() * sizeof(float)));
    return {.file = path, .rows = kRows, .cols = kCols};
  }
  static WeightAssembly all_of(const StoredMatrix& matrix) {
    return {.shape = {matrix.rows, matrix.cols},
            .parts = {matrix},
            .runs = {{.part = 0, .first = 0, .count = matrix.cols}}};
  }
  /// Changes a byte of a file.
  static void damage(const fs::path& path, std::uintmax_t at) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekg(static_cast<std::streamoff>(at));
    const int byte = file.get();
    file.seekp(static_cast<std::streamoff>(at));
    file.put(static_cast<char>(byte ^ 1));
  }

  ScratchFolder folder_;
  mesh::HostTensor values_;
  TwoHosts hosts_;
};

TEST_F(WeightsOfHosts, TravelWhenTheyAreInMemoryAlone) {
  const LazyWeight weight(values_, options());
  EXPECT_GT(hosts_.bytes_of([&] { (void)weight.get_device_weight(); }), kRows * kCols);
}

TEST_F(WeightsOfHosts, AreReadFromTheCacheByTheirOwners) {
  const std::vector<float> wanted = rounded();
  const LazyWeight made = cached();
  EXPECT_LT(hosts_.bytes_of([&] { (void)made.get_device_weight(); }), kFewBytes);
  const LazyWeight found = cached();
  EXPECT_LT(hosts_.bytes_of([&] { (void)found.get_device_weight(); }), kFewBytes);
  EXPECT_EQ(mesh::to_host(made.get_device_weight()).floats(), wanted);
  EXPECT_EQ(mesh::to_host(found.get_device_weight()).floats(), wanted);
}

TEST_F(WeightsOfHosts, AreReadFromFilesByTheirOwners) {
  const LazyWeight weight(all_of(stored()), options());
  EXPECT_LT(hosts_.bytes_of([&] { (void)weight.get_device_weight(); }), kFewBytes);
  EXPECT_EQ(mesh::to_host(weight.get_device_weight()).floats(), rounded());
}

TEST_F(WeightsOfHosts, TakeAsLongFromTheCacheAsFromMemory) {
  mesh::MeshDevice device = hosts_.device();
  const auto time_of = [&](const LazyWeight& weight) {
    const sim::Time begin = device.synchronize();
    (void)weight.get_device_weight();
    return device.synchronize() - begin;
  };
  EXPECT_EQ(time_of(cached()), time_of(LazyWeight(values_, options())));
}

TEST_F(WeightsOfHosts, NameTheHostThatFindsItsPartDamaged) {
  (void)cached().get_device_weight();
  mesh::MeshDevice(hosts_.device()).synchronize();
  const fs::path path = *cached().cache_path();
  damage(path, fs::file_size(path) - 1);
  const LazyWeight weight = cached();
  const mesh::Tensor tensor = weight.get_device_weight();
  EXPECT_THAT(
      [&] { (void)mesh::to_host(tensor); },
      ThrowsMessage<mesh::Error>(AllOf(HasSubstr("host 1 fails in"), HasSubstr(path.string()),
                                       HasSubstr("the checksum of part 7 is wrong"))));
}

TEST_F(WeightsOfHosts, AreRefusedWhereAnotherFileHasTheirName) {
  const StoredMatrix matrix = stored();
  WeightAssembly promised = stamped(all_of(matrix));
  damage(matrix.file, 0);  // As another host's copy might be.
  mesh::Attributes attributes = mesh::to_attributes(
      {.shape = {kRows, kCols / 8}, .distribution = mesh::resolved(*options().distribution, 2)});
  add_to(attributes, promised);
  const mesh::Tensor tensor = mesh::MeshDevice(hosts_.device())
                                  .enqueue("assemble_weight", {}, std::move(attributes))
                                  .front();
  try {
    (void)mesh::to_host(tensor);
    FAIL() << "the other file was taken";
  } catch (const mesh::Error& error) {
    EXPECT_EQ(error.code(), mesh::ErrorCode::BadFile);
    EXPECT_THAT(error.what(), HasSubstr("needs the same file on every host"));
  }
}

}  // namespace
}  // namespace ttmesh::modules
