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
#include <vector>

#include "mesh/tensor/block.hpp"
#include "mesh/tensor/placement.hpp"
#include "mesh/topology/error.hpp"
#include "modules/hash.hpp"

namespace ttmesh::modules {
namespace {

namespace fs = std::filesystem;

static_assert(std::endian::native == std::endian::little, "files are little-endian");

constexpr std::array<char, 8> kMagic{'t', 't', 'w', 'e', 'i', 'g', 'h', 't'};
constexpr std::uint32_t kVersion = 2;
constexpr std::int64_t kMaxRank = 8;

struct Header {
  std::array<char, 8> magic = kMagic;
  std::uint32_t version = kVersion;
  std::uint32_t dtype = 0;
  std::int64_t rank = 0;
  std::array<std::int64_t, kMaxRank> extents{};
  std::int64_t parts = 1;
};
static_assert(sizeof(Header) == 32 + 8 * kMaxRank, "no padding goes to the file");

/// What a file begins with: the header, a checksum of each part, and one of all these.
struct Beginning {
  Header header;
  std::vector<std::uint64_t> sums;
  std::uint64_t sum = 0;

  std::size_t bytes() const { return sizeof header + sizeof sum * (sums.size() + 1); }
};

Beginning beginning_of(const mesh::TensorSpec& spec) {
  if (spec.shape.rank() > kMaxRank || mesh::owes_sum(spec.distribution)) {
    throw std::invalid_argument(
        fmt::format("[weight_file] the weight is {}, needs at most {} dims "
                    "and Replicate or Shard along both mesh axes",
                    to_string(spec), kMaxRank));
  }
  Header header{.dtype = static_cast<std::uint32_t>(spec.dtype), .rank = spec.shape.rank()};
  for (int dim = 0; dim < spec.shape.rank(); ++dim)
    header.extents[static_cast<std::size_t>(dim)] = spec.shape[dim];
  for (const int axis : {0, 1}) {
    const bool cut = spec.distribution.along(axis).kind == mesh::Placement::Kind::Shard;
    if (cut) header.parts *= spec.distribution.mesh.extent(axis);
  }
  return {.header = header,
          .sums = std::vector<std::uint64_t>(static_cast<std::size_t>(header.parts))};
}

std::size_t part_bytes(const mesh::TensorSpec& spec) {
  return static_cast<std::size_t>(spec.shape.volume() *
                                  mesh::held_bytes(mesh::held_type(spec.dtype)));
}

std::span<const std::byte> bytes_of(const Header& header) {
  return std::as_bytes(std::span(&header, 1));
}

std::uint64_t sum_of(const Beginning& beginning) {
  return checksum(bytes_of(beginning.header), std::as_bytes(std::span(beginning.sums)));
}

[[noreturn]] void refuse(const fs::path& path, const std::string& what) {
  throw mesh::InvalidFile({{.file = path.string(), .line = 0, .field = {}, .what = what}});
}

[[noreturn]] void refuse_for_good(const fs::path& path, const std::string& what) {
  refuse(path, what + "; delete the file, it is made again at the next use");
}

[[noreturn]] void fail(const char* what, const fs::path& path) {
  throw fs::filesystem_error(what, path, std::error_code(errno, std::generic_category()));
}

std::ifstream opened(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (in) return in;
  refuse(path, fmt::format("cannot read: {}; every host reads the weights of its own chips, so it "
                           "needs this file: put the cache where all hosts see it",
                           std::generic_category().message(errno)));
}

template <typename T>
void read_into(std::ifstream& in, const fs::path& path, std::span<T> values) {
  in.read(reinterpret_cast<char*>(values.data()),
          static_cast<std::streamsize>(values.size_bytes()));
  if (!in) refuse_for_good(path, "the file is cut short");
}

// Sizes come from the spec, never from the file.
Beginning read_beginning(std::ifstream& in, const fs::path& path, const mesh::TensorSpec& spec) {
  const Beginning wanted = beginning_of(spec);
  const std::uintmax_t wanted_size = wanted.bytes() + wanted.sums.size() * part_bytes(spec);
  const std::uintmax_t size = fs::file_size(path);
  if (size < wanted.bytes()) {
    refuse_for_good(path, fmt::format("the file has {} bytes, needs {}", size, wanted_size));
  }
  Beginning found = wanted;
  read_into(in, path, std::span(&found.header, 1));
  read_into(in, path, std::span(found.sums));
  read_into(in, path, std::span(&found.sum, 1));
  if (found.header.magic != kMagic) {
    refuse_for_good(path, "the file is no weight file: its magic is wrong");
  }
  if (found.header.version != kVersion) {
    refuse_for_good(
        path, fmt::format("the format has version {}, needs {}", found.header.version, kVersion));
  }
  if (std::memcmp(&found.header, &wanted.header, sizeof found.header) != 0) {
    refuse_for_good(path, fmt::format("the file holds another tensor than {}", to_string(spec)));
  }
  if (size != wanted_size) {
    refuse_for_good(path, fmt::format("the file has {} bytes, needs {}", size, wanted_size));
  }
  if (found.sum != sum_of(found)) {
    refuse_for_good(path, "the file is damaged: the checksum of its beginning is wrong");
  }
  return found;
}

std::string digest_of(const Beginning& beginning) {
  std::vector<std::uint64_t> all = beginning.sums;
  all.push_back(beginning.sum);
  return hash_text(std::as_bytes(std::span(all)));
}

// A chip that holds the part with each index.
std::vector<mesh::Coordinate> holders(const mesh::Distribution& distribution, std::size_t parts) {
  std::vector<mesh::Coordinate> chips(parts);
  for (int row = 0; row < distribution.mesh.rows; ++row) {
    for (int col = 0; col < distribution.mesh.cols; ++col) {
      chips.at(mesh::part_index(distribution, {row, col})) = {row, col};
    }
  }
  return chips;
}

template <typename T>
void write_values(std::ofstream& out, std::span<const T> values) {
  out.write(reinterpret_cast<const char*>(values.data()),
            static_cast<std::streamsize>(values.size_bytes()));
}

}  // namespace

void write_weight_file(const fs::path& path, const mesh::HostTensor& tensor,
                       const mesh::TensorSpec& spec) {
  Beginning beginning = beginning_of(spec);
  const std::vector<mesh::Coordinate> chips = holders(spec.distribution, beginning.sums.size());

  if (path.has_parent_path()) fs::create_directories(path.parent_path());
  fs::path unfinished = path;
  unfinished += fmt::format(".{}.part", ::getpid());
  {
    std::ofstream out(unfinished, std::ios::binary | std::ios::trunc);
    out.seekp(static_cast<std::streamoff>(beginning.bytes()));
    for (std::size_t part = 0; part < chips.size(); ++part) {
      const auto values = mesh::shard_of(tensor, spec, chips[part]).block().plain();
      const std::span<const std::byte> bytes(values->data(), values->size());
      beginning.sums[part] = checksum({}, bytes);
      write_values(out, bytes);
    }
    beginning.sum = sum_of(beginning);
    out.seekp(0);
    write_values(out, std::span<const Header>(&beginning.header, 1));
    write_values(out, std::span<const std::uint64_t>(beginning.sums));
    write_values(out, std::span<const std::uint64_t>(&beginning.sum, 1));
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

std::string weight_file_digest(const fs::path& path, const mesh::TensorSpec& spec) {
  std::ifstream in = opened(path);
  return digest_of(read_beginning(in, path, spec));
}

mesh::Shard read_weight_part(const fs::path& path, const mesh::TensorSpec& spec,
                             const std::string& digest, std::uint64_t part) {
  std::ifstream in = opened(path);
  const Beginning beginning = read_beginning(in, path, spec);
  if (digest_of(beginning) != digest) {
    refuse(path,
           "holds other values than the file that rank 0 has there; needs the same on every host");
  }
  auto values = std::make_shared<mesh::Buffer>(part_bytes(spec));
  in.seekg(static_cast<std::streamoff>(beginning.bytes() + part * values->size()));
  read_into(in, path, std::span(values->data(), values->size()));
  if (checksum({}, {values->data(), values->size()}) != beginning.sums.at(part)) {
    refuse_for_good(path,
                    fmt::format("the file is damaged: the checksum of part {} is wrong", part));
  }
  return mesh::Shard(std::make_shared<const mesh::Block>(spec.shape, mesh::held_type(spec.dtype),
                                                         std::move(values)));
}

}  // namespace ttmesh::modules
