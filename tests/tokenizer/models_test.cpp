#include <gtest/gtest.h>

#include "error_text.h"
#include "tokenizer/bpe_model.h"
#include "tokenizer/byte_trie.h"
#include "tokenizer/decoder.h"
#include "tokenizer/word_piece_model.h"

namespace modernbert {
namespace {

Vocabulary vocabulary(const std::vector<std::string>& tokens) {
  Vocabulary result;
  for (size_t i = 0; i < tokens.size(); ++i) result.add(tokens[i], static_cast<int32_t>(i));
  return result;
}

std::vector<std::string> split(const SubwordModelPtr& model, std::string_view word) {
  std::vector<Subword> subwords;
  model->split(word, subwords);
  std::vector<std::string> tokens;
  for (const Subword& subword : subwords) tokens.emplace_back(model->vocabulary().text(subword.id));
  return tokens;
}

using Tokens = std::vector<std::string>;

TEST(WordPiece, LongestPieceFirst) {
  const auto model =
      make_word_piece(vocabulary({"[UNK]", "un", "una", "##a", "##aff", "##ffable", "##able", "a"}), {}, "v");
  EXPECT_EQ(split(model, "unaffable"), (Tokens{"una", "##ffable"}));
  EXPECT_EQ(split(model, "una"), (Tokens{"una"}));
  EXPECT_EQ(split(model, "unaffab"), (Tokens{"[UNK]"}));  // no rest is kept
  EXPECT_EQ(split(model, "##a"), (Tokens{"##a"}));        // a word may look like a continuation
}

TEST(WordPiece, LongWordsAreUnknown) {
  WordPieceOptions options;
  options.max_chars_per_word = 3;
  const auto model = make_word_piece(vocabulary({"[UNK]", "\u00e9", "##\u00e9"}), options, "v");
  EXPECT_EQ(split(model, "\u00e9\u00e9\u00e9").size(), 3u);  // characters count, not bytes
  EXPECT_EQ(split(model, "\u00e9\u00e9\u00e9\u00e9"), (Tokens{"[UNK]"}));
}

TEST(WordPiece, RejectsMissingUnknownToken) {
  const auto thrown = testing::thrown_by([] { make_word_piece(vocabulary({"a"}), {}, "vocab.txt"); });
  EXPECT_EQ(thrown.code, ErrorCode::kInvalidFile);
  EXPECT_EQ(thrown.message, "vocab.txt: the unknown token \"[UNK]\" is not in the vocabulary");
}

TEST(Bpe, MergesByRankThenFromTheLeft) {
  const auto model =
      make_bpe(vocabulary({"a", "b", "c", "ab", "bc", "aa"}), {{"b", "c"}, {"a", "b"}, {"a", "a"}}, {}, "t");
  EXPECT_EQ(split(model, "abc"), (Tokens{"a", "bc"}));
  EXPECT_EQ(split(model, "aaab"), (Tokens{"aa", "ab"}));
  EXPECT_EQ(split(model, "aaa"), (Tokens{"aa", "a"}));
  EXPECT_EQ(split(model, "axb"), (Tokens{"ab"}));       // no unknown token: what is unknown vanishes
  EXPECT_EQ(split(model, "abc"), (Tokens{"a", "bc"}));  // from the cache
}

TEST(Bpe, UnknownTokens) {
  BpeOptions options;
  options.unknown_token = "?";
  EXPECT_EQ(split(make_bpe(vocabulary({"a", "?"}), {}, options, "t"), "xya"), (Tokens{"?", "?", "a"}));
  options.fuse_unknown = true;
  EXPECT_EQ(split(make_bpe(vocabulary({"a", "?"}), {}, options, "t"), "xya"), (Tokens{"?", "a"}));
  options.byte_fallback = true;
  EXPECT_EQ(split(make_bpe(vocabulary({"a", "?", "<0xC3>", "<0xA9>"}), {}, options, "t"), "\u00e9xa"),
            (Tokens{"<0xC3>", "<0xA9>", "?", "a"}));
}

TEST(Bpe, WholeWordsWithIgnoreMerges) {
  BpeOptions options;
  const std::vector<std::string> tokens = {"a", "b", "c", "abc"};
  EXPECT_EQ(split(make_bpe(vocabulary(tokens), {}, options, "t"), "abc"), (Tokens{"a", "b", "c"}));
  options.ignore_merges = true;
  EXPECT_EQ(split(make_bpe(vocabulary(tokens), {}, options, "t"), "abc"), (Tokens{"abc"}));
}

TEST(Bpe, PrefixAndSuffix) {
  BpeOptions options;
  options.continuing_prefix = "##";
  options.end_of_word_suffix = "</w>";
  const auto model = make_bpe(vocabulary({"a", "##b", "##c</w>", "a</w>", "ab", "abc</w>"}),
                              {{"a", "##b"}, {"ab", "##c</w>"}}, options, "t");
  EXPECT_EQ(split(model, "abc"), (Tokens{"abc</w>"}));
  EXPECT_EQ(split(model, "a"), (Tokens{"a</w>"}));
}

TEST(Bpe, RejectsMergesOutsideTheVocabulary) {
  const auto part = testing::thrown_by([] {
    make_bpe(vocabulary({"a"}), {{"a", "x"}}, {}, "tokenizer.json");
  });
  EXPECT_EQ(part.code, ErrorCode::kInvalidFile);
  EXPECT_EQ(part.message, "tokenizer.json: model.merges[0] needs \"x\", which is not in the vocabulary");
  const auto result = testing::thrown_by([] {
    make_bpe(vocabulary({"a", "b"}), {{"a", "b"}}, {}, "tokenizer.json");
  });
  EXPECT_EQ(result.message, "tokenizer.json: model.merges[0] needs \"ab\", which is not in the vocabulary");
}

TEST(ByteTrie, FindsTheLongestKey) {
  const ByteTrie trie({{"a", 0}, {"abc", 1}, {"b", 2}, {"\xff", 3}, {"abc", 4}});
  EXPECT_EQ(trie.longest("abcd", 0).value, 4);  // the later of two equal keys
  EXPECT_EQ(trie.longest("abcd", 0).length, 3u);
  EXPECT_EQ(trie.longest("abd", 0).value, 0);
  EXPECT_EQ(trie.longest("xb", 1).value, 2);
  EXPECT_EQ(trie.longest("x", 0).value, ByteTrie::kNone);
  EXPECT_EQ(trie.longest("x", 1).value, ByteTrie::kNone);
  EXPECT_TRUE(trie.may_start('\xff'));
  EXPECT_TRUE(ByteTrie().empty());
}

std::string decoded(const DecoderPtr& decoder, std::vector<std::string> tokens) {
  decoder->apply(tokens);
  std::string text;
  for (const std::string& token : tokens) text += token;
  return text;
}

TEST(Decoder, ByteLevelJoinsBytesBeforeDecoding) {
  const auto decoder = make_byte_level_decoder();
  EXPECT_EQ(decoded(decoder, {"\u0120a", "\u00c3", "\u00a9"}), " a\u00e9");
  EXPECT_EQ(decoded(decoder, {"\u00c3", "b"}), "\ufffdb");
  EXPECT_EQ(decoded(decoder, {"  ", "\u65e5"}), "  \u65e5");  // not in the alphabet: as it is
  EXPECT_EQ(decoded(decoder, {}), "");
}

TEST(Decoder, WordPieceCleansUp) {
  const std::vector<std::string> tokens = {"do", "n", "'", "t", "stop", ",", "it", "'", "s", "##o", "."};
  EXPECT_EQ(decoded(make_word_piece_decoder("##", false), tokens), "do n ' t stop , it ' so .");
  EXPECT_EQ(decoded(make_word_piece_decoder("##", true), {"we", "do not", "stop", "."}), "we don't stop.");
}

TEST(Decoder, BpeSuffixAndSequence) {
  const auto bpe = make_bpe_decoder("</w>");
  EXPECT_EQ(decoded(bpe, {"ab", "c</w>", "d</w>"}), "abc d");
  EXPECT_EQ(decoded(bpe, {}), "");
  EXPECT_EQ(decoded(make_decoder_sequence({bpe, make_fuse_decoder()}), {"a</w>", "b"}), "a b");
}

}  // namespace
}  // namespace modernbert
