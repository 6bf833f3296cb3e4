#include "ops/attention/attention.h"

#include <cstring>

#include "ops/op_test.h"

namespace modernbert {
namespace {

using testing::expect_close;
using testing::for_each_target;
using testing::normal_values;

// q, k, v of one head with the padding that the kernel asks for.
struct FloatInputs {
  FloatInputs(int64_t length_, int64_t dim_, unsigned seed, float deviation = 1.0f)
      : length(length_),
        dim(dim_),
        padded((dim_ + 15) / 16 * 16),
        q(make(seed, deviation)),
        k(make(seed + 1, deviation)),
        v(make(seed + 2, 1.0f)) {}

  AttentionHead head(int64_t window, int64_t visible) const {
    const auto view = [&](const std::vector<float>& data) {
      return MatView<const float>(data.data(), length, padded);
    };
    return {view(q), view(k), view(v), visible, window};
  }

  std::vector<float> make(unsigned seed, float deviation) const {
    std::vector<float> data(static_cast<size_t>((length + 16) * padded), 0.0f);
    const auto values = normal_values(static_cast<size_t>(length * dim), seed, deviation);
    for (int64_t r = 0; r < length; ++r) {
      std::memcpy(data.data() + r * padded, values.data() + r * dim,
                  static_cast<size_t>(dim) * sizeof(float));
    }
    return data;
  }

  int64_t length, dim, padded;
  std::vector<float> q, k, v;
};

std::vector<float> run(const FloatInputs& inputs, int64_t window, int64_t visible) {
  // Guard words around the output must survive.
  std::vector<float> out(static_cast<size_t>(inputs.length * inputs.dim + 2), 1234.5f);
  AttentionScratch scratch;
  const AttentionHead head = inputs.head(window, visible);
  const MatView<float> all(out.data() + 1, inputs.length, inputs.dim);
  for (int64_t begin = 0; begin < inputs.length; begin += kAttentionBlockRows) {
    const int64_t rows = std::min(kAttentionBlockRows, inputs.length - begin);
    attention_block(head, begin, scratch, all.slice_rows(begin, rows));
  }
  EXPECT_EQ(out.front(), 1234.5f);
  EXPECT_EQ(out.back(), 1234.5f);
  return {out.begin() + 1, out.end() - 1};
}

std::vector<float> want(const FloatInputs& inputs, int64_t window, int64_t visible) {
  std::vector<float> out(static_cast<size_t>(inputs.length * inputs.dim));
  ref::attention(inputs.head(window, visible), MatView<float>(out.data(), inputs.length, inputs.dim));
  return out;
}

// Scores of size s carry an error of s * D * 2^-24, which the exponential turns into a relative error of the
// weights.
TEST(Attention, MatchesReferenceAtAllLengthsAndWindows) {
  for_each_target([] {
    for (const int64_t length : {1, 2, 3, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 130, 200}) {
      for (const int64_t window : {-1, 0, 1, 8, 63, 64, 65}) {
        const FloatInputs inputs(length, 16, static_cast<unsigned>(length * 31 + window + 1));
        expect_close(run(inputs, window, length), want(inputs, window, length), 4e-6, 4e-6,
                     "length " + std::to_string(length) + " window " + std::to_string(window));
      }
    }
  });
}

TEST(Attention, MatchesReferenceForAllHeadSizes) {
  for_each_target([] {
    for (const int64_t dim : {2, 8, 12, 16, 32, 48, 64, 80, 96, 128}) {
      const FloatInputs inputs(70, dim, static_cast<unsigned>(dim), 0.5f);
      for (const int64_t window : {-1, 20}) {
        expect_close(run(inputs, window, 70), want(inputs, window, 70), 4e-6, 4e-6,
                     "dim " + std::to_string(dim));
      }
    }
  });
}

TEST(Attention, HiddenKeysDoNotMatter) {
  FloatInputs inputs(40, 16, 11);
  const auto before = run(inputs, -1, 25);
  expect_close(before, want(inputs, -1, 25), 4e-6, 4e-6, "visible 25 of 40");
  for (int64_t i = 25 * 16; i < 40 * 16; ++i) {
    inputs.k[static_cast<size_t>(i)] = 77.0f;
    inputs.v[static_cast<size_t>(i)] = -77.0f;
  }
  EXPECT_EQ(run(inputs, -1, 25), before);
}

TEST(Attention, RowsWithoutVisibleKeysAreZero) {
  const FloatInputs inputs(60, 16, 12);
  const auto out = run(inputs, 4, 20);
  expect_close(out, want(inputs, 4, 20), 4e-6, 4e-6, "window 4, 20 visible");
  for (size_t i = 24 * 16; i < out.size(); ++i) EXPECT_EQ(out[i], 0.0f);
}

// Scores up to about ±1000: 2^s overflows, so the second pass relative to the maximum has to run.
TEST(Attention, SurvivesHugeScores) {
  for_each_target([] {
    const FloatInputs inputs(50, 16, 13, 9.0f);
    // An error of 1000 * 16 * 2^-24 in a score is 1e-3 in a weight.
    expect_close(run(inputs, -1, 50), want(inputs, -1, 50), 2e-3, 2e-3, "huge scores");
  });
}

TEST(Attention, SurvivesScoresFarBelowZero) {
  FloatInputs inputs(20, 16, 14);
  for (int64_t r = 0; r < 20; ++r) {
    for (int64_t i = 0; i < 16; ++i) {
      inputs.q[static_cast<size_t>(r * 16 + i)] = -8.0f;
      inputs.k[static_cast<size_t>(r * 16 + i)] = 8.0f;
    }
  }
  expect_close(run(inputs, -1, 20), want(inputs, -1, 20), 4e-6, 4e-6, "scores of -1024");
}

TEST(Attention, PropagatesNan) {
  FloatInputs inputs(8, 16, 15);
  inputs.q[0] = NAN;
  const auto out = run(inputs, -1, 8);
  EXPECT_TRUE(std::isnan(out[0]));
  EXPECT_FALSE(std::isnan(out[16]));
}

}  // namespace
}  // namespace modernbert
