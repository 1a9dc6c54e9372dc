#include "ops/row_products.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/row_products.cpp"
// The order of these is Highway's: what follows the first is compiled once for each target.
// clang-format off
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

// Four vectors meet a row at a time, so that a row is widened once for the four. Where fewer are
// left the last one takes the place of those missing, and what comes of them is dropped.

HWY_BEFORE_NAMESPACE();
namespace ttmesh::ops::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t kAtOnce = 4;

template <class D>
hn::Vec<D> load(D d, const float* at) {
  return hn::LoadU(d, at);
}

// The upper half of a float32 is its bfloat16.
template <class D>
hn::Vec<D> load(D d, const std::uint16_t* at) {
  const hn::Rebind<std::uint16_t, D> halves;
  const hn::RebindToUnsigned<D> whole;
  return hn::BitCast(d, hn::ShiftLeft<16>(hn::PromoteTo(whole, hn::LoadU(halves, at))));
}

// The sums of the lanes of four vectors: within blocks of 128 bits, then over these.
#if HWY_TARGET == HWY_SCALAR
template <class D, class V>
void sum_lanes(D /*d*/, V a, V b, V c, V e, float* sums) {
  sums[0] = hn::GetLane(a);
  sums[1] = hn::GetLane(b);
  sums[2] = hn::GetLane(c);
  sums[3] = hn::GetLane(e);
}
#else
template <class D, class V>
void sum_lanes(D d, V a, V b, V c, V e, float* sums) {
  const hn::RepartitionToWide<D> pairs;
  const auto ab = hn::Add(hn::InterleaveLower(d, a, b), hn::InterleaveUpper(d, a, b));
  const auto ce = hn::Add(hn::InterleaveLower(d, c, e), hn::InterleaveUpper(d, c, e));
  const auto low = hn::InterleaveLower(pairs, hn::BitCast(pairs, ab), hn::BitCast(pairs, ce));
  const auto high = hn::InterleaveUpper(pairs, hn::BitCast(pairs, ab), hn::BitCast(pairs, ce));
  HWY_ALIGN float blocks[HWY_MAX_BYTES / sizeof(float)];
  hn::Store(hn::Add(hn::BitCast(d, low), hn::BitCast(d, high)), d, blocks);
  const hn::FixedTag<float, kAtOnce> block;
  auto sum = hn::Load(block, blocks);
  for (std::size_t i = kAtOnce; i < hn::Lanes(d); i += kAtOnce) {
    sum = hn::Add(sum, hn::Load(block, blocks + i));
  }
  hn::StoreU(sum, block, sums);
}
#endif

using Vectors = std::array<const float*, kAtOnce>;
using Outputs = std::array<float*, kAtOnce>;

float widened(float value) { return value; }
float widened(std::uint16_t value) {
  const hn::CappedTag<float, 1> one;
  return hn::GetLane(load(one, &value));
}

template <class T>
void dot_four(const Vectors& vectors, const T* row, std::size_t width, float* sums) {
  const hn::ScalableTag<float> d;
  auto a = hn::Zero(d);
  auto b = hn::Zero(d);
  auto c = hn::Zero(d);
  auto e = hn::Zero(d);
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= width; i += hn::Lanes(d)) {
    const auto x = load(d, row + i);
    a = hn::MulAdd(hn::LoadU(d, vectors[0] + i), x, a);
    b = hn::MulAdd(hn::LoadU(d, vectors[1] + i), x, b);
    c = hn::MulAdd(hn::LoadU(d, vectors[2] + i), x, c);
    e = hn::MulAdd(hn::LoadU(d, vectors[3] + i), x, e);
  }
  sum_lanes(d, a, b, c, e, sums);
  for (; i < width; ++i) {
    const float x = widened(row[i]);
    for (std::size_t v = 0; v < kAtOnce; ++v) sums[v] += vectors[v][i] * x;
  }
}

template <class T>
void dot_all(const float* vectors, std::size_t count, const T* rows, std::size_t row_count,
             std::size_t width, float* out, std::size_t stride) {
  for (std::size_t first = 0; first < count; first += kAtOnce) {
    const std::size_t present = std::min(kAtOnce, count - first);
    Vectors four;
    for (std::size_t v = 0; v < kAtOnce; ++v) {
      four[v] = vectors + (first + std::min(v, present - 1)) * width;
    }
    for (std::size_t row = 0; row < row_count; ++row) {
      std::array<float, kAtOnce> sums;
      dot_four(four, rows + row * width, width, sums.data());
      for (std::size_t v = 0; v < present; ++v) out[(first + v) * stride + row] = sums[v];
    }
  }
}

// A column of as many values as `d` has lanes, of four outputs. Sums go on from what the outputs
// hold, so that rows in several places give what they give side by side.
template <class D, class T>
void mix_column(D d, const Vectors& weights, const T* rows, std::size_t row_count,
                std::size_t width, std::size_t present, const Outputs& out) {
  auto a = hn::LoadU(d, out[0]);
  auto b = hn::LoadU(d, out[1]);
  auto c = hn::LoadU(d, out[2]);
  auto e = hn::LoadU(d, out[3]);
  for (std::size_t row = 0; row < row_count; ++row) {
    const auto x = load(d, rows + row * width);
    a = hn::MulAdd(hn::Set(d, weights[0][row]), x, a);
    b = hn::MulAdd(hn::Set(d, weights[1][row]), x, b);
    c = hn::MulAdd(hn::Set(d, weights[2][row]), x, c);
    e = hn::MulAdd(hn::Set(d, weights[3][row]), x, e);
  }
  hn::StoreU(a, d, out[0]);
  if (present > 1) hn::StoreU(b, d, out[1]);
  if (present > 2) hn::StoreU(c, d, out[2]);
  if (present > 3) hn::StoreU(e, d, out[3]);
}

// Two columns side by side, which keeps twice as many sums going.
template <class D, class T>
void mix_two_columns(D d, const Vectors& weights, const T* rows, std::size_t row_count,
                     std::size_t width, std::size_t present, const Outputs& out) {
  const std::size_t lanes = hn::Lanes(d);
  auto a = hn::LoadU(d, out[0]);
  auto b = hn::LoadU(d, out[1]);
  auto c = hn::LoadU(d, out[2]);
  auto e = hn::LoadU(d, out[3]);
  auto next_a = hn::LoadU(d, out[0] + lanes);
  auto next_b = hn::LoadU(d, out[1] + lanes);
  auto next_c = hn::LoadU(d, out[2] + lanes);
  auto next_e = hn::LoadU(d, out[3] + lanes);
  for (std::size_t row = 0; row < row_count; ++row) {
    const auto x = load(d, rows + row * width);
    const auto next = load(d, rows + row * width + lanes);
    const auto of_a = hn::Set(d, weights[0][row]);
    const auto of_b = hn::Set(d, weights[1][row]);
    const auto of_c = hn::Set(d, weights[2][row]);
    const auto of_e = hn::Set(d, weights[3][row]);
    a = hn::MulAdd(of_a, x, a);
    b = hn::MulAdd(of_b, x, b);
    c = hn::MulAdd(of_c, x, c);
    e = hn::MulAdd(of_e, x, e);
    next_a = hn::MulAdd(of_a, next, next_a);
    next_b = hn::MulAdd(of_b, next, next_b);
    next_c = hn::MulAdd(of_c, next, next_c);
    next_e = hn::MulAdd(of_e, next, next_e);
  }
  const auto put = [d, lanes](float* to, auto first, auto second) {
    hn::StoreU(first, d, to);
    hn::StoreU(second, d, to + lanes);
  };
  put(out[0], a, next_a);
  if (present > 1) put(out[1], b, next_b);
  if (present > 2) put(out[2], c, next_c);
  if (present > 3) put(out[3], e, next_e);
}

template <class T>
void mix_all(const float* weights, std::size_t stride, const T* rows, std::size_t row_count,
             std::size_t width, float* out, std::size_t count) {
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 1> one;
  const std::size_t lanes = hn::Lanes(d);
  for (std::size_t first = 0; first < count; first += kAtOnce) {
    const std::size_t present = std::min(kAtOnce, count - first);
    Vectors four;
    for (std::size_t v = 0; v < kAtOnce; ++v) {
      four[v] = weights + (first + std::min(v, present - 1)) * stride;
    }
    const auto at = [&](std::size_t column) {
      Outputs to;
      for (std::size_t v = 0; v < kAtOnce; ++v) {
        to[v] = out + (first + std::min(v, present - 1)) * width + column;
      }
      return to;
    };
    std::size_t i = 0;
    for (; i + 2 * lanes <= width; i += 2 * lanes) {
      mix_two_columns(d, four, rows + i, row_count, width, present, at(i));
    }
    for (; i + lanes <= width; i += lanes) {
      mix_column(d, four, rows + i, row_count, width, present, at(i));
    }
    for (; i < width; ++i) mix_column(one, four, rows + i, row_count, width, present, at(i));
  }
}

void dot_float32(const float* vectors, std::size_t count, const float* rows, std::size_t row_count,
                 std::size_t width, float* out, std::size_t stride) {
  dot_all(vectors, count, rows, row_count, width, out, stride);
}

void dot_bfloat16(const float* vectors, std::size_t count, const std::uint16_t* rows,
                  std::size_t row_count, std::size_t width, float* out, std::size_t stride) {
  dot_all(vectors, count, rows, row_count, width, out, stride);
}

void mix_float32(const float* weights, std::size_t stride, const float* rows, std::size_t row_count,
                 std::size_t width, float* out, std::size_t count) {
  mix_all(weights, stride, rows, row_count, width, out, count);
}

void mix_bfloat16(const float* weights, std::size_t stride, const std::uint16_t* rows,
                  std::size_t row_count, std::size_t width, float* out, std::size_t count) {
  mix_all(weights, stride, rows, row_count, width, out, count);
}

}  // namespace ttmesh::ops::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ttmesh::ops {

HWY_EXPORT(dot_float32);
HWY_EXPORT(dot_bfloat16);
HWY_EXPORT(mix_float32);
HWY_EXPORT(mix_bfloat16);

void dot_rows(std::span<const float> vectors, const HeldRows& rows, float* out,
              std::int64_t stride) {
  const auto width = static_cast<std::size_t>(rows.width);
  const auto row_count = static_cast<std::size_t>(rows.count);
  const std::size_t count = vectors.size() / width;
  const auto step = static_cast<std::size_t>(stride);
  if (rows.type == mesh::HeldType::Float32) {
    HWY_DYNAMIC_DISPATCH(dot_float32)
    (vectors.data(), count, reinterpret_cast<const float*>(rows.data), row_count, width, out, step);
  } else {
    HWY_DYNAMIC_DISPATCH(dot_bfloat16)
    (vectors.data(), count, reinterpret_cast<const std::uint16_t*>(rows.data), row_count, width,
     out, step);
  }
}

void mix_rows(const float* weights, std::int64_t stride, const HeldRows& rows,
              std::span<float> out) {
  const auto width = static_cast<std::size_t>(rows.width);
  const auto row_count = static_cast<std::size_t>(rows.count);
  const std::size_t count = out.size() / width;
  const auto step = static_cast<std::size_t>(stride);
  if (rows.type == mesh::HeldType::Float32) {
    HWY_DYNAMIC_DISPATCH(mix_float32)
    (weights, step, reinterpret_cast<const float*>(rows.data), row_count, width, out.data(), count);
  } else {
    HWY_DYNAMIC_DISPATCH(mix_bfloat16)
    (weights, step, reinterpret_cast<const std::uint16_t*>(rows.data), row_count, width, out.data(),
     count);
  }
}

}  // namespace ttmesh::ops
#endif
