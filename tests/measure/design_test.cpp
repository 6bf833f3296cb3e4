// What design computes from given speeds; nothing here is timed.
#include "measure/design.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "error_text.h"
#include "model/cost.h"

namespace modernbert {
namespace {

using testing::thrown_by;

constexpr int64_t kLength = 512;

// Every product runs at `gflops`.
ProductSeconds constant_speed(double gflops) {
  return [gflops](const Product& product) { return 1e-9 * product.flops(kLength) / gflops; };
}

MachineSpeed machine_without_losses(double gflops) {
  MachineSpeed machine;
  machine.peaks = {gflops, gflops};
  machine.full_attention = machine.local_attention = 1;
  machine.read_gbytes_per_s = 1e6;
  return machine;
}

TEST(ParseParameterCount, TakesUnitsAndPlainNumbers) {
  EXPECT_EQ(parse_parameter_count("150M"), 150'000'000);
  EXPECT_EQ(parse_parameter_count("1.2B"), 1'200'000'000);
  EXPECT_EQ(parse_parameter_count("22.5m"), 22'500'000);
  EXPECT_EQ(parse_parameter_count("800K"), 800'000);
  EXPECT_EQ(parse_parameter_count("149655232"), 149'655'232);
}

TEST(ParseParameterCount, NamesTheValueThatIsWrong) {
  for (const char* text :
       {"", "M", "-3M", "0", "0.4", "12X", "1e8", "150MM", " 5M", "nan", "inf", "9999999B"}) {
    const testing::Thrown thrown = thrown_by([&] { parse_parameter_count(text); });
    EXPECT_EQ(thrown.code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(thrown.message,
              std::string("parameters is \"") + text + "\", want a count like 150M, 1.2B or 395000000");
  }
}

TEST(EncoderShapes, HaveThePublishedParameterCounts) {
  EXPECT_EQ(parameters_of(kBaseShape), 149'655'232);
  EXPECT_EQ(parameters_of(kLargeShape), 395'881'664);
  EXPECT_EQ(
      parameters_of(kBaseShape),
      count_parameters(parse_config(R"({"model_type": "modernbert"})", "test"), HeadKind::kMaskedLm).total());
}

TEST(EncoderShapes, ContinueThePatternOfLayers) {
  const EncoderConfig config = config_of({5, 768, 1152});
  ASSERT_EQ(config.layers.size(), 5u);
  for (size_t i = 0; i < 5; ++i) EXPECT_EQ(config.layers[i].window, i % 3 == 0 ? -1 : 64) << i;
  EXPECT_EQ(config.layers[3].rope_theta, config.layers[0].rope_theta);
  EXPECT_NE(config.layers[3].rope_theta, config.layers[4].rope_theta);
}

TEST(EncoderShapes, TakeTheHeadSizeNearestTo64) {
  EXPECT_EQ((EncoderShape{1, 768, 64}.head_size()), 64);
  EXPECT_EQ((EncoderShape{1, 760, 64}.head_size()), 76);
  EXPECT_EQ((EncoderShape{1, 1000, 64}.head_size()), 50);
  EXPECT_EQ((EncoderShape{1, 1000, 64}.heads()), 20);
}

TEST(Products, AreTheMatricesOfALayer) {
  double flops = 0;
  for (const Product& product : products_of(kBaseShape)) flops += product.flops(kLength);
  EXPECT_DOUBLE_EQ(kBaseShape.layers * flops, gemm_flops(config_of(kBaseShape), kLength));
}

TEST(PaddingWaste, CountsPartialPanelsAndWords) {
  for (const EncoderShape& shape : {kBaseShape, kLargeShape}) {
    for (const Product& product : products_of(shape)) EXPECT_EQ(padding_waste(product, GemmType::kInt8), 0);
  }
  EXPECT_DOUBLE_EQ(padding_waste({"", 768, 100}, GemmType::kBf16), 1 - 100.0 / 128);
  EXPECT_DOUBLE_EQ(padding_waste({"", 3, 64}, GemmType::kFp32), 0);
  EXPECT_DOUBLE_EQ(padding_waste({"", 3, 64}, GemmType::kBf16), 0.25);
  // Heads of 50: one to a panel. Heads of 76: each takes two.
  EXPECT_DOUBLE_EQ(padding_waste({"", 64, 150, 50}, GemmType::kFp32), 1 - 150.0 / 192);
  EXPECT_DOUBLE_EQ(padding_waste({"", 64, 152, 76}, GemmType::kFp32), 1 - 152.0 / 256);
}

TEST(SizeRemarks, NameWhatIsWrong) {
  using ::testing::ElementsAre;
  using ::testing::HasSubstr;
  EXPECT_THAT(size_remarks(kLargeShape), ElementsAre("whole panels and heads"));
  EXPECT_THAT(size_remarks({22, 760, 1150}),
              ElementsAre(HasSubstr("heads of 76"), HasSubstr("760 % 64"), HasSubstr("1150 % 32")));
}

TEST(MeasureSizes, WeighsProductsByTheirTime) {
  const SizeEfficiency sizes = measure_sizes(kBaseShape, kLength, 200, GemmType::kBf16, constant_speed(150));
  EXPECT_NEAR(sizes.share_of_peak, 0.75, 1e-9);
  for (const ProductEfficiency& product : sizes.products) EXPECT_NEAR(product.share_of_peak, 0.75, 1e-9);
  EXPECT_EQ(sizes.padding(), 0);
}

TEST(ProductSpeeds, MeasuresEachProductOnce) {
  // One tile that is shared, and tiles for some or all threads.
  for (const int64_t tokens : {1, 40, 300}) {
    for (const int threads : {1, 3}) {
      ProductSpeeds speeds(GemmType::kFp32, threads, tokens);
      for (const Product& product : products_of({1, 100, 70})) {
        const double seconds = speeds.seconds(product);
        EXPECT_GT(seconds, 0) << product.name;
        EXPECT_TRUE(std::isfinite(seconds)) << product.name;
        EXPECT_EQ(speeds.seconds(product), seconds) << product.name;
      }
      EXPECT_EQ(speeds.measured(), 4u);
    }
  }
}

TEST(Predict, ReachesThePeakWhereNothingIsLost) {
  const Prediction prediction =
      predict(kBaseShape, kLength, machine_without_losses(100), GemmType::kFp32, constant_speed(100));
  EXPECT_NEAR(prediction.seconds, 1e-11 * forward_flops(config_of(kBaseShape), kLength), 1e-9);
  EXPECT_NEAR(prediction.share_of_peak, 1, 1e-9);
}

TEST(Predict, AddsTheParts) {
  MachineSpeed machine = machine_without_losses(100);
  machine.full_attention = 0.5;
  machine.local_attention = 0.25;
  machine.seconds_per_value = 1e-9;
  const EncoderShape shape{3, 768, 1152};  // one global layer, two local ones
  const Prediction prediction = predict(shape, kLength, machine, GemmType::kFp32, constant_speed(50));
  EXPECT_NEAR(prediction.gemm_seconds, gemm_flops(config_of(shape), kLength) / 50e9, 1e-12);
  const double pair_seconds = 4 * 768 / 100e9;
  EXPECT_NEAR(prediction.attention_seconds,
              pair_seconds * (2.0 * 512 * 512 + 2 * 4.0 * static_cast<double>(visible_pairs(512, 64))),
              1e-12);
  EXPECT_NEAR(prediction.row_seconds, 1e-9 * 3 * 512 * (768 + 1152), 1e-12);
  EXPECT_NEAR(prediction.seconds,
              prediction.gemm_seconds + prediction.attention_seconds + prediction.row_seconds, 1e-12);
}

TEST(Predict, IsNeverFasterThanReadingTheWeights) {
  MachineSpeed machine = machine_without_losses(1e6);
  machine.read_gbytes_per_s = 10;
  const Prediction prediction = predict(kBaseShape, 1, machine, GemmType::kBf16, constant_speed(1e6));
  EXPECT_DOUBLE_EQ(prediction.seconds,
                   2.0 * static_cast<double>(matrix_parameters(config_of(kBaseShape))) / 10e9);
}

TEST(ShapesWithParameters, KeepTheBudgetAndTheRanges) {
  for (const int64_t budget : {30'000'000, 150'000'000, 400'000'000}) {
    const auto shapes = shapes_with_parameters(budget, {6, 30});
    EXPECT_FALSE(shapes.empty()) << budget;
    for (const EncoderShape& shape : shapes) {
      EXPECT_LE(std::abs(static_cast<double>(parameters_of(shape) - budget)),
                kParameterTolerance * static_cast<double>(budget));
      EXPECT_EQ(shape.head_size(), 64);
      EXPECT_EQ(shape.intermediate % 64, 0);
      EXPECT_GE(shape.layers, 6);
      EXPECT_LE(shape.layers, 30);
    }
  }
}

TEST(ShapesWithParameters, FindTheBaseShapesNeighbourhood) {
  EXPECT_THAT(shapes_with_parameters(parameters_of(kBaseShape), {}), ::testing::Contains(kBaseShape));
}

TEST(ShapesWithParameters, AreNoneForAnImpossibleBudget) {
  EXPECT_TRUE(shapes_with_parameters(1'000'000, {}).empty());
  EXPECT_TRUE(shapes_with_parameters(900'000'000'000, {}).empty());
  EXPECT_TRUE(shapes_with_parameters(150'000'000, {100, 100}).empty());
}

TEST(Propose, PutsTheFastestFirstForAParameterBudget) {
  DesignRequest request;
  request.parameters = 150'000'000;
  request.top = 5;
  const auto predict_shape = [](const EncoderShape& shape) {
    return predict(shape, kLength, machine_without_losses(100), GemmType::kFp32, constant_speed(100));
  };
  const auto proposals = propose(request, predict_shape);
  ASSERT_EQ(proposals.size(), 5u);
  for (size_t i = 1; i < proposals.size(); ++i)
    EXPECT_LE(proposals[i - 1].prediction.seconds, proposals[i].prediction.seconds);
}

TEST(Propose, PutsTheLargestFirstWithinALatencyBudget) {
  DesignRequest request;
  request.latency_seconds = 2;
  request.top = 1000;
  const auto predict_shape = [](const EncoderShape& shape) {
    return predict(shape, kLength, machine_without_losses(100), GemmType::kFp32, constant_speed(100));
  };
  const auto proposals = propose(request, predict_shape);
  ASSERT_FALSE(proposals.empty());
  for (size_t i = 0; i < proposals.size(); ++i) {
    const Proposal& proposal = proposals[i];
    EXPECT_LE(proposal.prediction.seconds, 2);
    if (i > 0) {
      EXPECT_GE(proposals[i - 1].parameters, proposal.parameters);
    }
    // One layer more would be too slow, unless the depth is at its end.
    EncoderShape deeper = proposal.shape;
    ++deeper.layers;
    if (deeper.layers <= std::min(request.layers.most, deeper.hidden / 20)) {
      EXPECT_GT(predict_shape(deeper).seconds, 2);
    }
  }
}

TEST(Propose, FindsNothingFasterThanPossible) {
  DesignRequest request;
  request.latency_seconds = 1e-6;
  EXPECT_TRUE(propose(request, [](const EncoderShape& shape) {
                return predict(shape, kLength, machine_without_losses(100), GemmType::kFp32,
                               constant_speed(100));
              }).empty());
}

}  // namespace
}  // namespace modernbert
