#include "ops/attention/attention_panel.h"

#include <cstring>

#include "ops/attention/attention.h"
#include "ops/attention/attention_amx.h"
#include "ops/cpu/cpu_features.h"
#include "ops/op_test.h"
#include "ops/rowwise/convert.h"

namespace modernbert {
namespace {

using testing::expect_close;
using testing::normal_values;

constexpr uint32_t kNanWord = 0x7FC07FC0u;  // a NaN as fp32 and two of them as bf16

// The three implementations; the last two share the form of q, k and v.
enum class Path { kFp32, kBf16, kMatrixUnit };

const AttentionKernels* kernels_of(Path path) {
  if (path == Path::kFp32) return fp32_attention_kernels();
  return path == Path::kMatrixUnit && !cpu_has_amx_bf16() ? nullptr : bf16_attention_kernels();
}

// q, k, v of one head: floats as the kernel sees them (rounded, for bf16), and its words.
struct PanelInputs {
  PanelInputs(Path path_, int64_t length_, unsigned seed, float deviation)
      : path(path_),
        kernels(*kernels_of(path_)),
        length(length_),
        q(make(seed, deviation)),
        k(make(seed + 1, deviation)),
        v(make(seed + 2, 1.0f)) {
    q_words = rows(q);
    k_words = rows(k);
    v_words.assign(static_cast<size_t>((length + kSpareRows) * kernels.row_words()), 0u);
    // In parts that begin and end at odd keys too.
    for (int64_t key = 0, part = 1; key < length; key += part, part = part % 7 + 1) {
      const int64_t keys = std::min(part, length - key);
      kernels.store_values({v.data() + key * 64, keys, 64}, key, v_words.data());
    }
  }

  std::vector<float> make(unsigned seed, float deviation) const {
    auto values = normal_values(static_cast<size_t>(length * 64), seed, deviation);
    if (kernels.type == RowType::kBf16) round_to_bf16(values, values);
    return values;
  }
  // Rows past the last one are read and must not matter: they hold NaN.
  std::vector<uint32_t> rows(const std::vector<float>& values) const {
    std::vector<uint32_t> words(static_cast<size_t>((length + kSpareRows) * kernels.row_words()), kNanWord);
    kernels.store_rows({values.data(), length, 64}, words.data());
    return words;
  }

  static constexpr int64_t kSpareRows = 32;
  Path path;
  const AttentionKernels& kernels;
  int64_t length;
  std::vector<float> q, k, v;
  std::vector<uint32_t> q_words, k_words, v_words;
};

// All blocks; the output is widened to floats.
std::vector<float> run(const PanelInputs& inputs, int64_t window, int64_t visible) {
  PanelAttentionHead head;
  head.q = inputs.q_words.data();
  head.k = inputs.k_words.data();
  head.v = inputs.v_words.data();
  head.length = inputs.length;
  head.visible = visible;
  head.window = window;
  RowBuffer out(inputs.kernels.type, 64 + 2);  // two guard columns
  out.resize(inputs.length);
  if (inputs.path == Path::kMatrixUnit) {
    AmxAttentionScratch scratch;
    attend_amx(head, {0, inputs.length}, scratch, out.row(0), out.stride());
  } else {
    PanelAttentionScratch scratch;
    for (int64_t begin = 0; begin < inputs.length; begin += kAttentionBlockRows)
      attention_block(inputs.kernels, head, begin, scratch, out.row(begin), out.stride());
  }
  RowBuffer floats(RowType::kFp32, 66);
  floats.resize(inputs.length);
  convert_rows(out.view(), 0, inputs.length, floats);
  std::vector<float> result;
  for (int64_t r = 0; r < inputs.length; ++r) {
    const auto row = floats.floats().row(r);
    result.insert(result.end(), row.begin(), row.begin() + 64);
    EXPECT_EQ(row[64], 0.0f);
    EXPECT_EQ(row[65], 0.0f);
  }
  return result;
}

std::vector<float> want(const PanelInputs& inputs, int64_t window, int64_t visible) {
  const auto view = [&](const std::vector<float>& values) {
    return MatView<const float>(values.data(), inputs.length, 64);
  };
  std::vector<float> out(static_cast<size_t>(inputs.length * 64));
  ref::attention({view(inputs.q), view(inputs.k), view(inputs.v), visible, window},
                 MatView<float>(out.data(), inputs.length, 64));
  return out;
}

class PanelAttention : public ::testing::TestWithParam<Path> {
 protected:
  void SetUp() override {
    if (kernels_of(GetParam()) == nullptr) GTEST_SKIP() << "this CPU has no such products";
  }
  PanelInputs inputs(int64_t length, unsigned seed, float deviation) const {
    return {GetParam(), length, seed, deviation};
  }
  double epsilon() const { return GetParam() == Path::kFp32 ? 3e-6 : 1.0 / 128; }

  // bf16: the weights are rounded on the way, by at most 2^-8 of each, in the numerator and in the sum that
  // divides it, and so is the result: an error of at most 2^-7 of the weighted sum of |v|. fp32: scores of
  // size s carry an error of s * 64 * 2^-24.
  void expect_within_rounding(const PanelInputs& inputs, int64_t window, int64_t visible,
                              const std::string& what) const {
    PanelInputs absolute = inputs;
    for (float& value : absolute.v) value = std::fabs(value);
    const auto got = run(inputs, window, visible), exact = want(inputs, window, visible),
               scale = want(absolute, window, visible);
    for (size_t i = 0; i < got.size(); ++i) {
      ASSERT_LE(std::fabs(got[i] - exact[i]), scale[i] * epsilon() + 1e-6)
          << what << ", element " << i << ": " << got[i] << ", want " << exact[i];
    }
  }
};

TEST_P(PanelAttention, MatchesReferenceAtAllLengthsAndWindows) {
  for (const int64_t length :
       {1, 2, 3, 5, 6, 7, 15, 16, 17, 33, 47, 48, 49, 63, 65, 95, 96, 97, 130, 193, 200, 300, 400}) {
    for (const int64_t window : {-1, 0, 1, 7, 8, 63, 64, 65, 100}) {
      const PanelInputs in = inputs(length, static_cast<unsigned>(length * 31 + window + 1), 0.4f);
      expect_within_rounding(in, window, length,
                             "length " + std::to_string(length) + " window " + std::to_string(window));
    }
  }
}

// With a single visible key its weight cancels: nothing may leak in from hidden keys.
TEST_P(PanelAttention, WindowOfZeroCopiesTheValue) {
  const PanelInputs in = inputs(129, 3, 1.0f);
  expect_close(run(in, 0, 129), in.v, 0, 3e-7, "window 0");
}

TEST_P(PanelAttention, HiddenKeysDoNotMatter) {
  const PanelInputs in = inputs(100, 4, 0.4f);
  const auto before = run(in, -1, 61);
  expect_within_rounding(in, -1, 61, "61 of 100 visible");
  PanelInputs changed = in;
  for (size_t i = static_cast<size_t>(61 * in.kernels.row_words()); i < changed.k_words.size(); ++i)
    changed.k_words[i] = kNanWord;
  EXPECT_EQ(run(changed, -1, 61), before);
}

TEST_P(PanelAttention, RowsWithoutVisibleKeysAreZero) {
  const auto out = run(inputs(90, 5, 0.4f), 4, 20);
  for (size_t i = 24 * 64; i < out.size(); ++i) EXPECT_EQ(out[i], 0.0f);
}

TEST_P(PanelAttention, SurvivesHugeScores) {
  const PanelInputs in = inputs(150, 6, 5.0f);
  // Scores of ±1000 in fp32 carry an error of 1e-3 beside that of the rounded weights.
  expect_close(run(in, -1, 150), want(in, -1, 150), 1e-2, 1e-2, "huge scores");
}

TEST_P(PanelAttention, PropagatesNan) {
  PanelInputs in = inputs(8, 7, 0.4f);
  in.q_words[0] = kNanWord;
  const auto out = run(in, -1, 8);
  EXPECT_TRUE(std::isnan(out[0]));
  EXPECT_FALSE(std::isnan(out[64]));
}

// What a call starts with does not change a row's bits: neither its place in a block nor the keys packed with
// it.
TEST(MatrixUnitAttention, PartsOfTheQueriesMakeUpTheWhole) {
  if (!cpu_has_amx_bf16()) GTEST_SKIP() << "this CPU has no matrix unit";
  const PanelInputs in(Path::kMatrixUnit, 410, 8, 0.4f);
  for (const int64_t window : {-1, 64}) {
    const PanelAttentionHead head{in.q_words.data(), in.k_words.data(), in.v_words.data(), 410, 400, window};
    AmxAttentionScratch scratch;
    RowBuffer whole(RowType::kBf16, 64), parts(RowType::kBf16, 64);
    whole.resize(410), parts.resize(410);
    attend_amx(head, {0, 410}, scratch, whole.row(0), whole.stride());
    for (const Range part : {Range{0, 16}, {16, 208}, {208, 384}, {384, 410}})
      attend_amx(head, part, scratch, parts.row(part.begin), parts.stride());
    EXPECT_EQ(std::memcmp(whole.row(0), parts.row(0), static_cast<size_t>(410 * whole.stride())), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Paths, PanelAttention,
                         ::testing::Values(Path::kFp32, Path::kBf16, Path::kMatrixUnit),
                         [](const auto& test) {
                           return test.param == Path::kFp32   ? "fp32"
                                  : test.param == Path::kBf16 ? "bf16"
                                                              : "matrix_unit";
                         });

}  // namespace
}  // namespace modernbert
