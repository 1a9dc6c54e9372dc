#pragma once

#include <cstddef>
#include <exception>
#include <msgpack.hpp>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

// How this project writes msgpack: every value is an array of known length, whose elements a
// decoder takes one after another. Included by sources alone, so that msgpack does not spread.
namespace ttmesh::mesh {

using Packer = msgpack::packer<msgpack::sbuffer>;

inline constexpr std::size_t kMaxDepth = 16;  ///< Of arrays in arrays.

/// Takes the elements of an array in order, checking that there are as many as expected.
class Elements {
 public:
  Elements(const msgpack::object& array, std::size_t count) : Elements(array) {
    if (array_.size != count) throw msgpack::type_error();
  }
  explicit Elements(const msgpack::object& array) {
    if (array.type != msgpack::type::ARRAY) throw msgpack::type_error();
    array_ = array.via.array;
  }

  const msgpack::object& next() {
    if (taken_ == array_.size) throw msgpack::type_error();
    return array_.ptr[taken_++];
  }
  template <typename T>
  T next_as() {
    return next().as<T>();
  }
  std::size_t size() const { return array_.size; }

 private:
  msgpack::object_array array_{};
  std::size_t taken_ = 0;
};

inline std::vector<std::byte> bytes_of(const msgpack::sbuffer& buffer) {
  const auto* data = reinterpret_cast<const std::byte*>(buffer.data());
  return {data, data + buffer.size()};
}

/// Runs `read` on the root object; any malformed input becomes one clear error.
template <typename Read>
auto decode(const char* what, std::span<const std::byte> bytes, const Read& read) {
  try {
    const msgpack::unpack_limit limit(bytes.size(), bytes.size(), bytes.size(), bytes.size(),
                                      bytes.size(), kMaxDepth);
    const msgpack::object_handle handle = msgpack::unpack(
        reinterpret_cast<const char*>(bytes.data()), bytes.size(),
        [](msgpack::type::object_type, std::size_t, void*) { return true; }, nullptr, limit);
    return read(handle.get());
  } catch (const std::exception& error) {
    throw std::invalid_argument(std::string("[decode] these bytes are no ") + what + ": " +
                                error.what());
  }
}

template <typename Enum>
Enum enum_from(const msgpack::object& object, Enum last) {
  const int value = object.as<int>();
  if (value < 0 || value > static_cast<int>(last)) throw msgpack::type_error();
  return static_cast<Enum>(value);
}

}  // namespace ttmesh::mesh
