// Activation functions on rows, and the gated product of GLU layers.
#pragma once

#include <span>

#include "modernbert/activation.h"

namespace modernbert {

// y[i] = act(x[i]).   x, y: same length; y may alias x.
void apply_activation(Activation activation, std::span<const float> x, std::span<float> y);

// y[i] = act(u[i]) * g[i]   (the first half of Wi's output is activated).   All of one length; y may alias u
// or g.
void gated_activation(Activation activation, std::span<const float> u, std::span<const float> g,
                      std::span<float> y);

namespace ref {
// The same in double precision with the C library's functions.
double activation(Activation activation, double x);
void apply_activation(Activation activation, std::span<const float> x, std::span<float> y);
void gated_activation(Activation activation, std::span<const float> u, std::span<const float> g,
                      std::span<float> y);
}  // namespace ref

}  // namespace modernbert
