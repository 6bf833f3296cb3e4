// The public interface: roles, lower case, words, batches, bad texts.
#include "modernbert/tokenizer.h"

#include <gtest/gtest.h>

#include <fstream>

#include "error_text.h"
#include "small_tokenizers.h"
#include "temporary_folder.h"

namespace modernbert {
namespace {

using testing::small_tokenizer;

Encoding encode_with_tokens(const Tokenizer& tokenizer, std::string_view text) {
  EncodeOptions options;
  options.tokens = true;
  return tokenizer.encode(text, options);
}

using Tokens = std::vector<std::string>;

TEST(Tokenizer, AddedTokensBeforeEverythingElse) {
  const Tokenizer tokenizer = small_tokenizer("bytes");
  EXPECT_EQ(encode_with_tokens(tokenizer, "a  [MASK] b").tokens,
            (Tokens{"[CLS]", "a", "  [MASK]", "\u0120", "b", "[SEP]"}));
  EXPECT_EQ(encode_with_tokens(tokenizer, "a  b").tokens, (Tokens{"[CLS]", "a", "  ", "b", "[SEP]"}));
  EXPECT_EQ(encode_with_tokens(tokenizer, "x [SEP]").tokens,
            (Tokens{"[CLS]", "x", "\u0120", "[SEP]", "[SEP]"}));
  EXPECT_EQ(encode_with_tokens(tokenizer, "x [SEP]").special_tokens_mask,
            (std::vector<uint8_t>{1, 0, 0, 0, 1}));
}

TEST(Tokenizer, EmptyTextAndNul) {
  const Tokenizer tokenizer = small_tokenizer("bytes");
  EXPECT_EQ(encode_with_tokens(tokenizer, "").tokens, (Tokens{"[CLS]", "[SEP]"}));
  EXPECT_EQ(encode_with_tokens(tokenizer, std::string_view("\0", 1)).tokens,
            (Tokens{"[CLS]", "\u0100", "[SEP]"}));
  EncodeOptions bare;
  bare.add_special_tokens = false;
  EXPECT_TRUE(tokenizer.encode("", bare).ids.empty());
}

TEST(Tokenizer, RejectsInvalidUtf8) {
  const Tokenizer tokenizer = small_tokenizer("bytes");
  const auto thrown = testing::thrown_by([&] { tokenizer.encode("ab\xC3(c"); });
  EXPECT_EQ(thrown.code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(thrown.message, "invalid UTF-8 at byte 2 of the text");
}

TEST(Tokenizer, WordsGetASpaceAndTheirIndex) {
  const Tokenizer tokenizer = small_tokenizer("bytes");
  EncodeOptions options;
  options.tokens = true;
  const std::vector<std::string> words = {"the", "\u00e9", "", "the"};
  const Encoding encoding = tokenizer.encode_words(words, options);
  EXPECT_EQ(encoding.tokens.front(), "[CLS]");
  EXPECT_EQ(encoding.tokens[1], "\u0120the");
  EXPECT_EQ(encoding.offsets[1], (TextSpan{0, 3}));
  EXPECT_EQ(encoding.word_ids[1], 0);
  EXPECT_EQ(encoding.word_ids[2], 1);
  EXPECT_EQ(encoding.offsets[2], (TextSpan{0, 1}));
  EXPECT_EQ(encoding.byte_offsets[2], (TextSpan{0, 2}));
  EXPECT_EQ(encoding.word_ids[encoding.ids.size() - 2], 3);
  EXPECT_EQ(encoding.word_ids.back(), -1);
}

TEST(Tokenizer, LowercaseKeepsSpecialTokens) {
  const Tokenizer tokenizer = small_tokenizer("bytes");
  const Tokenizer lower = tokenizer.with_lowercase();
  EXPECT_EQ(lower.encode("The DOG [MASK]").ids, tokenizer.encode("the dog [MASK]").ids);
  EXPECT_EQ(encode_with_tokens(lower, "x|||ip|||").tokens[2],
            "|||ip|||");  // a normalised token, normalised the new way
  EXPECT_NE(tokenizer.encode("The").ids, lower.encode("The").ids);
}

TEST(Tokenizer, IdsAndTokens) {
  const Tokenizer tokenizer = small_tokenizer("bytes");
  const auto mask = tokenizer.mask_id();
  ASSERT_TRUE(mask.has_value());
  EXPECT_EQ(tokenizer.token_to_id("[MASK]"), mask);
  EXPECT_EQ(tokenizer.id_to_token(*mask), "[MASK]");
  EXPECT_TRUE(tokenizer.is_special(*mask));
  EXPECT_FALSE(tokenizer.is_special(0));
  EXPECT_EQ(tokenizer.id_to_token(0), "!");
  EXPECT_EQ(tokenizer.id_to_token(-1), "");
  EXPECT_EQ(tokenizer.id_to_token(1 << 30), "");
  EXPECT_EQ(tokenizer.token_to_id("no such token"), std::nullopt);
  EXPECT_EQ(tokenizer.vocab_size(), *tokenizer.token_to_id("   ") + 1);
  const std::vector<int32_t> unknown = {tokenizer.vocab_size()};
  EXPECT_EQ(testing::thrown_by([&] { tokenizer.decode(unknown); }).code, ErrorCode::kInvalidArgument);
}

std::vector<std::string> batch_texts() {
  std::vector<std::string> texts;
  for (int i = 0; i < 200; ++i)
    texts.push_back("The dog number " + std::to_string(i * 37) + " isn't  lazy \u00e9" +
                    std::string(i % 7, '!'));
  return texts;
}

TEST(Tokenizer, BatchIsTheSameOnAnyNumberOfThreads) {
  const Tokenizer tokenizer = small_tokenizer("bytes");
  const std::vector<std::string> texts = batch_texts();
  for (const int threads : {0, 1, 2, 3}) {
    const std::vector<Encoding> batch = tokenizer.encode_batch(texts, {}, threads);
    ASSERT_EQ(batch.size(), texts.size());
    for (size_t i = 0; i < texts.size(); ++i) {
      const Encoding alone = tokenizer.encode(texts[i]);
      ASSERT_EQ(batch[i].ids, alone.ids) << "text " << i << ", threads " << threads;
      ASSERT_EQ(batch[i].offsets, alone.offsets) << "text " << i << ", threads " << threads;
    }
  }
  EXPECT_TRUE(tokenizer.encode_batch({}).empty());
}

TEST(Tokenizer, BatchNamesTheFirstBadText) {
  const Tokenizer tokenizer = small_tokenizer("bytes");
  std::vector<std::string> texts = batch_texts();
  texts[150] = "\xFF";
  texts[42] = "a\xFF";
  for (const int threads : {1, 3}) {
    const auto thrown = testing::thrown_by([&] { tokenizer.encode_batch(texts, {}, threads); });
    EXPECT_EQ(thrown.code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(thrown.message, "text 42: invalid UTF-8 at byte 1 of the text");
  }
}

class TokenizerFolder : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& content) {
    std::ofstream(folder_.path() / name) << content;
  }
  testing::TemporaryFolder folder_;
};

TEST_F(TokenizerFolder, RolesFromConfigFiles) {
  write("tokenizer.json", testing::small_tokenizer_json("bytes").dump());
  write("tokenizer_config.json",
        R"({"mask_token": {"content": "[PAD]", "lstrip": true}, "model_max_length": 512,
                                     "add_prefix_space": true})");
  write("special_tokens_map.json", R"({"mask_token": "[SEP]", "cls_token": "[UNK]"})");
  const Tokenizer tokenizer = Tokenizer::load(folder_.path());
  EXPECT_EQ(tokenizer.mask_id(), tokenizer.token_to_id("[PAD]"));
  EXPECT_EQ(tokenizer.cls_id(), tokenizer.token_to_id("[UNK]"));
  EXPECT_EQ(tokenizer.sep_id(), tokenizer.token_to_id("[SEP]"));
  EXPECT_EQ(tokenizer.model_max_length(), 512);
  EXPECT_EQ(encode_with_tokens(tokenizer, "the").tokens[1], "\u0120the");
  EXPECT_EQ(Tokenizer::load(folder_.path() / "tokenizer.json").model_max_length(), 512);
}

TEST_F(TokenizerFolder, VocabularyFile) {
  write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\r\n##me\nThe\ncaf\u00e9\ncafe\n\u65e5\nthe\n");
  const Tokenizer lower = Tokenizer::load(folder_.path());
  EXPECT_EQ(encode_with_tokens(lower, "The Theme CAF\u00c9 \u65e5\u65e5 [MASK]").tokens,
            (Tokens{"[CLS]", "the", "the", "##me", "cafe", "\u65e5", "\u65e5", "[MASK]", "[SEP]"}));
  EXPECT_EQ(lower.token_to_id("the"), 11);  // the last line counts
  EXPECT_EQ(lower.id_to_token(5), "the");
  write("tokenizer_config.json", R"({"do_lower_case": false, "tokenize_chinese_chars": false})");
  const Tokenizer cased = Tokenizer::load(folder_.path() / "vocab.txt");
  EXPECT_EQ(encode_with_tokens(cased, "The caf\u00e9 \u65e5\u65e5").tokens,
            (Tokens{"[CLS]", "The", "caf\u00e9", "[UNK]", "[SEP]"}));
}

TEST_F(TokenizerFolder, RejectsWhatIsNotThere) {
  EXPECT_EQ(testing::thrown_by([&] { Tokenizer::load(folder_.path()); }).code, ErrorCode::kNotFound);
  EXPECT_EQ(testing::thrown_by([&] { Tokenizer::load(folder_.path() / "none"); }).code, ErrorCode::kNotFound);
  write("vocab.txt", "the\n[UNK]\n");
  const auto thrown = testing::thrown_by([&] { Tokenizer::load(folder_.path()); });
  EXPECT_EQ(thrown.code, ErrorCode::kInvalidFile);
  EXPECT_EQ(thrown.message,
            (folder_.path() / "vocab.txt").string() + ": lacks the [CLS] token, want a BERT vocabulary");
  write("tokenizer_config.json", R"({"model_max_length": "long"})");
  EXPECT_EQ(testing::thrown_by([&] { Tokenizer::load(folder_.path()); }).code, ErrorCode::kInvalidFile);
}

}  // namespace
}  // namespace modernbert
