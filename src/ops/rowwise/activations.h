// Activation functions on rows, and the gated product of GLU layers.
#pragma once

#include <span>

#include "modernbert/activation.h"
#include "tensor/dtype.h"
#include "tensor/matrix.h"

namespace modernbert {

// An activation with its trained parameter, where it has one.
struct ActivationFunction {
  constexpr ActivationFunction(Activation activation, float prelu_slope = 0)  // NOLINT: an Activation is one
      : kind(activation), slope(prelu_slope) {}
  Activation kind;
  float slope;  // of kPrelu
};

// y[i] = act(x[i]).   x, y: same length; y may alias x.
void apply_activation(const ActivationFunction& f, std::span<const float> x, std::span<float> y);
// The same for rows.   x, y: [R,C].
void apply_activation(const ActivationFunction& f, MatView<const float> x, MatView<float> y);
void apply_activation(const ActivationFunction& f, MatView<const float> x, MatView<Bf16> y);

// y = act(u) * g   (the first half of Wi's output is activated).   u, g, y: [R,C]; y may alias u or g.
void gated_activation(const ActivationFunction& f, MatView<const float> u, MatView<const float> g,
                      MatView<float> y);
void gated_activation(const ActivationFunction& f, MatView<const float> u, MatView<const float> g,
                      MatView<Bf16> y);

namespace ref {
// The same in double precision with the C library's functions.
double activation(const ActivationFunction& f, double x);
void apply_activation(const ActivationFunction& f, std::span<const float> x, std::span<float> y);
void gated_activation(const ActivationFunction& f, std::span<const float> u, std::span<const float> g,
                      std::span<float> y);
}  // namespace ref

}  // namespace modernbert
