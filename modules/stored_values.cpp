#include "modules/stored_values.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <system_error>
#include <vector>

#include "mesh/topology/error.hpp"
#include "modules/hash.hpp"

namespace ttmesh::modules {
namespace {

/// Bytes read at once, where the file has them one after another.
constexpr std::int64_t kBufferBytes = std::int64_t{1} << 20;

class File {
 public:
  explicit File(const std::filesystem::path& path)
      : path_(path), descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (descriptor_ < 0) fail(std::generic_category().message(errno));
  }
  ~File() { ::close(descriptor_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  std::uint64_t size() const {
    struct ::stat status {};
    if (::fstat(descriptor_, &status) != 0) fail(std::generic_category().message(errno));
    return static_cast<std::uint64_t>(status.st_size);
  }

  void read(std::uint64_t offset, std::span<std::byte> out) const {
    while (!out.empty()) {
      const ::ssize_t count =
          ::pread(descriptor_, out.data(), out.size(), static_cast<::off_t>(offset));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail(std::generic_category().message(errno));
      if (count == 0) fail(fmt::format("it has {} bytes, needs byte {}", size(), offset));
      out = out.subspan(static_cast<std::size_t>(count));
      offset += static_cast<std::uint64_t>(count);
    }
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw mesh::InvalidFile({{.file = path_.string(),
                              .line = 0,
                              .field = {},
                              .what = fmt::format("cannot read: {}; every host reads the weights "
                                                  "of its own chips, so it needs this file",
                                                  what)}});
  }

  const std::filesystem::path& path_;
  int descriptor_;
};

float from_half(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000U) << 16U;
  const std::uint32_t exponent = (half >> 10U) & 0x1FU;
  const std::uint32_t mantissa = half & 0x3FFU;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24F;
    return sign != 0 ? -magnitude : magnitude;
  }
  const std::uint32_t biased = exponent == 0x1F ? 0xFFU : exponent + 112;
  return std::bit_cast<float>(sign | (biased << 23U) | (mantissa << 13U));
}

void widen(StoredType type, std::span<const std::byte> in, float* out) {
  if (type == StoredType::Float32) {
    std::memcpy(out, in.data(), in.size());
    return;
  }
  const std::size_t count = in.size() / 2;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, in.data() + 2 * i, sizeof bits);
    out[i] = type == StoredType::Bfloat16
                 ? std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U)
                 : from_half(bits);
  }
}

/// Lines of `length` values that the file has one after another, `stride` values apart.
struct Lines {
  std::int64_t first;
  std::int64_t count;
  std::int64_t begin;
  std::int64_t length;
  std::int64_t stride;
};

// Calls take(index of the line from 0, its values).
template <typename Take>
void read_lines(const StoredMatrix& matrix, const Lines& lines, const Take& take) {
  const File file(matrix.file);
  const std::int64_t size = stored_bytes(matrix.type);
  const bool adjacent = lines.length == lines.stride;
  const std::int64_t at_once =
      adjacent ? std::clamp<std::int64_t>(kBufferBytes / (lines.length * size), 1, lines.count) : 1;
  std::vector<std::byte> bytes(static_cast<std::size_t>(at_once * lines.length * size));
  std::vector<float> values(static_cast<std::size_t>(at_once * lines.length));
  for (std::int64_t line = 0; line < lines.count; line += at_once) {
    const std::int64_t now = std::min(at_once, lines.count - line);
    const auto count = static_cast<std::size_t>(now * lines.length);
    const std::int64_t first = (lines.first + line) * lines.stride + lines.begin;
    const std::span<std::byte> part =
        std::span(bytes).first(count * static_cast<std::size_t>(size));
    file.read(matrix.offset + static_cast<std::uint64_t>(first * size), part);
    widen(matrix.type, part, values.data());
    for (std::int64_t i = 0; i < now; ++i)
      take(line + i, &values[static_cast<std::size_t>(i * lines.length)]);
  }
}

}  // namespace

static_assert(std::endian::native == std::endian::little, "files are little-endian");

void read_stored(const StoredMatrix& matrix, const MatrixBlock& block, std::span<float> out) {
  if (block.rows == 0 || block.cols == 0) return;
  if (!matrix.transposed) {
    read_lines(matrix, {block.first_row, block.rows, block.first_col, block.cols, matrix.cols},
               [&](std::int64_t row, const float* values) {
                 std::copy_n(values, block.cols, &out[static_cast<std::size_t>(row * block.cols)]);
               });
    return;
  }
  // A few columns at a time: writing one would touch a cache line for each value.
  constexpr std::int64_t kPanel = 16;
  std::vector<float> panel(static_cast<std::size_t>(kPanel * block.rows));
  read_lines(matrix, {block.first_col, block.cols, block.first_row, block.rows, matrix.rows},
             [&](std::int64_t col, const float* values) {
               const std::int64_t within = col % kPanel;
               std::copy_n(values, block.rows,
                           &panel[static_cast<std::size_t>(within * block.rows)]);
               if (within != kPanel - 1 && col != block.cols - 1) return;
               const std::int64_t first = col - within;
               for (std::int64_t row = 0; row < block.rows; ++row) {
                 float* to = &out[static_cast<std::size_t>(row * block.cols + first)];
                 for (std::int64_t i = 0; i <= within; ++i) {
                   to[i] = panel[static_cast<std::size_t>(i * block.rows + row)];
                 }
               }
             });
}

std::string stamp_of(const StoredMatrix& matrix) {
  constexpr std::uint64_t kPages = 16;
  constexpr std::uint64_t kPageBytes = 4096;
  const File file(matrix.file);
  const auto bytes =
      static_cast<std::uint64_t>(matrix.rows * matrix.cols * stored_bytes(matrix.type));
  const bool whole = bytes <= kPages * kPageBytes;
  std::vector<std::byte> sample(whole ? bytes : kPages * kPageBytes);
  if (whole) {
    file.read(matrix.offset, sample);
  } else {
    for (std::uint64_t page = 0; page < kPages; ++page) {
      const std::uint64_t at = (bytes - kPageBytes) / (kPages - 1) * page;
      file.read(matrix.offset + (page == kPages - 1 ? bytes - kPageBytes : at),
                std::span(sample).subspan(page * kPageBytes, kPageBytes));
    }
  }
  return fmt::format("{} in a file of {} bytes", hash_text(sample).substr(0, 16), file.size());
}

}  // namespace ttmesh::modules
