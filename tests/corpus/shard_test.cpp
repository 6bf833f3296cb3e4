#include "corpus/shard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "error_text.h"
#include "small_corpus.h"

namespace modernbert {
namespace {

using ::testing::HasSubstr;
using testing::read_text;
using testing::TemporaryFolder;
using testing::thrown_by;
using testing::write_text;

class ShardFiles : public ::testing::Test {
 protected:
  static ShardContent content() {
    ShardContent content;
    content.add(std::vector<int32_t>{5, 6, 7});
    content.add(std::vector<int32_t>{});
    content.add(std::vector<int32_t>{60000, 1});
    return content;
  }
  std::filesystem::path path() const { return folder_.path() / "a.tokens"; }
  // The shard after one of its bytes was changed.
  std::string message_after(size_t byte, char value) const {
    std::string bytes = whole_;
    bytes[byte] = value;
    write_text(path(), bytes);
    return thrown_by([&] { Shard::open(path()).check(65536); }).message;
  }
  void SetUp() override {
    write_shard(path(), content(), 65536);
    whole_ = read_text(path());
  }
  TemporaryFolder folder_;
  std::string whole_;
};

std::vector<int32_t> document(const Shard& shard, uint64_t number) {
  std::vector<int32_t> tokens(shard.length(number));
  shard.copy(number, 0, tokens);
  return tokens;
}

TEST_F(ShardFiles, ReadsWhatWasWritten) {
  for (const int32_t vocab_size : {65536, 65537}) {
    write_shard(path(), content(), vocab_size);
    EXPECT_EQ(std::filesystem::file_size(path()), 64U + (vocab_size == 65536 ? 16 : 24) + 4 * 8);
    const Shard shard = Shard::open(path());
    shard.check(vocab_size);
    EXPECT_EQ(shard.documents(), 3U);
    EXPECT_EQ(shard.tokens(), 5U);
    EXPECT_EQ(document(shard, 0), (std::vector<int32_t>{5, 6, 7}));
    EXPECT_EQ(document(shard, 1), std::vector<int32_t>{});
    EXPECT_EQ(document(shard, 2), (std::vector<int32_t>{60000, 1}));
    std::vector<int32_t> part(1);
    shard.copy(0, 1, part);
    EXPECT_EQ(part[0], 6);
  }
}

TEST_F(ShardFiles, AShardMayBeEmpty) {
  write_shard(path(), {}, 100);
  const Shard shard = Shard::open(path());
  shard.check(100);
  EXPECT_EQ(shard.documents(), 0U);
}

TEST_F(ShardFiles, NamesDamage) {
  EXPECT_THAT(message_after(0, 'X'), HasSubstr("a.tokens: not a shard of tokens"));
  EXPECT_THAT(message_after(8, 9), HasSubstr("a.tokens: version 9 of the format, want 1"));
  EXPECT_THAT(message_after(12, 3), HasSubstr("a.tokens: tokens of 3 bytes, want 2 or 4"));
  EXPECT_THAT(message_after(16, 4), HasSubstr("a.tokens: 112 bytes, want 120"));
  EXPECT_THAT(message_after(31, 1), HasSubstr("is impossible"));
  EXPECT_THAT(message_after(64, 9), HasSubstr("a.tokens: damaged: checksum"));
  EXPECT_THAT(message_after(64 + 16 + 8, 6), HasSubstr("a.tokens: document 1 ends before it begins"));
  EXPECT_THAT(message_after(64 + 16, 1),
              HasSubstr("a.tokens: the documents span tokens 1 to 5, want 0 to 5"));
}

TEST_F(ShardFiles, EveryChangedByteIsNoticed) {
  for (size_t byte = 0; byte < whole_.size(); ++byte) {
    const bool unused = byte >= 36 && byte < 64;
    if (unused) continue;
    EXPECT_NE(message_after(byte, static_cast<char>(whole_[byte] ^ 0x40)), "") << byte;
  }
}

TEST_F(ShardFiles, EveryShorterFileIsRefused) {
  for (size_t size = 0; size < whole_.size(); ++size) {
    write_text(path(), whole_.substr(0, size));
    EXPECT_EQ(thrown_by([&] { Shard::open(path()); }).code, ErrorCode::kInvalidFile) << size;
  }
}

TEST_F(ShardFiles, TokensAboveTheVocabularyAreRefused) {
  EXPECT_THAT(thrown_by([&] { Shard::open(path()).check(60000); }).message,
              HasSubstr("token 60000, want below 60000"));
}

}  // namespace
}  // namespace modernbert
