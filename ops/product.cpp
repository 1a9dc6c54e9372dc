#include "ops/product.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>

#include "mesh/tensor/convert.hpp"
#include "ops/held_values.hpp"
#include "ops/onednn_matmul.hpp"

namespace ttmesh::ops {
namespace {

using mesh::Bfloat16;
using mesh::Block;
using mesh::Buffer;
using mesh::HeldType;

// Columns of a bfloat16 weight that are converted at a time where the product is in float32.
constexpr std::int64_t kColumnsAtOnce = 512;

bool multiplies_bfloat16() { return has_native_bfloat16(); }

class PackedWeight : public mesh::PackedValues {
 public:
  PackedWeight(PackedMatrix matrix, const Buffer& plain)
      : matrix_(matrix), plain_bytes_(plain.size()), packed_(packed_bytes(matrix)) {
    pack(matrix_, plain.data(), packed_.data());
  }

  std::size_t bytes() const override { return packed_.size(); }

  std::shared_ptr<const Buffer> unpack() const override {
    auto plain = std::make_shared<Buffer>(plain_bytes_);
    ops::unpack(matrix_, packed_.data(), plain->data());
    return plain;
  }

  /// The same with the upper `bits` of the mantissas alone, made at the first call. Calls do not
  /// overlap.
  std::shared_ptr<const PackedWeight> truncated_to(int bits, const Block& block) const {
    if (truncated_ && truncated_bits_ == bits) return truncated_;
    truncated_ = std::make_shared<const PackedWeight>(matrix_, *truncated(block, bits)->plain());
    truncated_bits_ = bits;
    return truncated_;
  }

  bool is(const ProductShape& shape) const { return matrix_.k == shape.k && matrix_.n == shape.n; }
  const std::byte* data() const { return packed_.data(); }

 private:
  PackedMatrix matrix_;
  std::size_t plain_bytes_;
  Buffer packed_;
  mutable std::shared_ptr<const PackedWeight> truncated_;
  mutable int truncated_bits_ = kMantissaBits;
};

// Threads that meet at the same weight for the first time pack it once.
std::mutex& packing_mutex(const Block& block) {
  static std::array<std::mutex, 64> mutexes;
  return mutexes[block.id() % mutexes.size()];
}

using PackedPtr = std::shared_ptr<const PackedWeight>;

PackedPtr packed_weight(const Block& block, const ProductShape& shape, WeightUse use) {
  const auto held = [&] {
    auto packed = std::dynamic_pointer_cast<const PackedWeight>(block.packed());
    return packed && packed->is(shape) ? packed : nullptr;
  };
  if (shape.batches != 1) return nullptr;
  const bool whole = use.mantissa_bits == kMantissaBits;
  PackedPtr packed = held();
  if (!packed && use.form == WeightForm::Plain) return nullptr;
  if (packed && whole) return packed;
  const std::lock_guard lock(packing_mutex(block));
  packed = held();
  if (packed) return whole ? packed : packed->truncated_to(use.mantissa_bits, block);
  packed = std::make_shared<const PackedWeight>(
      PackedMatrix{.k = shape.k, .n = shape.n, .type = block.type()}, *block.plain());
  block.adopt(packed);
  return whole ? packed : packed->truncated_to(use.mantissa_bits, block);
}

std::shared_ptr<const Buffer> plain_values(const Block& b, WeightUse use) {
  const bool whole = use.mantissa_bits == kMantissaBits || b.type() != HeldType::Bfloat16;
  return whole ? b.plain() : truncated(b, use.mantissa_bits)->plain();
}

OneDnnMatmul matmul_of(const ProductShape& shape, HeldType in, HeldType out) {
  return {.batches = shape.batches,
          .m = shape.m,
          .k = shape.k,
          .n = shape.n,
          .a_repeats = shape.a_repeats,
          .c_stride = shape.n,
          .in = in,
          .out = out};
}

void multiply_held(OneDnnMatmul product, const ProductShape& shape, const std::byte* a,
                   const Block& b, WeightUse use, std::byte* c) {
  if (const PackedPtr packed = packed_weight(b, shape, use)) {
    product.b_packed = true;
    execute(product, a, packed->data(), c);
    return;
  }
  const std::shared_ptr<const Buffer> plain = plain_values(b, use);
  execute(product, a, plain->data(), c);
}

/// How a product in float32 ends up.
struct Sum {
  WeightUse use;
  bool accumulates;  ///< Added to what is there.
};

// a * b in float32, b converted a block of columns at a time.
void multiply_converted(const ProductShape& shape, std::span<const float> a, const Block& b,
                        const Sum& sum, std::span<float> c) {
  const std::int64_t columns = std::min(shape.n, kColumnsAtOnce);
  const std::shared_ptr<const Buffer> plain = plain_values(b, sum.use);
  const auto weights = mesh::values<Bfloat16>(*plain);
  std::vector<float> converted(static_cast<std::size_t>(shape.k * columns));
  for (std::int64_t batch = 0; batch < shape.batches; ++batch) {
    const std::int64_t a_first = shape.a_repeats ? 0 : batch * shape.m * shape.k;
    for (std::int64_t first = 0; first < shape.n; first += columns) {
      const std::int64_t width = std::min(columns, shape.n - first);
      for (std::int64_t row = 0; row < shape.k; ++row) {
        const auto from = static_cast<std::size_t>((batch * shape.k + row) * shape.n + first);
        const std::span<float> to(converted.data() + row * width, static_cast<std::size_t>(width));
        mesh::to_float(weights.subspan(from, to.size()), to);
      }
      const ProductShape block{.m = shape.m, .k = shape.k, .n = width};
      OneDnnMatmul product = matmul_of(block, HeldType::Float32, HeldType::Float32);
      product.c_stride = shape.n;
      product.accumulates = sum.accumulates;
      execute(product, std::as_bytes(a).data() + a_first * 4,
              std::as_bytes(std::span(converted)).data(),
              std::as_writable_bytes(c).data() + (batch * shape.m * shape.n + first) * 4);
    }
  }
}

void multiply_into(const ProductShape& shape, const Block& a, const Block& b, const Sum& sum,
                   std::span<float> c) {
  if (multiplies_bfloat16() && a.type() == HeldType::Bfloat16 && b.type() == HeldType::Bfloat16) {
    const std::shared_ptr<const Buffer> plain = a.plain();
    OneDnnMatmul product = matmul_of(shape, HeldType::Bfloat16, HeldType::Float32);
    product.accumulates = sum.accumulates;
    multiply_held(product, shape, plain->data(), b, sum.use, std::as_writable_bytes(c).data());
    return;
  }
  FloatReader reader(a);
  const std::span<const float> values = reader.all();
  if (b.type() == HeldType::Bfloat16) {
    multiply_converted(shape, values, b, sum, c);
    return;
  }
  OneDnnMatmul product = matmul_of(shape, HeldType::Float32, HeldType::Float32);
  product.accumulates = sum.accumulates;
  multiply_held(product, shape, std::as_bytes(values).data(), b, {.form = sum.use.form},
                std::as_writable_bytes(c).data());
}

}  // namespace

void multiply(const ProductShape& shape, const Block& a, const Block& b, WeightUse use,
              std::span<float> c) {
  multiply_into(shape, a, b, {.use = use, .accumulates = false}, c);
}

void accumulate(const ProductShape& shape, const Block& a, const Block& b, WeightUse use,
                std::span<float> c) {
  multiply_into(shape, a, b, {.use = use, .accumulates = true}, c);
}

void multiply(const ProductShape& shape, const Block& a, const Block& b, WeightUse use,
              std::span<Bfloat16> c) {
  if (multiplies_bfloat16() && a.type() == HeldType::Bfloat16 && b.type() == HeldType::Bfloat16) {
    const std::shared_ptr<const Buffer> plain = a.plain();
    multiply_held(matmul_of(shape, HeldType::Bfloat16, HeldType::Bfloat16), shape, plain->data(), b,
                  use, std::as_writable_bytes(c).data());
    return;
  }
  Buffer sums(c.size() * sizeof(float));
  const std::span<float> values = mesh::values<float>(sums);
  multiply(shape, a, b, use, values);
  mesh::quantise(values, c, mesh::DataType::Bfloat16, shape.n);
}

std::string_view matmul_cpu_path() { return has_native_bfloat16() ? "bf16" : "f32"; }

ValuesPath values_path() {
  return {.processor = fmt::format("{} products on {}", matmul_cpu_path(), onednn_instructions()),
          .library = onednn_version()};
}

}  // namespace ttmesh::ops
