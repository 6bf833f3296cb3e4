#include "corpus/training_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <set>

#include "error_text.h"
#include "shared_files.h"
#include "small_corpus.h"

namespace modernbert {
namespace {

using ::testing::HasSubstr;
using testing::SmallCorpus;
using testing::thrown_by;

const SmallCorpus& corpus() {
  static const SmallCorpus kCorpus;
  return kCorpus;
}

TrainingDataOptions small_options() {
  TrainingDataOptions options;
  options.datasets = {{corpus().path() / "first", 3}, {corpus().path() / "second", 1}};
  options.max_length = 128;
  options.micro_batch_tokens = 1024;
  options.packed_together = 4;
  options.seed = 17;
  return options;
}

struct Flat {
  std::vector<int32_t> ids, cu_seqlens, labels;
  friend bool operator==(const Flat&, const Flat&) = default;
};

Flat flat(const MaskedLmBatch& batch) {
  return {batch.tokens.ids, batch.tokens.cu_seqlens, batch.labels};
}

std::vector<Flat> take(TrainingData& data, int count) {
  std::vector<Flat> batches;
  for (int i = 0; i < count; ++i) batches.push_back(flat(*data.next()));
  return batches;
}

// The ids before masking.
std::vector<int32_t> original(const MaskedLmBatch& batch, int32_t begin, int32_t end) {
  std::vector<int32_t> ids(batch.tokens.ids.begin() + begin, batch.tokens.ids.begin() + end);
  for (int32_t i = begin; i < end; ++i) {
    if (batch.labels[i] != kNotPredicted) ids[i - begin] = batch.labels[i];
  }
  return ids;
}

TEST(TrainingData, BatchesAreAtLeast99PercentFull) {
  TrainingData data(small_options());
  int64_t tokens = 0;
  for (int i = 0; i < 100; ++i) {
    const MaskedLmBatch batch = *data.next();
    ASSERT_LE(batch.tokens.tokens(), 1024);
    ASSERT_LE(batch.tokens.max_seqlen, 128);
    ASSERT_EQ(batch.labels.size(), batch.tokens.ids.size());
    tokens += batch.tokens.tokens();
  }
  EXPECT_GE(static_cast<double>(tokens) / (100 * 1024), 0.99);
}

// Books, documentation and code: documents from a few tokens to hundreds of windows.
TEST(TrainingData, BatchesOfRealTextAreAtLeast99PercentFull) {
  const auto texts = testing::shared_dir() / "data/corpus", tokenizer = testing::source_dir() / "models/nano";
  MB_SKIP_UNLESS_EXISTS(texts);
  const testing::TemporaryFolder folder;
  prepare_dataset({texts / "docs.jsonl", texts / "code.jsonl"}, tokenizer, folder.path() / "data", {});
  for (const int32_t max_length : {256, 512, 1024}) {
    TrainingDataOptions options;
    options.datasets = {{folder.path() / "data"}};
    options.max_length = max_length;
    options.micro_batch_tokens = 8 * max_length;
    TrainingData data(options);
    int64_t tokens = 0;
    constexpr int kBatches = 200;
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kBatches; ++i) tokens += data.next()->tokens.tokens();
    const double fill = static_cast<double>(tokens) / (kBatches * options.micro_batch_tokens);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    RecordProperty("tokens_per_s_" + std::to_string(max_length),
                   std::to_string(static_cast<double>(tokens) / seconds.count()));
    RecordProperty("fill_" + std::to_string(max_length), std::to_string(fill));
    EXPECT_GE(fill, 0.99) << max_length;
  }
}

TEST(TrainingData, SequencesStartWithClsAndEndWithSep) {
  TrainingData data(small_options());
  const MaskedLmBatch batch = *data.next();
  for (int32_t b = 0; b < batch.tokens.sequences(); ++b) {
    const int32_t begin = batch.tokens.begin(b), end = begin + batch.tokens.length(b);
    EXPECT_EQ(batch.tokens.ids[begin], data.tokenizer().cls_id());
    EXPECT_EQ(batch.tokens.ids[end - 1], data.tokenizer().sep_id());
    EXPECT_EQ(batch.labels[begin], kNotPredicted);
    EXPECT_EQ(batch.labels[end - 1], kNotPredicted);
  }
}

// Every window of a data set comes once before any comes twice, and together they are the documents' tokens.
TEST(TrainingData, AnEpochHoldsEveryTokenOnce) {
  TrainingDataOptions options = small_options();
  options.datasets.resize(1);
  const Dataset dataset = Dataset::open(options.datasets[0].folder, DatasetPart::kTrain);
  std::map<std::vector<int32_t>, int> expected;
  for (uint64_t d = 0; d < dataset.documents(); ++d) {
    for (uint64_t begin = 0; begin < dataset.length(d); begin += 126) {
      std::vector<int32_t> window(std::min<uint64_t>(126, dataset.length(d) - begin));
      dataset.copy(d, begin, window);
      ++expected[window];
    }
  }
  TrainingData data(options);
  std::map<std::vector<int32_t>, int> seen;
  const int64_t epoch_tokens = static_cast<int64_t>(dataset.tokens());
  // Sequences that wait in the packer are still to come when the first of the next epoch appear.
  for (int64_t tokens = 0; tokens < 2 * epoch_tokens;) {
    const MaskedLmBatch batch = *data.next();
    for (int32_t b = 0; b < batch.tokens.sequences(); ++b) {
      const int32_t begin = batch.tokens.begin(b), end = begin + batch.tokens.length(b);
      ++seen[original(batch, begin + 1, end - 1)];
      tokens += end - begin - 2;
    }
  }
  EXPECT_EQ(seen.size(), expected.size());
  for (const auto& [window, count] : expected) {
    EXPECT_GE(seen[window], count);
    EXPECT_LE(seen[window], 4 * count);
  }
}

TEST(TrainingData, MixesByTheWeights) {
  TrainingDataOptions options = small_options();
  options.masking.rate = 0;
  std::set<std::vector<int32_t>> of_first;
  const Dataset dataset = Dataset::open(options.datasets[0].folder, DatasetPart::kTrain);
  for (uint64_t d = 0; d < dataset.documents(); ++d) {
    for (uint64_t begin = 0; begin < dataset.length(d); begin += 126) {
      std::vector<int32_t> window(std::min<uint64_t>(126, dataset.length(d) - begin));
      dataset.copy(d, begin, window);
      of_first.insert(window);
    }
  }
  TrainingData data(options);
  double first = 0, all = 0;
  for (int i = 0; i < 200; ++i) {
    const MaskedLmBatch batch = *data.next();
    for (int32_t b = 0; b < batch.tokens.sequences(); ++b) {
      const int32_t begin = batch.tokens.begin(b), end = begin + batch.tokens.length(b);
      all += end - begin;
      if (of_first.contains(original(batch, begin + 1, end - 1))) first += end - begin;
    }
  }
  // What waits in the packer (at most 5 packed batches of 4 x 1024 tokens) may come from either.
  EXPECT_NEAR(first / all, 0.75, 0.03);
}

TEST(TrainingData, ARestoredStreamGoesOnExactly) {
  TrainingData whole(small_options());
  take(whole, 7);
  const Json state = Json::parse(whole.state().dump());
  const auto expected = take(whole, 20);
  TrainingData fresh(small_options());
  fresh.restore(state);
  EXPECT_EQ(take(fresh, 20), expected);
  // The stream that has gone further can return, too.
  whole.restore(state);
  EXPECT_EQ(take(whole, 20), expected);
}

TEST(TrainingData, TheStreamDoesNotDependOnPrefetching) {
  TrainingDataOptions options = small_options();
  TrainingData a(options);
  options.prefetch = 1;
  TrainingData b(options);
  EXPECT_EQ(take(a, 12), take(b, 12));
}

TEST(TrainingData, AnotherSeedGivesAnotherStream) {
  TrainingDataOptions options = small_options();
  TrainingData a(options);
  options.seed = 18;
  TrainingData b(options);
  EXPECT_NE(take(a, 1), take(b, 1));
}

TEST(TrainingData, RanksTogetherSeeWhatOneSeesAlone) {
  TrainingData alone(small_options());
  const auto expected = take(alone, 18);
  for (const int32_t ranks : {2, 3}) {
    for (int32_t rank = 0; rank < ranks; ++rank) {
      TrainingDataOptions options = small_options();
      options.rank = rank;
      options.ranks = ranks;
      TrainingData data(options);
      for (int32_t n = 0; n < 18; ++n) {
        const auto batch = data.next();
        ASSERT_EQ(batch.has_value(), n % ranks == rank) << n;
        if (!batch) continue;
        EXPECT_EQ(flat(*batch), expected[n]) << rank << "/" << ranks;
      }
    }
  }
}

// Whichever rank saved it, and also where the run stands between two turns of a rank.
TEST(TrainingData, AStateServesAnyNumberOfRanks) {
  TrainingData alone(small_options());
  const auto expected = take(alone, 18);
  for (const int32_t rank : {0, 1, 2}) {
    TrainingDataOptions options = small_options();
    options.ranks = 3;
    options.rank = rank;
    TrainingData third(options);
    for (int n = 0; n < 7; ++n) third.next();
    TrainingData resumed(small_options());
    resumed.restore(third.state());
    EXPECT_EQ(take(resumed, 11), std::vector<Flat>(expected.begin() + 7, expected.end())) << rank;
    options.ranks = 2;
    options.rank = 1;
    TrainingData half(options);
    half.restore(third.state());
    EXPECT_EQ(flat(*half.next()), expected[7]);
    EXPECT_FALSE(half.next());
  }
}

// As encoders were trained before: every window has a row, which [PAD] tokens fill as a sequence of their
// own.
TEST(TrainingData, PaddedRowsHoldOneSequenceEach) {
  TrainingDataOptions options = small_options();
  options.packing = RowPacking::kPadded;
  TrainingData data(options);
  const int32_t pad = *data.tokenizer().pad_id();
  for (int i = 0; i < 20; ++i) {
    const MaskedLmBatch batch = *data.next();
    ASSERT_EQ(batch.tokens.tokens(), 1024);
    ASSERT_EQ(batch.labels.size(), 1024u);
    int64_t padding = 0;
    int32_t rows = 0;
    for (int32_t b = 0; b < batch.tokens.sequences(); ++b) {
      const int32_t begin = batch.tokens.begin(b);
      if (batch.tokens.ids[begin] != pad) {
        EXPECT_EQ(begin, 128 * rows++);
        continue;
      }
      EXPECT_EQ(begin + batch.tokens.length(b), 128 * rows);
      for (int32_t t = begin; t < 128 * rows; ++t) {
        EXPECT_EQ(batch.tokens.ids[t], pad);
        EXPECT_EQ(batch.labels[t], kNotPredicted);
      }
      padding += batch.tokens.length(b);
    }
    EXPECT_EQ(rows, 8);
    EXPECT_EQ(batch.padding, padding);
    EXPECT_EQ(batch.real_tokens(), 1024 - padding);
  }
}

// The same sequences come, whether they share rows or not; packing holds back a few.
TEST(TrainingData, PaddingChangesTheRowsNotTheText) {
  TrainingDataOptions options = small_options();
  const auto sequences = [&](int batches) {
    TrainingData data(options);
    std::set<std::vector<int32_t>> found;
    for (int i = 0; i < batches; ++i) {
      const MaskedLmBatch batch = *data.next();
      for (int32_t b = 0; b < batch.tokens.sequences(); ++b) {
        const int32_t begin = batch.tokens.begin(b);
        if (batch.tokens.ids[begin] == *data.tokenizer().pad_id()) continue;
        found.insert(original(batch, begin, begin + batch.tokens.length(b)));
      }
    }
    return found;
  };
  const auto packed = sequences(32);
  options.packing = RowPacking::kPadded;
  const auto padded = sequences(16);
  const auto in_both =
      std::count_if(padded.begin(), padded.end(), [&](const auto& ids) { return packed.contains(ids); });
  EXPECT_GT(in_both, 0.9 * static_cast<double>(padded.size()));
  const auto held_out = held_out_batches(options);
  for (const MaskedLmBatch& batch : held_out) EXPECT_EQ(batch.padding, 0);
}

TEST(TrainingData, APaddedStreamGoesOnExactlyAndOnlyPadded) {
  TrainingDataOptions options = small_options();
  options.packing = RowPacking::kPadded;
  TrainingData whole(options), half(options), resumed(options), packed(small_options());
  const auto expected = take(whole, 12);
  take(half, 7);
  resumed.restore(half.state());
  EXPECT_EQ(take(resumed, 5), std::vector<Flat>(expected.begin() + 7, expected.end()));
  EXPECT_THAT(thrown_by([&] { packed.restore(half.state()); }).message,
              HasSubstr("packing of the training data is \"greedy\", then \"padded\""));
  EXPECT_THAT(thrown_by([&] { half.restore(packed.state()); }).message, HasSubstr("packing"));
  Json before_padding = packed.state();
  before_padding["made_with"].erase("packing");
  packed.restore(before_padding);
}

TEST(TrainingData, RefusesAStateOfOtherDataOrOptions) {
  TrainingData data(small_options());
  TrainingDataOptions options = small_options();
  options.seed = 3;
  TrainingData other_seed(options);
  EXPECT_THAT(thrown_by([&] { data.restore(other_seed.state()); }).message, HasSubstr("seed"));
  options = small_options();
  std::swap(options.datasets[0].folder, options.datasets[1].folder);
  TrainingData other_data(options);
  EXPECT_THAT(thrown_by([&] { data.restore(other_data.state()); }).message,
              HasSubstr("data set 0 has changed"));
  Json state = data.state();
  state["position"]["datasets"][0]["place"] = 1 << 30;
  EXPECT_EQ(thrown_by([&] { data.restore(state); }).code, ErrorCode::kInvalidFile);
  state = data.state();
  state["position"]["done"] = int64_t{1} << 40;
  EXPECT_THAT(thrown_by([&] { data.restore(state); }).message, HasSubstr("done is 1099511627776"));
  EXPECT_EQ(thrown_by([&] { data.restore(Json::array()); }).code, ErrorCode::kInvalidFile);
}

TEST(TrainingData, HeldOutBatchesHoldTheHeldOutPartOnce) {
  const TrainingDataOptions options = small_options();
  int64_t expected = 0, found = 0;
  for (const auto& entry : options.datasets) {
    expected += static_cast<int64_t>(Dataset::open(entry.folder, DatasetPart::kHeldOut).tokens());
  }
  for (const MaskedLmBatch& batch : held_out_batches(options)) {
    EXPECT_LE(batch.tokens.tokens(), options.micro_batch_tokens);
    found += batch.tokens.tokens() - 2 * batch.tokens.sequences();
  }
  EXPECT_EQ(found, expected);
}

TEST(TrainingData, NamesWhatIsWrongWithItsOptions) {
  TrainingDataOptions options = small_options();
  options.max_length = 2;
  EXPECT_THAT(thrown_by([&] { TrainingData data(options); }).message, HasSubstr("the longest sequence is 2"));
  options = small_options();
  options.datasets[1].weight = 0;
  EXPECT_THAT(thrown_by([&] { TrainingData data(options); }).message, HasSubstr("second: weight 0"));
  options = small_options();
  options.datasets[0].folder = corpus().path() / "nowhere";
  EXPECT_EQ(thrown_by([&] { TrainingData data(options); }).code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace modernbert
