#include "modules/weight_file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "mesh/tensor/block.hpp"
#include "mesh/tensor/shard.hpp"
#include "mesh/tensor/tensor_spec.hpp"
#include "mesh/topology/error.hpp"
#include "modules/hash.hpp"

namespace ttmesh::modules {
namespace {

namespace fs = std::filesystem;

static_assert(std::endian::native == std::endian::little, "files are little-endian");

constexpr std::array<char, 8> kMagic{'t', 't', 'w', 'e', 'i', 'g', 'h', 't'};
constexpr std::uint32_t kVersion = 1;
constexpr std::int64_t kMaxRank = 8;

struct Header {
  std::array<char, 8> magic = kMagic;
  std::uint32_t version = kVersion;
  std::uint32_t dtype = 0;
  std::int64_t rank = 0;
  std::array<std::int64_t, kMaxRank> extents{};
};
static_assert(sizeof(Header) == 24 + 8 * kMaxRank, "no padding goes to the file");

Header header_of(const WeightFileSpec& spec) {
  Header header{.dtype = static_cast<std::uint32_t>(spec.dtype), .rank = spec.shape.rank()};
  if (header.rank > kMaxRank) {
    throw std::invalid_argument(fmt::format("[weight_file] shape {} has rank {}, needs at most {}",
                                            to_string(spec.shape), header.rank, kMaxRank));
  }
  for (int dim = 0; dim < spec.shape.rank(); ++dim)
    header.extents[static_cast<std::size_t>(dim)] = spec.shape[dim];
  return header;
}

mesh::TensorSpec whole(const WeightFileSpec& spec) {
  return {.shape = spec.shape, .dtype = spec.dtype};
}

std::size_t payload_bytes(const WeightFileSpec& spec) {
  return static_cast<std::size_t>(spec.shape.volume() *
                                  mesh::held_bytes(mesh::held_type(spec.dtype)));
}

std::span<const std::byte> bytes_of(const Header& header) {
  return std::as_bytes(std::span(&header, 1));
}

[[noreturn]] void refuse(const fs::path& path, const std::string& what) {
  throw mesh::InvalidFile({{.file = path.string(),
                            .line = 0,
                            .field = {},
                            .what = what + "; delete the file, it is made again at the next use"}});
}

[[noreturn]] void fail(const char* what, const fs::path& path) {
  throw fs::filesystem_error(what, path, std::error_code(errno, std::generic_category()));
}

}  // namespace

void write_weight_file(const fs::path& path, const mesh::HostTensor& tensor,
                       const WeightFileSpec& spec) {
  const Header header = header_of(spec);
  const std::shared_ptr<const mesh::Buffer> payload =
      mesh::shard_of(tensor, whole(spec), {}).block().plain();
  const std::uint64_t sum = checksum(bytes_of(header), {payload->data(), payload->size()});

  if (path.has_parent_path()) fs::create_directories(path.parent_path());
  fs::path unfinished = path;
  unfinished += fmt::format(".{}.part", ::getpid());
  {
    std::ofstream out(unfinished, std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char*>(&header), sizeof header);
    out.write(reinterpret_cast<const char*>(&sum), sizeof sum);
    out.write(reinterpret_cast<const char*>(payload->data()),
              static_cast<std::streamsize>(payload->size()));
    out.close();
    if (!out) {
      const int error = errno;
      std::error_code ignored;
      fs::remove(unfinished, ignored);
      errno = error;
      fail("[write_weight_file] cannot write", unfinished);
    }
  }
  fs::rename(unfinished, path);
}

mesh::HostTensor read_weight_file(const fs::path& path, const WeightFileSpec& spec) {
  const Header wanted = header_of(spec);
  std::ifstream in(path, std::ios::binary);
  if (!in) fail("[read_weight_file] cannot open", path);

  // Sizes come from the spec, never from the file.
  const std::uintmax_t size = fs::file_size(path);
  const std::uintmax_t wanted_size = sizeof(Header) + sizeof(std::uint64_t) + payload_bytes(spec);
  Header header;
  std::uint64_t sum = 0;
  if (size < sizeof header + sizeof sum) {
    refuse(path, fmt::format("the file has {} bytes, needs {}", size, wanted_size));
  }
  in.read(reinterpret_cast<char*>(&header), sizeof header);
  in.read(reinterpret_cast<char*>(&sum), sizeof sum);
  if (!in) fail("[read_weight_file] cannot read", path);
  if (header.magic != kMagic) refuse(path, "the file is no weight file: its magic is wrong");
  if (header.version != kVersion) {
    refuse(path, fmt::format("the format has version {}, needs {}", header.version, kVersion));
  }
  if (std::memcmp(&header, &wanted, sizeof header) != 0) {
    refuse(path, fmt::format("the file holds another tensor than {} {}", to_string(spec.shape),
                             mesh::name(spec.dtype)));
  }
  if (size != wanted_size) {
    refuse(path, fmt::format("the file has {} bytes, needs {}", size, wanted_size));
  }
  auto payload = std::make_shared<mesh::Buffer>(payload_bytes(spec));
  in.read(reinterpret_cast<char*>(payload->data()), static_cast<std::streamsize>(payload->size()));
  if (!in) fail("[read_weight_file] cannot read", path);
  if (checksum(bytes_of(header), {payload->data(), payload->size()}) != sum) {
    refuse(path, "the file is damaged: its checksum is wrong");
  }
  return mesh::to_host(mesh::Shard(std::make_shared<const mesh::Block>(
      spec.shape, mesh::held_type(spec.dtype), std::move(payload))));
}

}  // namespace ttmesh::modules
