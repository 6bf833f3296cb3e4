// The activations that real models use are vectorised; the others go through the reference functions one by
// one.
#include "ops/rowwise/activations.h"

#include "core/check.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/rowwise/activations.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/rowwise/gated_gelu_bf16.h"
#include "ops/vector/bf16_store-inl.h"
#include "ops/vector/vector_math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace modernbert {
namespace HWY_NAMESPACE {

struct Gelu {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return vector_gelu(d, x);
  }
};
struct GeluTanh {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return vector_gelu_tanh(d, x);
  }
};
struct QuickGelu {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return hn::Mul(x, vector_sigmoid(d, hn::Mul(x, hn::Set(d, 1.702f))));
  }
};
struct Silu {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return hn::Mul(x, vector_sigmoid(d, x));
  }
};
struct Relu {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return hn::IfThenZeroElse(hn::Lt(x, hn::Zero(d)), x);  // unlike Max, keeps NaN
  }
};
struct Tanh {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return vector_tanh(d, x);
  }
};
struct Sigmoid {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return vector_sigmoid(d, x);
  }
};

// y[i] = f(x[i]) * gate[i], or f(x[i]) where gate is null. The tail goes through a padded vector, so that an
// element's result does not depend on its place in the row.
template <class F, class Out>
HWY_INLINE void map_row(F f, const float* x, const float* gate, Out* y, size_t count) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    auto value = f(d, hn::LoadU(d, x + i));
    if (gate != nullptr) value = hn::Mul(value, hn::LoadU(d, gate + i));
    store_rounded(d, value, y + i);
  }
  if (i == count) return;
  HWY_ALIGN float tail[HWY_MAX_BYTES / sizeof(float)] = {};
  for (size_t k = i; k < count; ++k) tail[k - i] = x[k];
  hn::Store(f(d, hn::Load(d, tail)), d, tail);
  for (size_t k = i; k < count; ++k)
    store_rounded_one(gate != nullptr ? tail[k - i] * gate[k] : tail[k - i], y + k);
}

// gate.data may be null.
template <class F, class Out>
void map(F f, const MatView<const float>& x, const MatView<const float>& gate, const MatView<Out>& y) {
  for (int64_t r = 0; r < x.rows; ++r) {
    map_row(f, x.row_data(r), gate.data == nullptr ? nullptr : gate.row_data(r), y.row_data(r),
            static_cast<size_t>(x.cols));
  }
}

// False where the activation has no vector version.
template <class Out>
bool vector_activation(const ActivationFunction& f, const MatView<const float>& x,
                       const MatView<const float>& gate, const MatView<Out>& y) {
  switch (f.kind) {
    case Activation::kGelu:
      map(Gelu(), x, gate, y);
      return true;
    case Activation::kGeluTanh:
      map(GeluTanh(), x, gate, y);
      return true;
    case Activation::kQuickGelu:
      map(QuickGelu(), x, gate, y);
      return true;
    case Activation::kSilu:
      map(Silu(), x, gate, y);
      return true;
    case Activation::kRelu:
      map(Relu(), x, gate, y);
      return true;
    case Activation::kTanh:
      map(Tanh(), x, gate, y);
      return true;
    case Activation::kSigmoid:
      map(Sigmoid(), x, gate, y);
      return true;
    default:
      return false;
  }
}

bool activation_to_floats(const ActivationFunction& f, const MatView<const float>& x,
                          const MatView<const float>& gate, const MatView<float>& y) {
  return vector_activation(f, x, gate, y);
}

bool activation_to_halves(const ActivationFunction& f, const MatView<const float>& x,
                          const MatView<const float>& gate, const MatView<Bf16>& y) {
  return vector_activation(f, x, gate, y);
}

}  // namespace HWY_NAMESPACE
}  // namespace modernbert
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace modernbert {
namespace {

HWY_EXPORT(activation_to_floats);
HWY_EXPORT(activation_to_halves);

bool run_vectors(const ActivationFunction& f, MatView<const float> x, MatView<const float> gate,
                 MatView<float> y) {
  return HWY_DYNAMIC_DISPATCH(activation_to_floats)(f, x, gate, y);
}
bool run_vectors(const ActivationFunction& f, MatView<const float> x, MatView<const float> gate,
                 MatView<Bf16> y) {
  return HWY_DYNAMIC_DISPATCH(activation_to_halves)(f, x, gate, y);
}

float rounded_to(float value, float*) {
  return value;
}
Bf16 rounded_to(float value, Bf16*) {
  return to_bf16(value);
}

template <class Out>
void activate(const ActivationFunction& f, MatView<const float> x, MatView<const float> gate,
              MatView<Out> y) {
  MB_CHECK(x.rows == y.rows && x.cols == y.cols);
  if (run_vectors(f, x, gate, y)) return;
  for (int64_t r = 0; r < x.rows; ++r) {
    for (int64_t i = 0; i < x.cols; ++i) {
      double value = ref::activation(f, x.row_data(r)[i]);
      if (gate.data != nullptr) value *= gate.row_data(r)[i];
      y.row_data(r)[i] = rounded_to(static_cast<float>(value), y.data);
    }
  }
}

}  // namespace

void apply_activation(const ActivationFunction& f, std::span<const float> x, std::span<float> y) {
  MB_CHECK(x.size() == y.size());
  const auto count = static_cast<int64_t>(x.size());
  activate(f, {x.data(), 1, count}, {}, MatView<float>(y.data(), 1, count));
}

void apply_activation(const ActivationFunction& f, MatView<const float> x, MatView<float> y) {
  activate(f, x, {}, y);
}

void apply_activation(const ActivationFunction& f, MatView<const float> x, MatView<Bf16> y) {
  activate(f, x, {}, y);
}

void gated_activation(const ActivationFunction& f, MatView<const float> u, MatView<const float> g,
                      MatView<float> y) {
  MB_CHECK(u.rows == g.rows && u.cols == g.cols);
  activate(f, u, g, y);
}

void gated_activation(const ActivationFunction& f, MatView<const float> u, MatView<const float> g,
                      MatView<Bf16> y) {
  MB_CHECK(u.rows == g.rows && u.cols == g.cols);
  static const GatedGeluKernel gated_gelu = bf16_gated_gelu_kernel();
  if (f.kind == Activation::kGelu && gated_gelu != nullptr) return gated_gelu(u, g, y);
  activate(f, u, g, y);
}

}  // namespace modernbert
#endif
