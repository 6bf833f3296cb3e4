#include "ops/attention_bf16.h"

#include "op_test.h"
#include "ops/attention.h"
#include "ops/convert.h"

namespace modernbert {
namespace {

using testing::expect_close;
using testing::normal_values;

// q, k, v of one head: floats already rounded to bf16 for the reference, and the kernel's words.
struct Inputs {
  Inputs(int64_t length_, unsigned seed, float deviation)
      : length(length_), q(make(seed, deviation)), k(make(seed + 1, deviation)), v(make(seed + 2, 1.0f)) {
    q_words = rows(q);
    k_words = rows(k);
    v_words.assign(static_cast<size_t>((length + 1) / 2 * 64), 0u);
    for (int64_t r = 0; r < length; ++r) {
      for (int64_t i = 0; i < 64; ++i) {
        const uint32_t bits = to_bf16(v[static_cast<size_t>(r * 64 + i)]).bits;
        v_words[static_cast<size_t>(r / 2 * 64 + i)] |= bits << (r % 2 * 16);
      }
    }
  }

  std::vector<float> make(unsigned seed, float deviation) const {
    auto values = normal_values(static_cast<size_t>(length * 64), seed, deviation);
    round_to_bf16(values, values);
    return values;
  }
  // Rows past the last one are read and must not matter: they hold NaN.
  std::vector<uint32_t> rows(const std::vector<float>& values) const {
    std::vector<uint32_t> words(static_cast<size_t>((length + 8) * 32), 0x7FC07FC0u);
    convert_to_bf16(values, {reinterpret_cast<Bf16*>(words.data()), values.size()});
    return words;
  }

  int64_t length;
  std::vector<float> q, k, v;
  std::vector<uint32_t> q_words, k_words, v_words;
};

std::vector<float> run(const Inputs& inputs, int64_t window, int64_t visible) {
  const Bf16AttentionHead head{
      inputs.q_words.data(), inputs.k_words.data(), inputs.v_words.data(), inputs.length, visible, window};
  std::vector<float> out(static_cast<size_t>(inputs.length * 64));
  Bf16AttentionScratch scratch;
  for (int64_t begin = 0; begin < inputs.length; begin += Bf16AttentionScratch::kRows) {
    attention_block_bf16(head, begin, scratch, MatView<float>(out.data(), inputs.length, 64));
  }
  return out;
}

std::vector<float> want(const Inputs& inputs, int64_t window, int64_t visible) {
  const auto view = [&](const std::vector<float>& values) {
    return MatView<const float>(values.data(), inputs.length, 64);
  };
  std::vector<float> out(static_cast<size_t>(inputs.length * 64));
  ref::attention({view(inputs.q), view(inputs.k), view(inputs.v), visible, window},
                 MatView<float>(out.data(), inputs.length, 64));
  return out;
}

class Bf16Attention : public ::testing::Test {
  void SetUp() override {
    if (!has_bf16_attention(64)) GTEST_SKIP() << "this CPU has no bf16 products";
  }
};

// Only the weights are rounded on the way, by at most 2^-8 of each, in the numerator and in the sum that
// divides it: the error of a result is at most 2^-7 of the weighted sum of |v|.
void expect_within_rounding(const Inputs& inputs, int64_t window, int64_t visible, const std::string& what) {
  Inputs absolute = inputs;
  for (float& value : absolute.v) value = std::fabs(value);
  const auto got = run(inputs, window, visible), exact = want(inputs, window, visible),
             scale = want(absolute, window, visible);
  for (size_t i = 0; i < got.size(); ++i) {
    ASSERT_LE(std::fabs(got[i] - exact[i]), scale[i] / 128 + 1e-6f)
        << what << ", element " << i << ": " << got[i] << ", want " << exact[i];
  }
}

TEST_F(Bf16Attention, MatchesReferenceAtAllLengthsAndWindows) {
  for (const int64_t length : {1, 2, 3, 5, 6, 7, 63, 64, 65, 95, 96, 97, 130, 200, 300}) {
    for (const int64_t window : {-1, 0, 1, 7, 8, 63, 64, 65}) {
      const Inputs inputs(length, static_cast<unsigned>(length * 31 + window + 1), 0.4f);
      expect_within_rounding(inputs, window, length,
                             "length " + std::to_string(length) + " window " + std::to_string(window));
    }
  }
}

// With a single visible key its weight cancels: nothing may leak in from hidden keys.
TEST_F(Bf16Attention, WindowOfZeroCopiesTheValue) {
  const Inputs inputs(129, 3, 1.0f);
  expect_close(run(inputs, 0, 129), inputs.v, 0, 3e-7, "window 0");
}

TEST_F(Bf16Attention, HiddenKeysDoNotMatter) {
  const Inputs inputs(100, 4, 0.4f);
  const auto before = run(inputs, -1, 61);
  expect_within_rounding(inputs, -1, 61, "61 of 100 visible");
  Inputs changed = inputs;
  for (size_t i = 61 * 32; i < changed.k_words.size(); ++i) changed.k_words[i] = 0x7FC07FC0u;
  EXPECT_EQ(run(changed, -1, 61), before);
}

TEST_F(Bf16Attention, RowsWithoutVisibleKeysAreZero) {
  const auto out = run(Inputs(90, 5, 0.4f), 4, 20);
  for (size_t i = 24 * 64; i < out.size(); ++i) EXPECT_EQ(out[i], 0.0f);
}

TEST_F(Bf16Attention, SurvivesHugeScores) {
  const Inputs inputs(150, 6, 5.0f);
  // Scores of ±1000 in fp32 carry an error of 1e-3 beside that of the rounded weights.
  expect_close(run(inputs, -1, 150), want(inputs, -1, 150), 1e-2, 1e-2, "huge scores");
}

TEST_F(Bf16Attention, PropagatesNan) {
  Inputs inputs(8, 7, 0.4f);
  inputs.q_words[0] = 0x7FC07FC0u;
  const auto out = run(inputs, -1, 8);
  EXPECT_TRUE(std::isnan(out[0]));
  EXPECT_FALSE(std::isnan(out[64]));
}

}  // namespace
}  // namespace modernbert
