// Rotary position embedding: tables, and the pass that turns rows of Wqkv into the attention's layout.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tensor/matrix.h"

namespace modernbert {

// cos and sin of position * theta^(-2j/dim) for positions [0, positions) and j < dim/2, in the float32 steps
// of Hugging Face: inv_freq, the angle and the results are each rounded to float (exact angles differ by 1e-4
// at 8191).
struct RopeTable {
  int64_t half_dim = 0;
  std::vector<float> cos;  // [positions, half_dim]
  std::vector<float> sin;
  int64_t positions() const { return half_dim == 0 ? 0 : static_cast<int64_t>(cos.size()) / half_dim; }
};

std::vector<float> rope_inverse_frequencies(int64_t dim, double theta);
// width: numbers that a row rotates, at least dim; those past dim by an angle of 0. 0 = dim.
RopeTable make_rope_table(int64_t dim, double theta, int64_t positions, int64_t width = 0);

// Half-split (NeoX) rotation of one head, times `scale`: for j < D/2, (a,b) = (x[j], x[j+D/2]) becomes
// (a cos - b sin, b cos + a sin).   x, y: [D], y may alias x.   cos, sin: [D/2].
void rope_rotate(std::span<const float> x, std::span<const float> cos, std::span<const float> sin,
                 float scale, std::span<float> y);

namespace ref {
void rope_rotate(std::span<const float> x, std::span<const float> cos, std::span<const float> sin,
                 float scale, std::span<float> y);
}  // namespace ref

}  // namespace modernbert
