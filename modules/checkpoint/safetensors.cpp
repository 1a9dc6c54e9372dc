#include "modules/checkpoint/safetensors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include "mesh/topology/error.hpp"
#include "modules/checkpoint/json_file.hpp"

namespace ttmesh::modules {
namespace {

using nlohmann::json;

constexpr std::uint64_t kLengthBytes = 8;
/// Source: the safetensors reference implementation's limit.
constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;
constexpr std::size_t kMaxRank = 8;

struct Dtype {
  std::string_view name;
  std::uint64_t bytes;
};

/// Source: the safetensors format; sub-byte types are left out.
constexpr std::array<Dtype, 15> kDtypes{{{"BOOL", 1},
                                         {"U8", 1},
                                         {"I8", 1},
                                         {"F8_E5M2", 1},
                                         {"F8_E4M3", 1},
                                         {"F8_E8M0", 1},
                                         {"I16", 2},
                                         {"U16", 2},
                                         {"F16", 2},
                                         {"BF16", 2},
                                         {"I32", 4},
                                         {"U32", 4},
                                         {"F32", 4},
                                         {"F64", 8},
                                         {"I64", 8}}};

/// Gathers the mistakes of a file.
class Problems {
 public:
  explicit Problems(std::string file) : file_(std::move(file)) {}

  void add(const std::string& field, const std::string& what) {
    problems_.push_back({.file = file_, .line = 0, .field = field, .what = what});
  }
  [[noreturn]] void refuse(const std::string& what) {
    add({}, what);
    throw mesh::InvalidFile(problems_);
  }
  void check() const {
    if (!problems_.empty()) throw mesh::InvalidFile(problems_);
  }

 private:
  std::string file_;
  std::vector<mesh::Problem> problems_;
};

std::uint64_t header_bytes(Problems& problems, std::string_view beginning,
                           std::uint64_t file_bytes) {
  if (file_bytes < kLengthBytes || beginning.size() < kLengthBytes) {
    problems.refuse(fmt::format("the file has {} bytes, needs at least {}: the header's length",
                                file_bytes, kLengthBytes));
  }
  std::uint64_t length = 0;
  for (std::size_t i = kLengthBytes; i > 0; --i) {
    length = length << 8U | static_cast<unsigned char>(beginning[i - 1]);
  }
  if (length > kMaxHeaderBytes) {
    problems.refuse(
        fmt::format("the header has {} bytes, needs at most {}; this may be no "
                    "safetensors file",
                    length, kMaxHeaderBytes));
  }
  if (length > file_bytes - kLengthBytes) {
    problems.refuse(
        fmt::format("the file has {} bytes, needs {} for the header alone: it is cut "
                    "short",
                    file_bytes, kLengthBytes + length));
  }
  return length;
}

/// A whole number that fits, or nothing.
std::optional<std::uint64_t> whole(const json& value) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > kMost) return std::nullopt;
  return value.get<std::uint64_t>();
}

/// Bytes of so many values; nothing if that is more than a file can have.
std::optional<std::uint64_t> bytes_of(std::span<const std::int64_t> dims, std::uint64_t size) {
  std::uint64_t bytes = size;
  for (const std::int64_t dim : dims) {
    if (__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(dim), &bytes)) return std::nullopt;
  }
  return bytes;
}

// The entry of one tensor, whose offsets count from the end of the header.
std::optional<StoredTensor> tensor_of(Problems& problems, const std::string& name,
                                      const json& entry) {
  const auto refuse = [&](const std::string& what) {
    problems.add(name, what);
    return std::nullopt;
  };
  if (!entry.is_object() || !entry.contains("dtype") || !entry.contains("shape") ||
      !entry.contains("data_offsets") || entry.size() != 3) {
    return refuse("needs exactly dtype, shape and data_offsets");
  }
  const json& dtype = entry["dtype"];
  const auto* known = dtype.is_string()
                          ? std::find_if(kDtypes.begin(), kDtypes.end(),
                                         [&](const Dtype& d) {
                                           return d.name == dtype.get_ref<const std::string&>();
                                         })
                          : kDtypes.end();
  if (known == kDtypes.end()) {
    std::vector<std::string_view> names;
    for (const Dtype& d : kDtypes) names.push_back(d.name);
    return refuse(
        fmt::format("dtype is {}, needs one of {}", dtype.dump(), fmt::join(names, ", ")));
  }
  const json& shape = entry["shape"];
  std::vector<std::int64_t> dims;
  if (!shape.is_array() || shape.size() > kMaxRank) {
    return refuse(fmt::format("shape needs a list of at most {} extents", kMaxRank));
  }
  for (const json& dim : shape) {
    const auto extent = whole(dim);
    if (!extent)
      return refuse(fmt::format("shape has extent {}, needs a whole number", dim.dump()));
    dims.push_back(static_cast<std::int64_t>(*extent));
  }
  const json& offsets = entry["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2 || !whole(offsets[0]) || !whole(offsets[1]) ||
      *whole(offsets[0]) > *whole(offsets[1])) {
    return refuse(
        fmt::format("data_offsets are {}, needs where it begins and ends", offsets.dump()));
  }
  const std::uint64_t begin = *whole(offsets[0]);
  const std::uint64_t bytes = *whole(offsets[1]) - begin;
  const auto needed = bytes_of(dims, known->bytes);
  if (!needed || *needed != bytes) {
    return refuse(fmt::format("has {} bytes, {} {} needs {}", bytes, known->name, shape.dump(),
                              needed ? fmt::to_string(*needed) : "more than a file can have"));
  }
  return StoredTensor{.file = {},
                      .dtype = std::string(known->name),
                      .shape = mesh::Shape(std::move(dims)),
                      .offset = begin,
                      .bytes = bytes};
}

// Tensors lie one after another and fill what follows the header.
void require_full(Problems& problems, const StoredTensors& tensors, std::uint64_t data_bytes) {
  std::vector<std::pair<std::uint64_t, const StoredTensors::value_type*>> order;
  for (const auto& entry : tensors) order.emplace_back(entry.second.offset, &entry);
  std::ranges::sort(order, [](const auto& a, const auto& b) {
    return std::pair(a.first, a.second->second.bytes) < std::pair(b.first, b.second->second.bytes);
  });
  std::uint64_t end = 0;
  for (const auto& [offset, entry] : order) {
    if (offset != end) {
      problems.add(entry->first,
                   fmt::format("begins at byte {} of the data, needs {}: tensors lie one after "
                               "another",
                               offset, end));
      return;
    }
    end += entry->second.bytes;
  }
  if (end > data_bytes) {
    problems.add({}, fmt::format("the file has {} bytes of data, needs {}: it is cut short",
                                 data_bytes, end));
  } else if (end < data_bytes) {
    problems.add(
        {}, fmt::format("the file has {} bytes of data, its tensors have {}", data_bytes, end));
  }
}

}  // namespace

std::optional<StoredType> StoredTensor::type() const {
  if (dtype == "F32") return StoredType::Float32;
  if (dtype == "F16") return StoredType::Float16;
  if (dtype == "BF16") return StoredType::Bfloat16;
  return std::nullopt;
}

StoredTensors parse_safetensors(const std::string& file, std::string_view beginning,
                                std::uint64_t file_bytes) {
  Problems problems(file);
  const std::uint64_t length = header_bytes(problems, beginning, file_bytes);
  if (beginning.size() - kLengthBytes < length) {
    problems.refuse("the header is cut short");
  }
  const std::string_view text = beginning.substr(kLengthBytes, static_cast<std::size_t>(length));
  const json header = parse_json_object(file, text);
  StoredTensors tensors;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      const bool texts =
          entry.is_object() && std::all_of(entry.begin(), entry.end(),
                                           [](const json& value) { return value.is_string(); });
      if (!texts) problems.add(name, "needs texts by name");
      continue;
    }
    std::optional<StoredTensor> tensor = tensor_of(problems, name, entry);
    if (!tensor) continue;
    tensor->file = file;
    tensors.emplace(name, std::move(*tensor));
  }
  problems.check();
  require_full(problems, tensors, file_bytes - kLengthBytes - length);
  problems.check();
  for (auto& [name, tensor] : tensors) tensor.offset += kLengthBytes + length;
  return tensors;
}

StoredTensors read_safetensors(const std::string& file) {
  Problems problems(file);
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  if (error) problems.refuse(fmt::format("cannot read: {}", error.message()));
  std::ifstream in(file, std::ios::binary);
  std::string beginning(static_cast<std::size_t>(std::min<std::uintmax_t>(size, kLengthBytes)),
                        '\0');
  in.read(beginning.data(), static_cast<std::streamsize>(beginning.size()));
  const std::uint64_t length = header_bytes(problems, beginning, size);
  beginning.resize(static_cast<std::size_t>(kLengthBytes + length));
  in.read(beginning.data() + kLengthBytes, static_cast<std::streamsize>(length));
  if (!in) {
    problems.refuse(fmt::format("cannot read: {}", std::generic_category().message(errno)));
  }
  return parse_safetensors(file, beginning, size);
}

}  // namespace ttmesh::modules
