// The activations that real models use are vectorised; the others go through the reference functions one by
// one.
#include "ops/activations.h"

#include "core/check.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ops/activations.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "ops/vector_math-inl.h"

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
template <class F>
void map(F f, const float* x, const float* gate, float* y, size_t count) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    auto value = f(d, hn::LoadU(d, x + i));
    if (gate != nullptr) value = hn::Mul(value, hn::LoadU(d, gate + i));
    hn::StoreU(value, d, y + i);
  }
  if (i == count) return;
  HWY_ALIGN float tail[HWY_MAX_BYTES / sizeof(float)] = {};
  for (size_t k = i; k < count; ++k) tail[k - i] = x[k];
  hn::Store(f(d, hn::Load(d, tail)), d, tail);
  for (size_t k = i; k < count; ++k) y[k] = gate != nullptr ? tail[k - i] * gate[k] : tail[k - i];
}

// False where the activation has no vector version.
bool vector_activation(Activation activation, const float* x, const float* gate, float* y, size_t count) {
  switch (activation) {
    case Activation::kGelu:
      map(Gelu(), x, gate, y, count);
      return true;
    case Activation::kGeluTanh:
      map(GeluTanh(), x, gate, y, count);
      return true;
    case Activation::kQuickGelu:
      map(QuickGelu(), x, gate, y, count);
      return true;
    case Activation::kSilu:
      map(Silu(), x, gate, y, count);
      return true;
    case Activation::kRelu:
      map(Relu(), x, gate, y, count);
      return true;
    case Activation::kTanh:
      map(Tanh(), x, gate, y, count);
      return true;
    case Activation::kSigmoid:
      map(Sigmoid(), x, gate, y, count);
      return true;
    default:
      return false;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace modernbert
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace modernbert {

HWY_EXPORT(vector_activation);

void apply_activation(Activation activation, std::span<const float> x, std::span<float> y) {
  MB_CHECK(x.size() == y.size());
  if (HWY_DYNAMIC_DISPATCH(vector_activation)(activation, x.data(), nullptr, y.data(), x.size())) return;
  ref::apply_activation(activation, x, y);
}

void gated_activation(Activation activation, std::span<const float> u, std::span<const float> g,
                      std::span<float> y) {
  MB_CHECK(u.size() == g.size() && u.size() == y.size());
  if (HWY_DYNAMIC_DISPATCH(vector_activation)(activation, u.data(), g.data(), y.data(), u.size())) return;
  ref::gated_activation(activation, u, g, y);
}

}  // namespace modernbert
#endif
