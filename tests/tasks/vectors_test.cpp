// Quantisation, similarity, MaxSim: arithmetic on given vectors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "modernbert/embed.h"
#include "modernbert/error.h"
#include "modernbert/late_interaction.h"
#include "modernbert/log.h"

namespace modernbert {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Quantize, MapsEachDimensionsRangeTo256Buckets) {
  // Dimension 0 runs from 0 to 255 (step 1), dimension 1 from -1 to 1 (a step just above 2/255 in fp32, so
  // that the largest value falls into bucket 254, as in numpy), dimension 2 is constant.
  const Embeddings data{3, {0, -1, 5, 255, 1, 5, 10.9f, 0, 5}};
  EXPECT_THAT(quantize(data, EmbeddingPrecision::kUint8).values,
              ElementsAre(0, 0, 0, 255, 254, 0, 10, 127, 0));
  EXPECT_THAT(quantize(data, EmbeddingPrecision::kInt8).values,
              ElementsAre(0x80, 0x80, 0x80, 0x7F, 0x7E, 0x80, 10 ^ 0x80, 0xFF, 0x80));
}

TEST(Quantize, ClampsToTheCalibrationsRange) {
  const Embeddings calibration{1, {0, 255}};
  const Embeddings data{1, {-10, 300, 12.5f, std::nanf("")}};
  EXPECT_THAT(quantize(data, EmbeddingPrecision::kUint8, &calibration).values, ElementsAre(0, 255, 12, 0));
}

TEST(Quantize, PacksSignsMostSignificantBitFirst) {
  const Embeddings data{10, {1, -1, 1, 0, 1, 1, -1, -1, 2, -3}};  // 10101100 10
  const QuantizedEmbeddings bits = quantize(data, EmbeddingPrecision::kUbinary);
  EXPECT_EQ(bits.dim, 2);
  EXPECT_THAT(bits.values, ElementsAre(0xAC, 0x80));
  EXPECT_THAT(quantize(data, EmbeddingPrecision::kBinary).values, ElementsAre(0x2C, 0x00));
}

TEST(Quantize, RefusesWhatHasNoRange) {
  const Embeddings one{2, {1, 2}};
  EXPECT_THROW(quantize(one, EmbeddingPrecision::kInt8), Error);
  EXPECT_THROW(quantize(one, EmbeddingPrecision::kFloat32), Error);
  const Embeddings other{3, {1, 2, 3}};
  EXPECT_THROW(quantize(one, EmbeddingPrecision::kInt8, &other), Error);
  EXPECT_TRUE(quantize(Embeddings{2, {}}, EmbeddingPrecision::kInt8).values.empty());
}

TEST(Quantize, WarnsAboutFewRows) {
  std::string warning;
  set_log_callback([&](LogLevel, std::string_view message) { warning = message; });
  quantize(Embeddings{1, {1, 2}}, EmbeddingPrecision::kUint8);
  set_log_callback({});
  EXPECT_THAT(warning, HasSubstr("2 embeddings"));
}

TEST(Similarity, EachFunction) {
  const Embeddings a{2, {3, 4, 0, 0}};
  const Embeddings b{2, {4, 3, -6, -8}};
  EXPECT_THAT(similarity(a, b, Similarity::kDot), ElementsAre(24, -50, 0, 0));
  const auto cosine = similarity(a, b, Similarity::kCosine);
  EXPECT_NEAR(cosine[0], 0.96f, 1e-6);
  EXPECT_NEAR(cosine[1], -1, 1e-6);
  EXPECT_EQ(cosine[2], 0);  // a zero vector is similar to nothing
  EXPECT_THAT(similarity(a, b, Similarity::kEuclidean), ElementsAre(-std::sqrt(2.0f), -15, -5, -10));
  EXPECT_THAT(similarity(a, b, Similarity::kManhattan), ElementsAre(-2, -21, -7, -14));
  EXPECT_THROW(similarity(a, Embeddings{3, {1, 2, 3}}, Similarity::kDot), Error);
}

TEST(MaxSim, SumsTheBestDocumentVectorOfEachQueryVector) {
  const MultiVector query{2, {1, 0, 0, 1}, {5, 6}};
  const MultiVector document{2, {.6f, .8f, -1, 0, .8f, -.6f}, {7, 8, 9}};
  EXPECT_FLOAT_EQ(maxsim(query, document), .8f + .8f);
  EXPECT_FLOAT_EQ(maxsim(query, MultiVector{2, {-1, 0}, {1}}), -1);
  EXPECT_EQ(maxsim(query, MultiVector{2, {}, {}}), 0);
  EXPECT_EQ(maxsim(MultiVector{2, {}, {}}, document), 0);
  EXPECT_THROW(maxsim(query, MultiVector{3, {1, 0, 0}, {1}}), Error);
}

}  // namespace
}  // namespace modernbert
