// The CPU encoder against the reference encoder, and the rule that a text's bits depend on nothing but the
// text.
#include <cstring>
#include <thread>

#include "model/loaded_encoder.h"
#include "random_model.h"

namespace modernbert {
namespace {

using testing::flexbert_kinds;
using testing::random_batch;
using testing::random_model;

std::vector<float> values(const Matrix& matrix) {
  return {matrix.values().begin(), matrix.values().end()};
}

TEST(CpuEncoder, MatchesReferenceEncoder) {
  std::vector<std::string> kinds = {"modernbert", "bert", "modernbert_heads64"};
  for (const auto& [kind, fields] : flexbert_kinds()) kinds.push_back(kind);
  for (const std::string& kind : kinds) {
    const auto cpu = random_model(kind, {.dtype = ComputeType::kFp32, .threads = 2});
    const auto ref = random_model(kind, {.backend = Backend::kRef});
    const TokenBatch batch = random_batch(cpu->config(), {1, 2, 17, 64, 65, 90});
    const Matrix got = cpu->forward(batch), want = ref->forward(batch);
    for (int64_t r = 0; r < got.rows(); ++r) {
      for (size_t i = 0; i < got.row(r).size(); ++i)
        ASSERT_NEAR(got.row(r)[i], want.row(r)[i], 3e-5) << kind << " row " << r;
    }
  }
}

// Rotation by positions that jump, repeat and run backwards within what one kernel call stores.
TEST(CpuEncoder, PositionsNeedNotFollowOneAnother) {
  const auto cpu = random_model("modernbert_heads64", {.dtype = ComputeType::kFp32, .threads = 2});
  const auto ref = random_model("modernbert_heads64", {.backend = Backend::kRef});
  TokenBatch batch = random_batch(cpu->config(), {23, 31});
  for (size_t t = 0; t < batch.positions.size(); ++t) {
    int32_t& position = batch.positions[t];
    position = t % 11 < 4 ? position + 7 : t % 11 < 6 ? 40 - position % 40 : 3;
  }
  const Matrix got = cpu->forward(batch), want = ref->forward(batch);
  for (int64_t r = 0; r < got.rows(); ++r) {
    for (size_t i = 0; i < got.row(r).size(); ++i)
      ASSERT_NEAR(got.row(r)[i], want.row(r)[i], 3e-5) << "row " << r;
  }
}

class BitInvariance : public ::testing::TestWithParam<std::tuple<const char*, ComputeType>> {
 protected:
  std::shared_ptr<const LoadedEncoder> load(int threads) const {
    return random_model(std::get<0>(GetParam()), {.dtype = std::get<1>(GetParam()), .threads = threads});
  }
};

TEST_P(BitInvariance, AloneEqualsInAnyBatchAndOrder) {
  const auto encoder = load(2);
  const std::vector<int32_t> lengths = {33, 1, 120, 64, 7, 65};
  const TokenBatch batch = random_batch(encoder->config(), lengths);
  const Matrix together = encoder->forward(batch);
  TokenBatch reversed;
  for (int32_t b = batch.sequences() - 1; b >= 0; --b) {
    const std::span ids = std::span(batch.ids).subspan(static_cast<size_t>(batch.begin(b)),
                                                       static_cast<size_t>(batch.length(b)));
    reversed.add(ids);
    TokenBatch single;
    single.add(ids);
    const Matrix alone = encoder->forward(single);
    EXPECT_EQ(
        std::memcmp(alone.values().data(), together.row(batch.begin(b)).data(), alone.values().size_bytes()),
        0)
        << "sequence " << b;
  }
  const Matrix backwards = encoder->forward(reversed);
  for (int32_t b = 0; b < batch.sequences(); ++b) {
    const int32_t mirrored = reversed.begin(batch.sequences() - 1 - b);
    EXPECT_EQ(std::memcmp(backwards.row(mirrored).data(), together.row(batch.begin(b)).data(),
                          static_cast<size_t>(batch.length(b)) * together.row(0).size_bytes()),
              0);
  }
}

// Tiles for each thread, teams that share one each, and a tile that all of them share.
TEST_P(BitInvariance, AnyNumberOfThreadsAgrees) {
  for (const std::vector<int32_t>& lengths : {std::vector<int32_t>{70, 200, 3, 129}, {90, 41}, {1, 40, 16}}) {
    const TokenBatch batch = random_batch(load(1)->config(), lengths);
    const auto one = values(load(1)->forward(batch));
    for (const int threads : {2, 3, 13}) EXPECT_EQ(values(load(threads)->forward(batch)), one) << threads;
  }
}

// More tokens than one part holds: sequences of every length still come out as if alone.
TEST_P(BitInvariance, LargeBatchesRunInParts) {
  const auto encoder = load(1);
  const TokenBatch batch = random_batch(encoder->config(), std::vector<int32_t>(36, 120));
  const Matrix together = encoder->forward(batch);
  for (const int32_t b : {0, 33, 34, 35}) {
    const Matrix alone = encoder->forward(slice_sequences(batch, b, b + 1));
    EXPECT_EQ(
        std::memcmp(alone.values().data(), together.row(batch.begin(b)).data(), alone.values().size_bytes()),
        0)
        << "sequence " << b;
  }
}

// Workspaces are reused: what an earlier, larger batch left behind must not show.
TEST_P(BitInvariance, EarlierBatchesLeaveNoTrace) {
  const auto encoder = load(2), fresh = load(2);
  const TokenBatch small = random_batch(encoder->config(), {5, 19});
  encoder->forward(random_batch(encoder->config(), {150, 31, 90}));
  EXPECT_EQ(values(encoder->forward(small)), values(fresh->forward(small)));
}

TEST_P(BitInvariance, ConcurrentCallersAgree) {
  const auto encoder = load(2);
  const TokenBatch batch = random_batch(encoder->config(), {40, 77});
  const auto want = values(encoder->forward(batch));
  std::vector<std::thread> threads;
  std::vector<std::vector<float>> results(4);
  for (auto& result : results) {
    threads.emplace_back([&] {
      for (int i = 0; i < 3; ++i) result = values(encoder->forward(batch));
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& result : results) EXPECT_EQ(result, want);
}

INSTANTIATE_TEST_SUITE_P(
    Models, BitInvariance,
    ::testing::Combine(::testing::Values("modernbert", "bert", "modernbert_heads64", "flex_mixed"),
                       ::testing::Values(ComputeType::kFp32, ComputeType::kBf16, ComputeType::kInt8)),
    [](const auto& test) {
      return std::string(std::get<0>(test.param)) + "_" + std::string(to_string(std::get<1>(test.param)));
    });

// Lower precision is near: relative L2 distance of the hidden states to those of the reference encoder. With
// random weights int8 loses a few percent, bf16 about one.
TEST(CpuEncoder, LowerPrecisionStaysNear) {
  const auto ref = random_model("modernbert_heads64", {.backend = Backend::kRef});
  const TokenBatch batch = random_batch(ref->config(), {1, 2, 17, 64, 65, 90});
  const Matrix want = ref->forward(batch);
  for (const auto& [dtype, bar] :
       {std::pair{ComputeType::kBf16, 0.02}, std::pair{ComputeType::kInt8, 0.08}}) {
    const auto encoder = random_model("modernbert_heads64", {.dtype = dtype, .threads = 2});
    EXPECT_EQ(encoder->dtype(), dtype);
    const Matrix got = encoder->forward(batch);
    double squares = 0, errors = 0;
    for (size_t i = 0; i < want.values().size(); ++i) {
      const double error = got.values()[i] - want.values()[i];
      errors += error * error;
      squares += static_cast<double>(want.values()[i]) * want.values()[i];
    }
    const double distance = std::sqrt(errors / squares);
    EXPECT_LT(distance, bar) << to_string(dtype);
    EXPECT_GT(distance, bar / 50) << to_string(dtype) << " was not used";
  }
}

TEST(CheckBatch, RejectsIdsOutsideTheVocabulary) {
  const auto encoder = random_model("modernbert", {.threads = 1});
  for (const int32_t bad : {-1, encoder->config().vocab_size}) {
    TokenBatch batch;
    batch.add(std::vector<int32_t>{1, bad});
    EXPECT_THROW(encoder->forward(batch), Error);
  }
}

TEST(CheckBatch, RejectsPositionsBeyondTheTable) {
  const auto encoder = random_model("bert", {.threads = 1});
  TokenBatch batch;
  batch.add(std::vector<int32_t>(static_cast<size_t>(encoder->config().max_position_embeddings) + 1, 1));
  EXPECT_THROW(encoder->forward(batch), Error);
}

TEST(TokenBatch, KeepsTypeIdsAligned) {
  TokenBatch batch;
  batch.add(std::vector<int32_t>{1, 2});
  batch.add(std::vector<int32_t>{3, 4}, std::vector<int32_t>{0, 1});
  batch.add(std::vector<int32_t>{5});
  EXPECT_EQ(batch.type_ids, (std::vector<int32_t>{0, 0, 0, 1, 0}));
  EXPECT_EQ(batch.cu_seqlens, (std::vector<int32_t>{0, 2, 4, 5}));
  EXPECT_EQ(batch.positions, (std::vector<int32_t>{0, 1, 0, 1, 0}));
  EXPECT_EQ(batch.max_seqlen, 2);
  EXPECT_THROW(batch.add({}), Error);
}

}  // namespace
}  // namespace modernbert
