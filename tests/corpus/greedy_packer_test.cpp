#include "corpus/greedy_packer.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "shared_files.h"

namespace modernbert {
namespace {

using nlohmann::json;

struct Document {
  size_t index = 0;
  uint64_t length = 0;
};

std::optional<Document> next_document(const std::vector<uint64_t>& lengths, size_t& next) {
  if (next == lengths.size()) return std::nullopt;
  const Document document{next, lengths[next]};
  ++next;
  return document;
}

std::vector<size_t> indices(const std::vector<Document>& bin) {
  std::vector<size_t> result;
  for (const Document& document : bin) result.push_back(document.index);
  return result;
}

// The original shows the empty tail of a bin as a segment of its own.
std::vector<uint64_t> cu_seqlens(const std::vector<Document>& bin, uint64_t bin_tokens) {
  std::vector<uint64_t> result = {0};
  for (const Document& document : bin) result.push_back(result.back() + document.length);
  if (result.back() < bin_tokens) result.push_back(bin_tokens);
  return result;
}

TEST(GreedyPacker, PacksAsTheOriginal) {
  const auto path = testing::shared_dir() / "reference/flexbert_data/packing.json";
  MB_SKIP_UNLESS_EXISTS(path);
  const json reference = json::parse(std::ifstream(path));
  ASSERT_FALSE(reference["cases"].empty());
  for (const json& test : reference["cases"]) {
    SCOPED_TRACE(test["name"].get<std::string>());
    const auto lengths = test["document_lengths"].get<std::vector<uint64_t>>();
    const uint64_t bin_tokens = test["bin_tokens"];
    size_t next = 0;
    GreedyPacker<Document> packer({test["source_batch_size"], test["bins"], bin_tokens, test["buffer_size"]},
                                  [&] { return next_document(lengths, next); });
    for (const json& batch : test["batches"]) {
      const auto bins = packer.next();
      ASSERT_TRUE(bins);
      ASSERT_EQ(bins->size(), batch.size());
      for (size_t bin = 0; bin < batch.size(); ++bin) {
        EXPECT_EQ(indices((*bins)[bin]), batch[bin]["documents"].get<std::vector<size_t>>());
        EXPECT_EQ(cu_seqlens((*bins)[bin], bin_tokens),
                  batch[bin]["cu_seqlens"].get<std::vector<uint64_t>>());
      }
    }
    EXPECT_FALSE(packer.next());
  }
}

// The documented example of the original's own test.
TEST(GreedyPacker, PutsEachSequenceInTheFullestBinThatTakesIt) {
  const std::vector<uint64_t> lengths = {6, 5, 4, 3};
  size_t next = 0;
  GreedyPacker<Document> packer({2, 2, 10, 4}, [&] { return next_document(lengths, next); });
  const auto bins = packer.next();
  ASSERT_TRUE(bins);
  EXPECT_EQ(indices((*bins)[0]), (std::vector<size_t>{0, 2}));
  EXPECT_EQ(indices((*bins)[1]), (std::vector<size_t>{1, 3}));
}

}  // namespace
}  // namespace modernbert
