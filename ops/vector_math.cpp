#include "ops/vector_math.hpp"

#include <cstddef>
#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/vector_math.cpp"
// The order of these is Highway's: what follows the first is compiled once for each target.
// clang-format off
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include <hwy/contrib/math/math-inl.h>
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace ttmesh::ops::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

struct Relu {
  template <class D, class V>
  V operator()(D d, V x) const {
    return hn::Max(x, hn::Zero(d));
  }
};

struct Relu2 {
  template <class D, class V>
  V operator()(D d, V x) const {
    const V positive = hn::Max(x, hn::Zero(d));
    return hn::Mul(positive, positive);
  }
};

struct Silu {
  template <class D, class V>
  V operator()(D d, V x) const {
    // Past 88 the exponential leaves float32; the result is below its smallest normal value.
    const V power = hn::Exp(d, hn::Min(hn::Neg(x), hn::Set(d, 88.0F)));
    return hn::Div(x, hn::Add(hn::Set(d, 1.0F), power));
  }
};

struct Gelu {
  // erf by Abramowitz and Stegun 7.1.26, absolute error below 1.5e-7.
  template <class D, class V>
  V operator()(D d, V x) const {
    const V one = hn::Set(d, 1.0F);
    const V z = hn::Mul(hn::Abs(x), hn::Set(d, 0.70710678F));
    const V t = hn::Div(one, hn::MulAdd(hn::Set(d, 0.3275911F), z, one));
    V sum = hn::Set(d, 1.061405429F);
    sum = hn::MulAdd(sum, t, hn::Set(d, -1.453152027F));
    sum = hn::MulAdd(sum, t, hn::Set(d, 1.421413741F));
    sum = hn::MulAdd(sum, t, hn::Set(d, -0.284496736F));
    sum = hn::MulAdd(sum, t, hn::Set(d, 0.254829592F));
    const V tail = hn::Mul(hn::Mul(sum, t), hn::Exp(d, hn::Neg(hn::Mul(z, z))));
    const V erf = hn::CopySign(hn::Sub(one, tail), x);
    return hn::Mul(hn::Mul(hn::Set(d, 0.5F), x), hn::Add(one, erf));
  }
};

struct GeluTanh {
  template <class D, class V>
  V operator()(D d, V x) const {
    const V cubic = hn::MulAdd(hn::Mul(hn::Mul(x, x), hn::Set(d, 0.044715F)), x, x);
    const V power =
        hn::Exp(d, hn::Min(hn::Mul(hn::Set(d, -1.5957691216F), cubic), hn::Set(d, 88.0F)));
    return hn::Div(x, hn::Add(hn::Set(d, 1.0F), power));
  }
};

struct Sum {
  template <class V>
  V operator()(V a, V b) const {
    return hn::Add(a, b);
  }
};

struct Times {
  template <class V>
  V operator()(V a, V b) const {
    return hn::Mul(a, b);
  }
};

template <class Function>
void map(float* values, std::size_t count, const Function& function) {
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 1> one;
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) {
    hn::StoreU(function(d, hn::LoadU(d, values + i)), d, values + i);
  }
  for (; i < count; ++i) hn::StoreU(function(one, hn::LoadU(one, values + i)), one, values + i);
}

template <class Function>
void combine(float* values, std::size_t count, const float* other, const Function& function) {
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 1> one;
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) {
    hn::StoreU(function(hn::LoadU(d, values + i), hn::LoadU(d, other + i)), d, values + i);
  }
  for (; i < count; ++i) {
    hn::StoreU(function(hn::LoadU(one, values + i), hn::LoadU(one, other + i)), one, values + i);
  }
}

template <class Function>
void combine_with_one(float* values, std::size_t count, float other, const Function& function) {
  map(values, count, [&](auto d, auto x) { return function(x, hn::Set(d, other)); });
}

void apply_relu(float* values, std::size_t count) { map(values, count, Relu{}); }
void apply_relu2(float* values, std::size_t count) { map(values, count, Relu2{}); }
void apply_gelu(float* values, std::size_t count) { map(values, count, Gelu{}); }
void apply_gelu_tanh(float* values, std::size_t count) { map(values, count, GeluTanh{}); }
void apply_silu(float* values, std::size_t count) { map(values, count, Silu{}); }

void add_values(float* values, std::size_t count, const float* other, std::size_t others) {
  if (others == 1) {
    combine_with_one(values, count, *other, Sum{});
  } else {
    combine(values, count, other, Sum{});
  }
}

void multiply_values(float* values, std::size_t count, const float* other, std::size_t others) {
  if (others == 1) {
    combine_with_one(values, count, *other, Times{});
  } else {
    combine(values, count, other, Times{});
  }
}

// Folds `values` with `step(folded, value)`, as many at a time as a vector holds.
template <class Step, class Fold>
float fold(const float* values, std::size_t count, float start, const Step& step,
           const Fold& lanes) {
  const hn::ScalableTag<float> d;
  const hn::CappedTag<float, 1> one;
  auto folded = hn::Set(d, start);
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) {
    folded = step(folded, hn::LoadU(d, values + i));
  }
  auto rest = hn::Set(one, lanes(d, folded));
  for (; i < count; ++i) rest = step(rest, hn::LoadU(one, values + i));
  return hn::GetLane(rest);
}

struct AddLanes {
  template <class D, class V>
  float operator()(D d, V v) const {
    return hn::GetLane(hn::SumOfLanes(d, v));
  }
};

float sum_values(const float* values, std::size_t count) {
  return fold(values, count, 0.0F, Sum{}, AddLanes{});
}

float sum_squares(const float* values, std::size_t count) {
  const auto step = [](auto sum, auto x) { return hn::MulAdd(x, x, sum); };
  return fold(values, count, 0.0F, step, AddLanes{});
}

float largest_value(const float* values, std::size_t count) {
  const auto step = [](auto most, auto x) { return hn::Max(most, x); };
  const auto lanes = [](auto d, auto v) { return hn::GetLane(hn::MaxOfLanes(d, v)); };
  return fold(values, count, values[0], step, lanes);
}

void exponentiate_values(float* values, std::size_t count, float shift) {
  map(values, count, [shift](auto d, auto x) {
    // Highway's exponential makes 0 of NaN.
    return hn::IfThenElse(hn::IsNaN(x), x, hn::Exp(d, hn::Sub(x, hn::Set(d, shift))));
  });
}

void keep_bits_of(const std::uint16_t* in, std::size_t count, std::uint16_t mask,
                  std::uint16_t* out) {
  const hn::ScalableTag<std::uint16_t> d;
  const auto kept = hn::Set(d, mask);
  std::size_t i = 0;
  for (; i + hn::Lanes(d) <= count; i += hn::Lanes(d)) {
    hn::StoreU(hn::And(hn::LoadU(d, in + i), kept), d, out + i);
  }
  for (; i < count; ++i) out[i] = static_cast<std::uint16_t>(in[i] & mask);
}

}  // namespace ttmesh::ops::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ttmesh::ops {

HWY_EXPORT(apply_relu);
HWY_EXPORT(apply_relu2);
HWY_EXPORT(apply_gelu);
HWY_EXPORT(apply_gelu_tanh);
HWY_EXPORT(apply_silu);
HWY_EXPORT(add_values);
HWY_EXPORT(multiply_values);
HWY_EXPORT(sum_values);
HWY_EXPORT(sum_squares);
HWY_EXPORT(largest_value);
HWY_EXPORT(exponentiate_values);
HWY_EXPORT(keep_bits_of);

void apply(Activation activation, std::span<float> values) {
  switch (activation) {
    case Activation::None:
      return;
    case Activation::Relu:
      HWY_DYNAMIC_DISPATCH(apply_relu)(values.data(), values.size());
      return;
    case Activation::Relu2:
      HWY_DYNAMIC_DISPATCH(apply_relu2)(values.data(), values.size());
      return;
    case Activation::Gelu:
      HWY_DYNAMIC_DISPATCH(apply_gelu)(values.data(), values.size());
      return;
    case Activation::GeluTanh:
      HWY_DYNAMIC_DISPATCH(apply_gelu_tanh)(values.data(), values.size());
      return;
    case Activation::Silu:
      HWY_DYNAMIC_DISPATCH(apply_silu)(values.data(), values.size());
      return;
  }
}

void add_to(std::span<float> values, std::span<const float> other) {
  HWY_DYNAMIC_DISPATCH(add_values)(values.data(), values.size(), other.data(), other.size());
}

void multiply_by(std::span<float> values, std::span<const float> other) {
  HWY_DYNAMIC_DISPATCH(multiply_values)(values.data(), values.size(), other.data(), other.size());
}

float sum(std::span<const float> values) {
  return HWY_DYNAMIC_DISPATCH(sum_values)(values.data(), values.size());
}

float sum_of_squares(std::span<const float> values) {
  return HWY_DYNAMIC_DISPATCH(sum_squares)(values.data(), values.size());
}

float largest(std::span<const float> values) {
  return HWY_DYNAMIC_DISPATCH(largest_value)(values.data(), values.size());
}

void exponentiate(std::span<float> values, float shift) {
  HWY_DYNAMIC_DISPATCH(exponentiate_values)(values.data(), values.size(), shift);
}

void keep_bits(std::span<const std::uint16_t> in, std::uint16_t mask,
               std::span<std::uint16_t> out) {
  HWY_DYNAMIC_DISPATCH(keep_bits_of)(in.data(), in.size(), mask, out.data());
}

}  // namespace ttmesh::ops
#endif
