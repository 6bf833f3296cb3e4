// The activations of real models are vectorised, as value and derivative together; the others go through the
// reference functions one by one.
#include "ops/rowwise/activations_training.h"

#include "core/check.h"
#include "ops/rowwise/activations.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/rowwise/activations_training.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/vector/element_rows-inl.h"
#include "ops/vector/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace modernbert {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// value and slope of the activation at x.
template <class V>
struct Point {
  V value, slope;
};

// slope = Phi(x) + x phi(x); Phi(x) = value / x is taken from the tail formula of the value, safe at 0.
struct GeluPoint {
  template <class D, class V>
  HWY_INLINE Point<V> operator()(D d, V x) const {
    const V value = vector_gelu(d, x);
    const V density = hn::Mul(exp2_of_negative(d, hn::Mul(hn::Mul(x, x), hn::Set(d, -0.72134752f))),
                              hn::Set(d, 0.39894228f));
    const V small = hn::MulAdd(x, hn::Set(d, 0.39894228f), hn::Set(d, 0.5f));
    const auto near_zero = hn::Lt(hn::Abs(x), hn::Set(d, 1e-2f));
    // Near 0 Phi is 0.5 + x phi(0) - x³ phi(0) / 6.
    const V cubic = hn::Mul(hn::Mul(hn::Mul(x, x), x), hn::Set(d, -0.066490380f));
    const V distribution = hn::IfThenElse(near_zero, hn::Add(small, cubic), hn::Div(value, x));
    return {value, hn::MulAdd(x, density, distribution)};
  }
};
struct GeluTanhPoint {
  template <class D, class V>
  HWY_INLINE Point<V> operator()(D d, V x) const {
    // x s(c) with c = 1.59577 (x + 0.044715 x³).
    const V square = hn::Mul(x, x), scale = hn::Set(d, 1.59576912f);
    const V s = vector_sigmoid(d, hn::Mul(hn::MulAdd(hn::Mul(square, hn::Set(d, 0.044715f)), x, x), scale));
    const V inner = hn::Mul(hn::MulAdd(square, hn::Set(d, 0.134145f), hn::Set(d, 1.0f)), scale);
    const V rest = hn::Mul(hn::Mul(x, inner), hn::Mul(s, hn::Sub(hn::Set(d, 1.0f), s)));
    return {hn::Mul(x, s), hn::Add(s, rest)};
  }
};
struct SiluPoint {
  template <class D, class V>
  HWY_INLINE Point<V> operator()(D d, V x) const {
    const V s = vector_sigmoid(d, x);
    return {hn::Mul(x, s), hn::MulAdd(hn::Mul(x, s), hn::Sub(hn::Set(d, 1.0f), s), s)};
  }
};
struct ReluPoint {
  template <class D, class V>
  HWY_INLINE Point<V> operator()(D d, V x) const {
    const auto positive = hn::Gt(x, hn::Zero(d));
    return {hn::IfThenElse(positive, x, hn::Zero(d)),
            hn::IfThenElse(positive, hn::Set(d, 1.0f), hn::Zero(d))};
  }
};
struct TanhPoint {
  template <class D, class V>
  HWY_INLINE Point<V> operator()(D d, V x) const {
    const V t = vector_tanh(d, x);
    return {t, hn::NegMulAdd(t, t, hn::Set(d, 1.0f))};
  }
};

// Any activation, one element after another.
struct SlowPoint {
  ActivationFunction f;
  template <class D, class V>
  HWY_INLINE Point<V> operator()(D d, V x) const {
    HWY_ALIGN float values[HWY_MAX_BYTES / sizeof(float)], slopes[HWY_MAX_BYTES / sizeof(float)];
    hn::Store(x, d, values);
    for (size_t i = 0; i < hn::Lanes(d); ++i) {
      slopes[i] = static_cast<float>(ref::activation_derivative(f, values[i]));
      values[i] = static_cast<float>(ref::activation(f, values[i]));
    }
    return {hn::Load(d, values), hn::Load(d, slopes)};
  }
};

template <class F, class E>
HWY_INLINE void forward_rows(F point, bool gated, const MatView<const E>& ug, const MatView<E>& y) {
  for (int64_t r = 0; r < y.rows; ++r) {
    const E *u = ug.row_data(r), *g = gated ? u + y.cols : nullptr;
    E* to = y.row_data(r);
    for_each_vector(y.cols, [&](auto d, int64_t i) HWY_ATTR {
      auto value = point(d, load_elements(d, u + i)).value;
      if (g != nullptr) value = hn::Mul(value, load_elements(d, g + i));
      store_rounded(d, value, to + i);
    });
  }
}

template <class E>
struct BackwardRows {
  bool gated;
  MatView<const E> ug, dy;
  MatView<E> y, dug;
};

template <class F, class E>
HWY_INLINE void backward_rows(F point, const BackwardRows<E>& op) {
  const int64_t count = op.dy.cols;
  for (int64_t r = 0; r < op.dy.rows; ++r) {
    const E *u = op.ug.row_data(r), *dy = op.dy.row_data(r);
    E *y = op.y.row_data(r), *du = op.dug.row_data(r);
    for_each_vector(count, [&](auto d, int64_t i) HWY_ATTR {
      const auto p = point(d, load_elements(d, u + i));
      const auto gradient = load_elements(d, dy + i);
      if (!op.gated) {
        store_rounded(d, p.value, y + i);
        store_rounded(d, hn::Mul(gradient, p.slope), du + i);
        return;
      }
      const auto g = load_elements(d, u + count + i);
      store_rounded(d, hn::Mul(p.value, g), y + i);
      store_rounded(d, hn::Mul(hn::Mul(gradient, g), p.slope), du + i);
      store_rounded(d, hn::Mul(gradient, p.value), du + count + i);
    });
  }
}

// Calls run(point function of the activation).
template <class Run>
HWY_INLINE void with_point(const ActivationFunction& f, const Run& run) {
  switch (f.kind) {
    case Activation::kGelu:
      return run(GeluPoint());
    case Activation::kGeluTanh:
      return run(GeluTanhPoint());
    case Activation::kSilu:
      return run(SiluPoint());
    case Activation::kRelu:
      return run(ReluPoint());
    case Activation::kTanh:
      return run(TanhPoint());
    default:
      return run(SlowPoint{f});
  }
}

template <class E>
void forward_all(const ActivationFunction& f, bool gated, const MatView<const E>& ug, const MatView<E>& y) {
  with_point(f, [&](auto point) HWY_ATTR { forward_rows(point, gated, ug, y); });
}
template <class E>
void backward_all(const ActivationFunction& f, const BackwardRows<E>& op) {
  with_point(f, [&](auto point) HWY_ATTR { backward_rows(point, op); });
}

void activate_floats(const ActivationFunction& f, bool gated, const MatView<const float>& ug,
                     const MatView<float>& y) {
  forward_all(f, gated, ug, y);
}
void activate_halves(const ActivationFunction& f, bool gated, const MatView<const Bf16>& ug,
                     const MatView<Bf16>& y) {
  forward_all(f, gated, ug, y);
}
void backward_floats(const ActivationFunction& f, bool gated, const MatView<const float>& ug,
                     const MatView<const float>& dy, const MatView<float>& y, const MatView<float>& dug) {
  backward_all(f, BackwardRows<float>{gated, ug, dy, y, dug});
}
void backward_halves(const ActivationFunction& f, bool gated, const MatView<const Bf16>& ug,
                     const MatView<const Bf16>& dy, const MatView<Bf16>& y, const MatView<Bf16>& dug) {
  backward_all(f, BackwardRows<Bf16>{gated, ug, dy, y, dug});
}

}  // namespace HWY_NAMESPACE
}  // namespace modernbert
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace modernbert {

HWY_EXPORT(activate_floats);
HWY_EXPORT(activate_halves);
HWY_EXPORT(backward_floats);
HWY_EXPORT(backward_halves);

template <>
void activate_rows(const ActivationFunction& f, bool gated, MatView<const float> ug, MatView<float> y) {
  MB_CHECK(ug.cols == (gated ? 2 : 1) * y.cols && ug.rows == y.rows);
  HWY_DYNAMIC_DISPATCH(activate_floats)(f, gated, ug, y);
}
template <>
void activate_rows(const ActivationFunction& f, bool gated, MatView<const Bf16> ug, MatView<Bf16> y) {
  MB_CHECK(ug.cols == (gated ? 2 : 1) * y.cols && ug.rows == y.rows);
  HWY_DYNAMIC_DISPATCH(activate_halves)(f, gated, ug, y);
}
template <>
void activate_backward(const ActivationFunction& f, bool gated, MatView<const float> ug,
                       MatView<const float> dy, MatView<float> y, MatView<float> dug) {
  MB_CHECK(ug.cols == (gated ? 2 : 1) * y.cols && dug.cols == ug.cols && dy.cols == y.cols);
  HWY_DYNAMIC_DISPATCH(backward_floats)(f, gated, ug, dy, y, dug);
}
template <>
void activate_backward(const ActivationFunction& f, bool gated, MatView<const Bf16> ug,
                       MatView<const Bf16> dy, MatView<Bf16> y, MatView<Bf16> dug) {
  MB_CHECK(ug.cols == (gated ? 2 : 1) * y.cols && dug.cols == ug.cols && dy.cols == y.cols);
  HWY_DYNAMIC_DISPATCH(backward_halves)(f, gated, ug, dy, y, dug);
}

namespace {

float as_float(float x) {
  return x;
}
float as_float(Bf16 x) {
  return to_float(x);
}

}  // namespace

template <class E>
double slope_gradient(bool gated, MatView<const E> ug, MatView<const E> dy) {
  double sum = 0;
  for (int64_t r = 0; r < dy.rows; ++r) {
    const E *u = ug.row_data(r), *d = dy.row_data(r);
    for (int64_t i = 0; i < dy.cols; ++i) {
      if (as_float(u[i]) >= 0) continue;
      const double g = gated ? as_float(u[dy.cols + i]) : 1;
      sum += as_float(d[i]) * as_float(u[i]) * g;
    }
  }
  return sum;
}
template double slope_gradient(bool, MatView<const float>, MatView<const float>);
template double slope_gradient(bool, MatView<const Bf16>, MatView<const Bf16>);

}  // namespace modernbert
#endif
