#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ttmesh::cli {

/// Bytes as users of nccl-tests type them: "64", "4K", "1.5M", "1G", powers of 1024, case ignored.
/// Throws std::invalid_argument, in the name of `option`, if the text is of another form, is no
/// whole number of bytes, or is not from 1 byte to 1 TiB.
[[nodiscard]] std::int64_t parse_byte_size(std::string_view option, std::string_view text);

/// "64 B", "4 KiB", "1.5 MiB": at most one decimal where the number is no whole multiple.
[[nodiscard]] std::string byte_size_text(std::int64_t bytes);

}  // namespace ttmesh::cli
