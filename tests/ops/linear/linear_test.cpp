#include "ops/linear/linear.h"

#include <cstring>
#include <random>

#include "ops/cpu/cpu_features.h"
#include "ops/linear/linear_amx.h"
#include "ops/linear/linear_panel.h"
#include "ops/op_test.h"
#include "ops/panel/packed_weight.h"
#include "ops/panel/panel_kernel.h"
#include "ops/rowwise/convert.h"

namespace modernbert {
namespace {

using testing::expect_close;
using testing::normal_values;

std::vector<float> product(const Linear& linear, const std::vector<float>& x, int threads = 1) {
  const int64_t rows = static_cast<int64_t>(x.size()) / linear.in_features();
  std::vector<float> y(static_cast<size_t>(rows * linear.out_features()));
  apply_linear(linear, {x.data(), rows, linear.in_features()}, {y.data(), rows, linear.out_features()},
               threads);
  return y;
}

// x in the type that the product takes.
RowBuffer rows_of(const Linear& linear, const std::vector<float>& x) {
  const int64_t cols = linear.in_features(), count = static_cast<int64_t>(x.size()) / cols;
  RowBuffer rows(linear.row_type(), cols);
  rows.resize(count);
  for (int64_t r = 0; r < count; ++r) rows.store(r, 0, {x.data() + r * cols, static_cast<size_t>(cols)});
  return rows;
}

// 1 + product.
std::vector<float> one_plus_product(const Linear& linear, const std::vector<float>& x) {
  const RowBuffer rows = rows_of(linear, x);
  const int64_t count = rows.view().rows, cols = linear.out_features();
  std::vector<float> y(static_cast<size_t>(count * cols), 1.0f);
  LinearScratch scratch;
  linear.add_tile(rows.view(), {0, linear.groups()}, scratch, {y.data(), count, cols});
  return y;
}

struct Shape {
  int64_t in, out;
};
constexpr Shape kShapes[] = {{1, 1}, {3, 5}, {16, 48}, {24, 72}, {33, 2}, {64, 130}, {256, 768}};

std::unique_ptr<Linear> random_linear(GemmType type, Shape shape, bool has_bias, int64_t group = 1,
                                      GemmLibrary library = GemmLibrary::kPanels) {
  const auto weight = normal_values(static_cast<size_t>(shape.in * shape.out), 1, 0.3f);
  const auto bias = normal_values(static_cast<size_t>(shape.out), 2);
  return make_linear(type, {weight.data(), shape.out, shape.in},
                     has_bias ? std::span<const float>(bias) : std::span<const float>(), group, library);
}

// Each row as int8 products see it: whole multiples of its scale.
std::vector<float> quantised_rows(std::vector<float> values, int64_t cols) {
  std::vector<uint8_t> bytes(static_cast<size_t>(cols));
  for (size_t begin = 0; begin < values.size(); begin += bytes.size()) {
    const float scale = quantize({values.data() + begin, bytes.size()}, bytes);
    for (size_t i = 0; i < bytes.size(); ++i) values[begin + i] = static_cast<float>(bytes[i] - 128) * scale;
  }
  return values;
}

// Rounding of K products and sums: sqrt(K) * 2^-24 times the size of a term.
TEST(Linear, Fp32MatchesReference) {
  for (const Shape shape : kShapes) {
    for (const bool has_bias : {false, true}) {
      const auto x = normal_values(static_cast<size_t>(70 * shape.in), 3);
      expect_close(product(*random_linear(GemmType::kFp32, shape, has_bias), x),
                   product(*random_linear(GemmType::kRef, shape, has_bias), x),
                   1e-6 * std::sqrt(static_cast<double>(shape.in)), 2e-6,
                   std::to_string(shape.in) + "x" + std::to_string(shape.out));
    }
  }
}

// Against the reference on factors already rounded to bf16, only fp32 accumulation differs.
TEST(Linear, Bf16MatchesReferenceOnRoundedFactors) {
  for (const Shape shape : kShapes) {
    auto weight = normal_values(static_cast<size_t>(shape.in * shape.out), 1, 0.3f);
    auto x = normal_values(static_cast<size_t>(9 * shape.in), 3);
    const auto bias = normal_values(static_cast<size_t>(shape.out), 2);
    const auto bf16 = make_linear(GemmType::kBf16, {weight.data(), shape.out, shape.in}, bias);
    const auto y = product(*bf16, x);
    round_to_bf16(weight, weight);
    round_to_bf16(x, x);
    const auto ref = make_linear(GemmType::kRef, {weight.data(), shape.out, shape.in}, bias);
    expect_close(y, product(*ref, x), 1e-6 * std::sqrt(static_cast<double>(shape.in)), 2e-6,
                 std::to_string(shape.in));
  }
}

// Whatever the group of columns, and in which library: the same product, epilogue calls in order and in whole
// groups.
TEST(Linear, EveryGroupSizeAndLibraryMatchesReference) {
  const Shape shape{37, 240};
  const auto x = normal_values(static_cast<size_t>(50 * shape.in), 3);
  const auto want = product(*random_linear(GemmType::kRef, shape, true), x);
  for (const int64_t group : {1, 12, 16, 24, 48, 64, 80, 96, 120, 240}) {
    for (const GemmLibrary library : {GemmLibrary::kPanels, GemmLibrary::kOneDnn}) {
      const auto linear = random_linear(GemmType::kFp32, shape, true, group, library);
      expect_close(product(*linear, x), want, 1e-5, 2e-6, "group " + std::to_string(group));
      LinearScratch scratch;
      int64_t next = 0;
      RowBuffer rows(linear->row_type(), shape.in);
      rows.resize(50);
      linear->run_tile(rows.view(), {0, linear->groups()}, scratch,
                       [&](int64_t row, int64_t column, MatView<float> y) {
                         if (row != 0) return;
                         EXPECT_EQ(column, next);
                         next = column + y.cols;
                         EXPECT_TRUE(y.cols % group == 0 || next == shape.out) << y.cols;
                       });
      EXPECT_EQ(next, shape.out);
    }
  }
}

// Exact sums of the quantised factors; only the two scales and the bias are floats.
TEST(Linear, Int8MatchesReferenceOnQuantisedFactors) {
  for (const Shape shape : kShapes) {
    const auto weight =
        quantised_rows(normal_values(static_cast<size_t>(shape.in * shape.out), 1, 0.3f), shape.in);
    const auto x = quantised_rows(normal_values(static_cast<size_t>(9 * shape.in), 3), shape.in);
    const auto bias = normal_values(static_cast<size_t>(shape.out), 2);
    const MatView<const float> view(weight.data(), shape.out, shape.in);
    expect_close(product(*make_linear(GemmType::kInt8, view, bias), x),
                 product(*make_linear(GemmType::kRef, view, bias), x), 2e-6, 2e-6, std::to_string(shape.in));
  }
}

// Six rows times a panel of columns, both as a kernel with a depth_stride of 1 takes them.
class PanelCase {
 public:
  PanelCase(const PanelProduct& panel_product, RowType type, int64_t depth, const std::vector<float>& bias)
      : product_(panel_product),
        x_(normal_values(static_cast<size_t>(kPanelRows * depth), 1)),
        weight_(normal_values(static_cast<size_t>(kPanelColumns * depth), 2)),
        packed_(pack_weight(type, {weight_.data(), kPanelColumns, depth}, bias, 1, product_.slice)),
        rows_(type, depth) {
    rows_.resize(kPanelRows);
    for (int64_t r = 0; r < kPanelRows; ++r)
      rows_.store(r, 0, {x_.data() + r * depth, static_cast<size_t>(depth)});
  }

  // out: [6,64], of which the first `rows_wanted` rows count.
  void run(std::vector<float>& out, bool adds, int64_t rows_wanted = kPanelRows) const {
    const int64_t words = packed_.depth * (product_.widen_row == nullptr ? 1 : 2);
    std::vector<uint32_t> rows(static_cast<size_t>(kPanelRows * words));
    for (int64_t r = 0; r < kPanelRows; ++r) {
      const auto* row = reinterpret_cast<const uint32_t*>(rows_.view().row(r));
      if (product_.widen_row == nullptr)
        std::copy_n(row, words, rows.data() + r * words);
      else
        product_.widen_row(row, packed_.depth, rows.data() + r * words);
    }
    PanelTask task{};
    task.rows = rows.data();
    task.row_stride = words;
    task.depth_stride = 1;
    task.panel = packed_.panel(0);
    task.panel_depth = task.depth = packed_.depth;
    task.start = packed_.type == RowType::kInt8 ? static_cast<const void*>(packed_.offsets.data())
                                                : packed_.bias.data();
    task.bias = packed_.bias.data();
    task.out = out.data();
    task.out_stride = kPanelColumns;
    task.adds = adds;
    task.rows_wanted = rows_wanted;
    task.row_scales = rows_.view().scales;
    task.column_scales = packed_.scales.data();
    product_.multiply(task);
  }

  std::vector<float> expected() const {
    const int64_t depth = packed_.in;
    const auto x = rounded(x_, depth), weight = rounded(weight_, depth);
    std::vector<float> out;
    for (int64_t r = 0; r < kPanelRows; ++r) {
      for (int64_t c = 0; c < kPanelColumns; ++c) {
        double sum = packed_.bias[static_cast<size_t>(c)];
        for (int64_t k = 0; k < depth; ++k) {
          sum += static_cast<double>(x[static_cast<size_t>(r * depth + k)]) *
                 weight[static_cast<size_t>(c * depth + k)];
        }
        out.push_back(static_cast<float>(sum));
      }
    }
    return out;
  }

 private:
  std::vector<float> rounded(std::vector<float> values, int64_t cols) const {
    if (packed_.type == RowType::kBf16) round_to_bf16(values, values);
    return packed_.type == RowType::kInt8 ? quantised_rows(values, cols) : values;
  }

  PanelProduct product_;
  std::vector<float> x_, weight_;
  PackedWeight packed_;
  RowBuffer rows_;
};

// On every target: a panel of columns by rows as RowBuffer rounds them, against double precision; depths that
// do not fill words or vectors.
TEST(Linear, PortableKernelsMatchTheReference) {
  for (const RowType type : {RowType::kFp32, RowType::kBf16, RowType::kInt8}) {
    for (const int64_t depth : {1, 3, 30, 64, 261}) {
      const auto bias = normal_values(64, 3);
      const PanelCase panel_case(portable_panel_product(type), type, depth, bias);
      testing::for_each_target([&] {
        std::vector<float> got(6 * 64);
        panel_case.run(got, false);
        expect_close(got, panel_case.expected(), 2e-5, 2e-6, "depth " + std::to_string(depth));
        auto twice = got;
        panel_case.run(twice, true);
        for (size_t i = 0; i < got.size(); ++i) EXPECT_EQ(twice[i], got[i] + got[i]);
        for (int64_t wanted = 1; wanted <= kPanelRows; ++wanted) {
          std::vector<float> few(6 * 64, NAN);
          panel_case.run(few, false, wanted);
          EXPECT_TRUE(std::equal(few.begin(), few.begin() + wanted * 64, got.begin())) << wanted;
        }
      });
    }
  }
}

// Sums of int8 products are exact, whatever multiplies them: equal bits.
TEST(Linear, ByteKernelEqualsThatOfPairs) {
  const PanelProduct bytes = byte_panel_product(), pairs = portable_panel_product(RowType::kInt8);
  if (bytes.multiply == nullptr) GTEST_SKIP() << "this CPU has no AVX-VNNI";
  for (const int64_t depth : {1, 3, 30, 64, 261}) {
    const auto bias = normal_values(64, 3);
    std::vector<float> want(6 * 64);
    PanelCase(pairs, RowType::kInt8, depth, bias).run(want, false);
    const PanelCase byte_case(bytes, RowType::kInt8, depth, bias);
    for (int64_t wanted = 1; wanted <= kPanelRows; ++wanted) {
      std::vector<float> got(6 * 64, NAN);
      byte_case.run(got, false, wanted);
      EXPECT_TRUE(std::equal(got.begin(), got.begin() + wanted * 64, want.begin())) << depth << " " << wanted;
    }
  }
}

// Whole and partial groups of rows of the matrix unit, more than one register deep, against the reference on
// rounded factors; a row's bits must not depend on the rows beside it.
TEST(Linear, MatrixUnitMatchesTheReference) {
  if (!cpu_has_amx_bf16()) GTEST_SKIP() << "this CPU has no matrix unit";
  for (const Shape shape : {Shape{32, 64}, Shape{96, 70}, Shape{256, 768}, Shape{64, 2304}}) {
    ASSERT_TRUE(linear_amx_takes(GemmType::kBf16, shape.in));
    const auto linear = random_linear(GemmType::kBf16, shape, true);
    auto weight = normal_values(static_cast<size_t>(shape.in * shape.out), 1, 0.3f);
    round_to_bf16(weight, weight);
    const auto bias = normal_values(static_cast<size_t>(shape.out), 2);
    const auto exact = make_linear(GemmType::kRef, {weight.data(), shape.out, shape.in}, bias);
    for (const int64_t rows : {1, 15, 16, 17, 31, 32, 33, 80, 192}) {
      auto x = normal_values(static_cast<size_t>(rows * shape.in), 3);
      round_to_bf16(x, x);
      const auto got = product(*linear, x);
      expect_close(got, product(*exact, x), 1e-6 * std::sqrt(static_cast<double>(shape.in)), 2e-6,
                   "rows " + std::to_string(rows));
      const std::vector<float> last(x.end() - shape.in, x.end());
      const auto alone = product(*linear, last);
      EXPECT_TRUE(std::equal(alone.begin(), alone.end(), got.end() - shape.out)) << rows;
    }
  }
}

// Sums of int8 products are exact, and what follows them is the same: equal bits.
TEST(Linear, Int8OnTheMatrixUnitEqualsThePanelKernel) {
  for (const Shape shape : {Shape{64, 64}, Shape{128, 70}, Shape{256, 768}, Shape{1152, 200}}) {
    if (!linear_amx_takes(GemmType::kInt8, shape.in)) GTEST_SKIP() << "this CPU has no matrix unit for int8";
    const auto weight = normal_values(static_cast<size_t>(shape.in * shape.out), 1, 0.3f);
    const auto bias = normal_values(static_cast<size_t>(shape.out), 2);
    const MatView<const float> matrix(weight.data(), shape.out, shape.in);
    const auto unit = make_linear_amx(GemmType::kInt8, matrix, bias, 1);
    const auto panels = make_linear_panel(GemmType::kInt8, matrix, bias, 1);
    for (const int64_t rows : {1, 16, 17, 32, 33, 100}) {
      const auto x = normal_values(static_cast<size_t>(rows * shape.in), 3);
      EXPECT_EQ(product(*unit, x), product(*panels, x))
          << shape.in << " x " << shape.out << ", rows " << rows;
    }
  }
  EXPECT_FALSE(linear_amx_takes(GemmType::kInt8, 96));
}

// The kernel for this CPU and its plain twin: equal bits.
TEST(Linear, Int8KernelEqualsItsTwin) {
  if (int8_panel_kernel() == nullptr) GTEST_SKIP() << "this CPU has no int8 products";
  std::minstd_rand random(5);
  for (const int64_t depth : {1, 2, 7, 64}) {
    std::vector<uint32_t> rows(static_cast<size_t>(6 * depth)), panel(static_cast<size_t>(64 * depth));
    for (uint32_t& word : rows) word = static_cast<uint32_t>(random()) * 2654435761u;
    for (uint32_t& word : panel) word = static_cast<uint32_t>(random()) * 2654435761u;
    const auto bias = normal_values(64, 1), row_scales = normal_values(6, 2),
               column_scales = normal_values(64, 3);
    std::vector<int32_t> offsets(64);
    for (int32_t& offset : offsets) offset = static_cast<int32_t>(random() % 2000) - 1000;
    std::vector<float> got(6 * 70, -1.0f), want = got;
    PanelTask task{};
    task.rows = rows.data();
    task.row_stride = depth;
    task.depth_stride = 1;
    task.panel = panel.data();
    task.panel_depth = task.depth = depth;
    task.bias = bias.data();
    task.out_stride = 70;
    task.start = offsets.data();
    task.row_scales = row_scales.data();
    task.column_scales = column_scales.data();
    task.out = got.data();
    int8_panel_kernel()(task);
    task.out = want.data();
    ref::multiply_int8_panel(task);
    EXPECT_EQ(got, want) << depth;
  }
}

// Cutting the depth into steps, even ones or not, changes no bit: sums are kept as they are meanwhile.
TEST(Linear, StepsOfTheDepthChangeNoBit) {
  for (const Shape shape : {Shape{40, 128}, Shape{261, 64}, Shape{300, 70}}) {
    const auto weight = normal_values(static_cast<size_t>(shape.in * shape.out), 1, 0.3f);
    const auto bias = normal_values(static_cast<size_t>(shape.out), 2);
    const auto x = normal_values(static_cast<size_t>(20 * shape.in), 3);
    const MatView<const float> matrix(weight.data(), shape.out, shape.in);
    for (const GemmType type : {GemmType::kFp32, GemmType::kBf16, GemmType::kInt8}) {
      for (PanelProduct panels :
           {portable_panel_product(row_type_of(type)), panel_product(row_type_of(type))}) {
        panels.depth_step = 0;
        const auto whole = make_linear_panel(type, matrix, bias, 64, panels);
        for (const int64_t step : {4, 12, 64}) {
          panels.depth_step = step;
          const auto cut = make_linear_panel(type, matrix, bias, 64, panels);
          EXPECT_EQ(product(*cut, x), product(*whole, x)) << "step " << step;
          EXPECT_EQ(one_plus_product(*cut, x), one_plus_product(*whole, x)) << "added, step " << step;
        }
      }
    }
  }
}

// Columns can be computed in parts: the same bits, each column once.
TEST(Linear, PartsOfTheGroupsMakeUpTheWhole) {
  const Shape shape{40, 300};
  const auto x = normal_values(static_cast<size_t>(13 * shape.in), 3);
  for (const GemmType type : {GemmType::kFp32, GemmType::kBf16, GemmType::kInt8}) {
    const auto linear = random_linear(type, shape, true, 16);
    const RowBuffer rows = rows_of(*linear, x);
    const auto whole = product(*linear, x);
    for (const int parts : {1, 2, 3, 7}) {
      std::vector<float> y(whole.size(), 0.0f);
      LinearScratch scratch;
      for (int part = 0; part < parts; ++part) {
        linear->run_tile(rows.view(), Share{part, parts}.of(linear->groups()), scratch,
                         [&](int64_t row, int64_t column, MatView<float> values) {
                           for (int64_t r = 0; r < values.rows; ++r) {
                             for (int64_t c = 0; c < values.cols; ++c)
                               y[static_cast<size_t>((row + r) * shape.out + column + c)] +=
                                   values.row_data(r)[c];
                           }
                         });
      }
      EXPECT_EQ(y, whole) << parts;
    }
  }
}

// What is fetched ahead is what the group's product reads first: its first column's first weight.
TEST(Linear, WeightsFromAGroupBeginWithItsFirst) {
  constexpr int64_t kIn = 40, kOut = 200;
  const auto weight = normal_values(static_cast<size_t>(kOut * kIn), 1);
  for (const int64_t group : {1, 64, 96}) {
    const auto linear = make_linear_panel(GemmType::kFp32, {weight.data(), kOut, kIn}, {}, group);
    for (int64_t g = 0; g < linear->groups(); ++g) {
      const int64_t column = g * std::max(group, kPanelColumns);
      EXPECT_EQ(*static_cast<const float*>(linear->weights_from(g)),
                weight[static_cast<size_t>(column * kIn)])
          << "group " << g << " of " << group;
    }
  }
}

// However a tile's rows are grouped for the kernel, a row's bits depend on that row alone.
TEST(Linear, EveryCountOfRowsGivesTheSameBits) {
  constexpr int64_t kRows = 26;
  const Shape shape{40, 128};
  const auto weight = normal_values(static_cast<size_t>(shape.in * shape.out), 1, 0.3f);
  const auto bias = normal_values(static_cast<size_t>(shape.out), 2);
  const auto x = normal_values(static_cast<size_t>(kRows * shape.in), 3);
  for (const GemmType type : {GemmType::kFp32, GemmType::kBf16, GemmType::kInt8}) {
    PanelProduct sixes = portable_panel_product(row_type_of(type));
    sixes.few_rows = kPanelRows;
    for (const PanelProduct& panels :
         {portable_panel_product(row_type_of(type)), sixes, panel_product(row_type_of(type))}) {
      const auto linear =
          make_linear_panel(type, {weight.data(), shape.out, shape.in}, bias, kPanelColumns, panels);
      const auto all = product(*linear, x), all_added = one_plus_product(*linear, x);
      for (int64_t rows = 1; rows < kRows; ++rows) {
        const std::vector<float> first(x.begin(), x.begin() + rows * shape.in);
        const auto some = product(*linear, first), added = one_plus_product(*linear, first);
        EXPECT_TRUE(std::equal(some.begin(), some.end(), all.begin())) << rows;
        EXPECT_TRUE(std::equal(added.begin(), added.end(), all_added.begin())) << rows << " added";
      }
    }
  }
}

// Added to what is there, also in rows that are further apart than they are long; what lies between stays.
TEST(Linear, AddTileAddsTheProduct) {
  for (const GemmType type : {GemmType::kFp32, GemmType::kBf16, GemmType::kInt8}) {
    for (const Shape shape : {Shape{64, 128}, Shape{128, 70}}) {
      for (const bool has_bias : {false, true}) {
        const auto linear = random_linear(type, shape, has_bias);
        for (const int64_t rows : {1, 6, 17, 33, 64}) {
          const auto x = normal_values(static_cast<size_t>(rows * shape.in), 3);
          const RowBuffer input = rows_of(*linear, x);
          const int64_t stride = shape.out + 3;
          const auto before = normal_values(static_cast<size_t>(rows * stride), 4);
          auto want = before, got = before;
          const auto added = product(*linear, x);
          for (int64_t r = 0; r < rows; ++r) {
            for (int64_t c = 0; c < shape.out; ++c)
              want[static_cast<size_t>(r * stride + c)] += added[static_cast<size_t>(r * shape.out + c)];
          }
          LinearScratch scratch;
          linear->add_tile(input.view(), {0, linear->groups()}, scratch,
                           {got.data(), rows, shape.out, stride});
          expect_close(got, want, 1e-5, 2e-6, std::to_string(shape.in) + ", rows " + std::to_string(rows));
        }
      }
    }
  }
}

TEST(EvenTileRows, DividesTheRowsAmongThreads) {
  EXPECT_EQ(even_tile_rows(4096, 2, 108, 6), 108);
  EXPECT_EQ(even_tile_rows(240, 2, 108, 6), 60);
  EXPECT_EQ(even_tile_rows(16, 2, 108, 6), 12);
  EXPECT_EQ(even_tile_rows(4096, 2, 192, 32), 192);
  EXPECT_EQ(even_tile_rows(400, 2, 192, 32), 128);
  EXPECT_EQ(even_tile_rows(1, 8, 108, 6), 6);
  EXPECT_EQ(even_tile_rows(100, 1, 64, 6), 54);
  EXPECT_EQ(even_tile_rows(0, 2, 108, 6), 6);
}

class RowInvariance : public ::testing::TestWithParam<GemmType> {};

// A row alone, at any place in a tile, with any neighbours and with 1, 2 or 3 threads: the same bits.
TEST_P(RowInvariance, EqualBitsForAnyNumberAndPlaceOfRows) {
  for (const Shape shape : {Shape{24, 72}, Shape{256, 768}, Shape{768, 256}}) {
    const auto linear = random_linear(GetParam(), shape, true);
    const auto x = normal_values(static_cast<size_t>(150 * shape.in), 4);
    const auto all = product(*linear, x, 1);
    for (const int threads : {2, 3}) EXPECT_EQ(product(*linear, x, threads), all);
    for (const int64_t begin : {0, 1, 17, 63, 64, 100}) {
      for (const int64_t rows : {1, 2, 7, 50}) {
        const std::vector<float> part(x.begin() + begin * shape.in, x.begin() + (begin + rows) * shape.in);
        const auto y = product(*linear, part);
        EXPECT_EQ(std::memcmp(y.data(), all.data() + begin * shape.out, y.size() * sizeof(float)), 0)
            << begin << " " << rows;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllTypes, RowInvariance,
                         ::testing::Values(GemmType::kFp32, GemmType::kBf16, GemmType::kInt8));

}  // namespace
}  // namespace modernbert
