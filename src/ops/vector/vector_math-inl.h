// Vector exp2, sigmoid, tanh and GELU, once per Highway target. No contraction of a*b+c other than the
// MulAdds written here (the files are compiled with -ffp-contract=off), so that equal inputs give equal bits
// in every kernel.
#if defined(MODERNBERT_OPS_VECTOR_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MODERNBERT_OPS_VECTOR_MATH_INL_H_
#undef MODERNBERT_OPS_VECTOR_MATH_INL_H_
#else
#define MODERNBERT_OPS_VECTOR_MATH_INL_H_
#endif

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace modernbert {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// 2^f on [-0.5, 0.5] as 1 + f*p(f): Chebyshev fit, relative error 5.1e-9.
template <class D, class V>
HWY_INLINE V exp2_fraction(D d, V f) {
  V p = hn::Set(d, 0.000154531629451f);
  p = hn::MulAdd(p, f, hn::Set(d, 0.00133908633647f));
  p = hn::MulAdd(p, f, hn::Set(d, 0.00961808255728f));
  p = hn::MulAdd(p, f, hn::Set(d, 0.0555035711422f));
  p = hn::MulAdd(p, f, hn::Set(d, 0.240226507606f));
  p = hn::MulAdd(p, f, hn::Set(d, 0.693147188026f));
  return hn::MulAdd(p, f, hn::Set(d, 1.0f));
}

// Results below 2^-126 are 0, above 2^127 infinity; NaN stays NaN.
template <class D, class V>
HWY_INLINE V vector_exp2(D d, V x) {
  const hn::RebindToSigned<D> di;
  // Keeps the conversion to int in range; beyond it the result is 0 or infinity anyway.
  const V bounded = hn::Min(hn::Max(x, hn::Set(d, -1e6f)), hn::Set(d, 1e6f));
  const V whole = hn::Round(bounded);
  const V fraction = hn::Sub(bounded, whole);
  auto exponent = hn::Add(hn::ConvertTo(di, whole), hn::Set(di, 127));
  exponent = hn::Min(hn::Max(exponent, hn::Zero(di)), hn::Set(di, 255));
  const V scale = hn::BitCast(d, hn::ShiftLeft<23>(exponent));
  const V result = hn::Mul(exp2_fraction(d, fraction), scale);
  return hn::IfThenElse(hn::Eq(x, x), result, x);  // min and max may have dropped a NaN
}

// 2^x for x <= 0, with fewer checks: relative error 1.9e-7, 2^-126 below -126.
template <class D, class V>
HWY_INLINE V exp2_of_negative(D d, V x) {
  const hn::RebindToSigned<D> di;
  const V bounded = hn::Max(x, hn::Set(d, -126.0f));
  const V whole = hn::Round(bounded);
  const V f = hn::Sub(bounded, whole);
  V p = hn::Set(d, 0.00132647273f);
  p = hn::MulAdd(p, f, hn::Set(d, 0.00967151299f));
  p = hn::MulAdd(p, f, hn::Set(d, 0.0555073359f));
  p = hn::MulAdd(p, f, hn::Set(d, 0.240222424f));
  p = hn::MulAdd(p, f, hn::Set(d, 0.693147004f));
  p = hn::MulAdd(p, f, hn::Set(d, 1.0f));
  const auto exponent = hn::ShiftLeft<23>(hn::ConvertTo(di, whole));
  return hn::BitCast(d, hn::Add(hn::BitCast(di, p), exponent));
}

template <class D, class V>
HWY_INLINE V vector_exp(D d, V x) {
  return vector_exp2(d, hn::Mul(x, hn::Set(d, 1.44269504f)));
}

template <class D, class V>
HWY_INLINE V vector_sigmoid(D d, V x) {
  const V one = hn::Set(d, 1.0f);
  return hn::Div(one, hn::Add(one, vector_exp(d, hn::Neg(x))));
}

// 2*sigmoid(2x) - 1, odd by construction; near 0 the odd Taylor series keeps relative accuracy.
template <class D, class V>
HWY_INLINE V vector_tanh(D d, V x) {
  const V a = hn::Abs(x);
  const V e = vector_exp(d, hn::Mul(a, hn::Set(d, -2.0f)));
  const V one = hn::Set(d, 1.0f);
  const V large = hn::Div(hn::Sub(one, e), hn::Add(one, e));
  const V a2 = hn::Mul(a, a);
  V series = hn::MulAdd(a2, hn::Set(d, -0.0539682540f), hn::Set(d, 0.133333333f));
  series = hn::MulAdd(series, a2, hn::Set(d, -0.333333333f));
  const V small = hn::MulAdd(hn::Mul(series, a2), a, a);
  return hn::CopySign(hn::IfThenElse(hn::Lt(a, hn::Set(d, 0.1f)), small, large), x);
}

// max(x,0) - |x| 2^(-x² log2(e)/2) t R(t), t = 1/(1+0.3|x|): relative accuracy in both tails, absolute
// error 2.4e-7.
template <class D, class V>
HWY_INLINE V vector_gelu(D d, V x) {
  const V a = hn::Abs(x);
  const V one = hn::Set(d, 1.0f);
  const V t = hn::Div(one, hn::MulAdd(a, hn::Set(d, 0.3f), one));
  V r = hn::Set(d, 0.0361942486f);
  r = hn::MulAdd(r, t, hn::Set(d, -0.159375693f));
  r = hn::MulAdd(r, t, hn::Set(d, 0.210113733f));
  r = hn::MulAdd(r, t, hn::Set(d, -0.0571629368f));
  r = hn::MulAdd(r, t, hn::Set(d, 0.130414035f));
  r = hn::MulAdd(r, t, hn::Set(d, 0.0993478814f));
  r = hn::MulAdd(r, t, hn::Set(d, 0.120845405f));
  r = hn::MulAdd(r, t, hn::Set(d, 0.119623271f));
  const V gauss = exp2_of_negative(d, hn::Mul(hn::Mul(a, a), hn::Set(d, -0.72134752f)));
  const V tail = hn::Mul(hn::Mul(a, gauss), hn::Mul(t, r));
  return hn::Sub(hn::Max(x, hn::Zero(d)), tail);
}

// x sigmoid(2 sqrt(2/pi) (x + 0.044715 x³)), which equals 0.5 x (1 + tanh(…)).
template <class D, class V>
HWY_INLINE V vector_gelu_tanh(D d, V x) {
  const V cubic = hn::MulAdd(hn::Mul(hn::Mul(x, x), hn::Set(d, 0.044715f)), x, x);
  return hn::Mul(x, vector_sigmoid(d, hn::Mul(cubic, hn::Set(d, 1.59576912f))));
}

}  // namespace HWY_NAMESPACE
}  // namespace modernbert
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
