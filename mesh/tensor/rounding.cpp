#include "mesh/tensor/rounding.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

// Highway compiles this file once for each instruction set. The order of its headers matters.
// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "mesh/tensor/rounding.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace ttmesh::mesh::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

// Words are the bits of float32 values. A source gives the words of adjacent values; a rounding
// maps those of a run of 16 to words again; a store writes them as float32 or bfloat16.
constexpr std::size_t kRun = 16;
using Words = hn::CappedTag<std::uint32_t, kRun>;
using WordsVec = hn::Vec<Words>;

constexpr std::uint32_t kSign = 0x80000000U;
constexpr std::uint32_t kExponent = 0x7f800000U;
constexpr std::uint32_t kHiddenOne = 0x00800000U;
constexpr std::uint32_t kFraction = kHiddenOne - 1;

WordsVec load(const float* in) {
  return hn::BitCast(Words(), hn::LoadU(hn::RebindToFloat<Words>(), in));
}

WordsVec load(const Bfloat16* in) {
  const hn::Rebind<std::uint16_t, Words> halves;
  const auto bits = hn::LoadU(halves, reinterpret_cast<const std::uint16_t*>(in));
  return hn::ShiftLeft<16>(hn::PromoteTo(Words(), bits));
}

void store(WordsVec words, float* out) {
  const hn::RebindToFloat<Words> floats;
  hn::StoreU(hn::BitCast(floats, words), floats, out);
}

void store(WordsVec words, Bfloat16* out) {
  const hn::Rebind<std::uint16_t, Words> halves;
  const hn::RebindToSigned<Words> integers;
  const auto upper = hn::BitCast(integers, hn::ShiftRight<16>(words));
  hn::StoreU(hn::DemoteTo(halves, upper), halves, reinterpret_cast<std::uint16_t*>(out));
}

template <typename T>
struct One {
  const T* in;

  WordsVec words(std::size_t at) const { return load(in + at); }
};

template <typename T>
struct Sum {
  const T* a;
  const T* b;

  WordsVec words(std::size_t at) const {
    const hn::RebindToFloat<Words> floats;
    const auto sum = hn::Add(hn::BitCast(floats, load(a + at)), hn::BitCast(floats, load(b + at)));
    return hn::BitCast(Words(), sum);
  }
};

// What is left of a source after the last whole run, padded with zeros.
template <typename T>
struct Tail {
  std::array<T, kRun> first{};
  std::array<T, kRun> second{};

  Tail(const One<T>& source, std::size_t at, std::size_t count) {
    std::copy_n(source.in + at, count, first.begin());
  }
  Tail(const Sum<T>& source, std::size_t at, std::size_t count) {
    std::copy_n(source.a + at, count, first.begin());
    std::copy_n(source.b + at, count, second.begin());
  }
  One<T> source(const One<T>& /*kind*/) const { return {first.data()}; }
  Sum<T> source(const Sum<T>& /*kind*/) const { return {first.data(), second.data()}; }
};

struct Keep {
  template <typename Source>
  explicit Keep(const Source& /*run*/) {}
  WordsVec operator()(WordsVec words) const { return words; }
};

struct ToBfloat16 {
  template <typename Source>
  explicit ToBfloat16(const Source& /*run*/) {}

  WordsVec operator()(WordsVec words) const {
    const Words d;
    const hn::RebindToSigned<Words> integers;
    const auto magnitude = hn::BitCast(integers, hn::AndNot(hn::Set(d, kSign), words));
    const auto is_nan = hn::RebindMask(d, hn::Gt(magnitude, hn::Set(integers, 0x7f800000)));
    const auto odd = hn::And(hn::ShiftRight<16>(words), hn::Set(d, 1U));
    const auto nearest = hn::Add(words, hn::Add(odd, hn::Set(d, 0x7fffU)));
    const auto quiet = hn::Or(words, hn::Set(d, 0x00400000U));
    return hn::And(hn::IfThenElse(is_nan, quiet, nearest), hn::Set(d, 0xffff0000U));
  }
};

// See block_float.cpp for the nouns; exponents stay in their place within the word.
template <int MagnitudeBits>
struct ToBlockFloat {
  WordsVec shared;

  template <typename Source>
  explicit ToBlockFloat(const Source& run) {
    const Words d;
    auto largest = hn::Zero(d);
    for (std::size_t i = 0; i < kRun; i += hn::Lanes(d)) {
      largest = hn::Max(largest, hn::And(run.words(i), hn::Set(d, kExponent)));
    }
    shared = hn::MaxOfLanes(d, largest);
  }

  WordsVec operator()(WordsVec words) const {
    constexpr int kDropped = 24 - MagnitudeBits;
    const Words d;
    const hn::RebindToSigned<Words> integers;
    const hn::RebindToFloat<Words> floats;
    const auto exponent = hn::And(words, hn::Set(d, kExponent));
    const auto shift = hn::Min(hn::ShiftRight<23>(hn::Sub(shared, exponent)), hn::Set(d, 31U));
    const auto significand =
        hn::Shr(hn::Or(hn::And(words, hn::Set(d, kFraction)), hn::Set(d, kHiddenOne)), shift);
    const auto odd = hn::And(hn::ShiftRight<kDropped>(significand), hn::Set(d, 1U));
    const auto rounded = hn::ShiftRight<kDropped>(
        hn::Add(significand, hn::Add(odd, hn::Set(d, (1U << (kDropped - 1)) - 1))));
    const auto magnitude = hn::BitCast(
        integers, hn::IfThenZeroElse(hn::Eq(exponent, hn::Zero(d)),
                                     hn::Min(rounded, hn::Set(d, (1U << MagnitudeBits) - 1))));
    // The magnitude as a float32 has the right fraction; its exponent is off by a constant. In
    // integers, so that the largest exponent gives infinities and NaN as on the hardware. The
    // result is no smaller than a power of two that is normal, so nothing is left to flush.
    constexpr std::uint32_t kBias = std::uint32_t{127 + MagnitudeBits - 1} << 23;
    const auto value = hn::Add(hn::BitCast(integers, hn::ConvertTo(floats, magnitude)),
                               hn::BitCast(integers, hn::Sub(shared, hn::Set(d, kBias))));
    const auto is_zero = hn::RebindMask(d, hn::Eq(magnitude, hn::Zero(integers)));
    const auto sign = hn::And(words, hn::Set(d, kSign));
    return hn::IfThenZeroElse(is_zero, hn::Or(hn::BitCast(d, value), sign));
  }
};

template <typename Rounding, typename Source, typename T>
HWY_INLINE void apply_run(const Source& source, std::size_t at, T* out) {
  struct Run {
    const Source& source;
    std::size_t first;
    WordsVec words(std::size_t i) const { return source.words(first + i); }
  };
  const Run run{source, at};
  const Rounding rounding(run);
  for (std::size_t i = 0; i < kRun; i += hn::Lanes(Words())) {
    store(rounding(run.words(i)), out + i);
  }
}

template <typename Rounding, template <typename> typename Source, typename From, typename To>
void apply(const Source<From>& source, To* out, std::size_t count) {
  const std::size_t whole = count - count % kRun;
  for (std::size_t i = 0; i < whole; i += kRun) apply_run<Rounding>(source, i, out + i);
  if (whole == count) return;
  const Tail<From> tail(source, whole, count - whole);
  std::array<To, kRun> last;
  apply_run<Rounding>(tail.source(source), 0, last.data());
  std::copy_n(last.begin(), count - whole, out + whole);
}

template <template <typename> typename Source, typename From, typename To>
void apply_rounding(const Source<From>& source, To* out, std::size_t count, DataType dtype) {
  switch (dtype) {
    case DataType::Bfloat16:
      return apply<ToBfloat16>(source, out, count);
    case DataType::Bfp8B:
      return apply<ToBlockFloat<7>>(source, out, count);
    case DataType::Bfp4B:
      return apply<ToBlockFloat<3>>(source, out, count);
    default:
      return apply<Keep>(source, out, count);
  }
}

void round_to_floats(const float* in, float* out, std::size_t count, DataType dtype) {
  apply_rounding(One<float>{in}, out, count, dtype);
}

void round_to_bfloat16(const float* in, Bfloat16* out, std::size_t count, DataType dtype) {
  apply_rounding(One<float>{in}, out, count, dtype);
}

void widen(const Bfloat16* in, float* out, std::size_t count) {
  apply<Keep>(One<Bfloat16>{in}, out, count);
}

void add_floats(const float* a, const float* b, float* out, std::size_t count) {
  apply<Keep>(Sum<float>{a, b}, out, count);
}

void add_bfloat16(const Bfloat16* a, const Bfloat16* b, Bfloat16* out, std::size_t count,
                  DataType dtype) {
  apply_rounding(Sum<Bfloat16>{a, b}, out, count, dtype);
}

}  // namespace
}  // namespace ttmesh::mesh::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ttmesh::mesh {

HWY_EXPORT(round_to_floats);
HWY_EXPORT(round_to_bfloat16);
HWY_EXPORT(widen);
HWY_EXPORT(add_floats);
HWY_EXPORT(add_bfloat16);

void round_values(const float* in, float* out, std::size_t count, DataType dtype) {
  HWY_DYNAMIC_DISPATCH(round_to_floats)(in, out, count, dtype);
}

void round_values(const float* in, Bfloat16* out, std::size_t count, DataType dtype) {
  HWY_DYNAMIC_DISPATCH(round_to_bfloat16)(in, out, count, dtype);
}

void widen_values(const Bfloat16* in, float* out, std::size_t count) {
  HWY_DYNAMIC_DISPATCH(widen)(in, out, count);
}

void add_values(const float* a, const float* b, float* out, std::size_t count) {
  HWY_DYNAMIC_DISPATCH(add_floats)(a, b, out, count);
}

void add_values(const Bfloat16* a, const Bfloat16* b, Bfloat16* out, std::size_t count,
                DataType dtype) {
  HWY_DYNAMIC_DISPATCH(add_bfloat16)(a, b, out, count, dtype);
}

}  // namespace ttmesh::mesh
#endif
