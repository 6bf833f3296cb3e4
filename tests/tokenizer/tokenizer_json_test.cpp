// tokenizer.json files that are wrong, hostile, or ask for what is not implemented.
#include <gtest/gtest.h>

#include "error_text.h"
#include "small_tokenizers.h"

namespace modernbert {
namespace {

using nlohmann::json;
using testing::thrown_by;
using testing::tiny_json;

testing::Thrown load_error(const json& file) {
  return thrown_by([&] { Tokenizer::from_json(file.dump(), "tokenizer.json"); });
}

// A change of the tiny file: JSON pointer, new value, what must come of it.
struct BadFile {
  const char* pointer;
  const char* value;
  ErrorCode code;
  const char* message;
};

void expect_rejections(const std::vector<BadFile>& cases) {
  for (const BadFile& bad : cases) {
    SCOPED_TRACE(std::string(bad.pointer) + " = " + bad.value);
    json file = tiny_json();
    file[json::json_pointer(bad.pointer)] = json::parse(bad.value);
    const auto thrown = load_error(file);
    EXPECT_EQ(thrown.code, bad.code);
    EXPECT_EQ(thrown.message, bad.message);
  }
}

TEST(TokenizerJson, TheTinyFileIsFine) {
  const Tokenizer tokenizer = Tokenizer::from_json(tiny_json().dump(), "tokenizer.json");
  EXPECT_EQ(tokenizer.encode("abc b").ids, (std::vector<int32_t>{3, 5, 2}));
  EXPECT_EQ(tokenizer.decode(std::vector<int32_t>{3, 5}),
            "ab ##c");  // no decoder: tokens with spaces between
}

TEST(TokenizerJson, NamesWhatIsNotImplemented) {
  expect_rejections({
      {"/normalizer", R"({"type": "Precompiled", "precompiled_charsmap": ""})", ErrorCode::kUnsupported,
       "tokenizer.json: normalizer \"Precompiled\" is not implemented, want one of NFC, NFD, NFKC, NFKD, "
       "Lowercase, "
       "StripAccents, Strip, BertNormalizer, Replace, Prepend, Sequence"},
      {"/normalizer", R"({"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Nmt"}]})",
       ErrorCode::kUnsupported,
       "tokenizer.json: normalizer.normalizers[1] \"Nmt\" is not implemented, want one of NFC, NFD, NFKC, "
       "NFKD, Lowercase, "
       "StripAccents, Strip, BertNormalizer, Replace, Prepend, Sequence"},
      {"/normalizer", R"({"type": "Replace", "pattern": {"Regex": "a+"}, "content": ""})",
       ErrorCode::kUnsupported,
       "tokenizer.json: normalizer.pattern {\"Regex\":\"a+\"} is not implemented, want {\"String\": \"…\"} "
       "with some text"},
      {"/normalizer", R"({"type": "NFC", "speed": 3})", ErrorCode::kUnsupported,
       "tokenizer.json: normalizer \"NFC\" has the setting \"speed\" = 3, which is not implemented"},
      {"/pre_tokenizer", R"({"type": "Metaspace"})", ErrorCode::kUnsupported,
       "tokenizer.json: pre_tokenizer \"Metaspace\" is not implemented, want one of ByteLevel, "
       "BertPreTokenizer, Whitespace, "
       "WhitespaceSplit, Punctuation, Digits, Sequence"},
      {"/model", R"({"type": "Unigram", "vocab": []})", ErrorCode::kUnsupported,
       "tokenizer.json: model \"Unigram\" is not implemented, want one of BPE, WordPiece"},
      {"/model", R"({"type": "BPE", "dropout": 0.1, "vocab": {}, "merges": []})", ErrorCode::kUnsupported,
       "tokenizer.json: model.dropout is 0.1, which is not implemented, want 0 or null"},
      {"/post_processor", R"({"type": "Mystery"})", ErrorCode::kUnsupported,
       "tokenizer.json: post_processor \"Mystery\" is not implemented, want one of TemplateProcessing, "
       "BertProcessing, "
       "RobertaProcessing, ByteLevel, Sequence"},
      {"/decoder", R"({"type": "CTC"})", ErrorCode::kUnsupported,
       "tokenizer.json: decoder \"CTC\" is not implemented, want one of ByteLevel, WordPiece, BPEDecoder, "
       "Fuse, Sequence"},
      {"/version", R"("2.0")", ErrorCode::kUnsupported,
       "tokenizer.json: version \"2.0\" is not implemented, want \"1.0\""},
      {"/post_normalizer", "{}", ErrorCode::kUnsupported,
       "tokenizer.json: the field \"post_normalizer\" is not implemented"},
  });
}

TEST(TokenizerJson, RejectsBadVocabularies) {
  expect_rejections({
      {"/model/vocab", "[1]", ErrorCode::kInvalidFile,
       "tokenizer.json: model: vocab is [1], want an object of tokens and ids"},
      {"/model/vocab/a", "-1", ErrorCode::kInvalidFile,
       "tokenizer.json: model.vocab[\"a\"] is -1, want an id from 0 to 16777215"},
      {"/model/vocab/a", "16777216", ErrorCode::kInvalidFile,
       "tokenizer.json: model.vocab[\"a\"] is 16777216, want an id from 0 to 16777215"},
      {"/model/vocab/a", "1.5", ErrorCode::kInvalidFile,
       "tokenizer.json: model.vocab[\"a\"] is 1.5, want an id from 0 to 16777215"},
      {"/model/vocab/b", "1", ErrorCode::kInvalidFile,
       "tokenizer.json: model.vocab gives the id 1 to \"a\" and to \"b\""},
      {"/model/unk_token", "\"?\"", ErrorCode::kInvalidFile,
       "tokenizer.json: the unknown token \"?\" is not in the vocabulary"},
      {"/model", "3", ErrorCode::kInvalidFile, "tokenizer.json: model: found 3, want a JSON object"},
      {"/model", "null", ErrorCode::kInvalidFile, "tokenizer.json: model is missing, want a model"},
      {"/model", R"({"type": "BPE", "vocab": {"a": 0}, "merges": ["a"]})", ErrorCode::kInvalidFile,
       "tokenizer.json: model.merges[0] is \"a\", want \"left right\" or [\"left\", \"right\"]"},
      {"/model", R"({"type": "BPE", "vocab": {"a": 0}, "merges": [["a", 1]]})", ErrorCode::kInvalidFile,
       "tokenizer.json: model.merges[0] is [\"a\",1], want \"left right\" or [\"left\", \"right\"]"},
      {"/model", R"({"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": ["a b"]})", ErrorCode::kInvalidFile,
       "tokenizer.json: model.merges[0] needs \"ab\", which is not in the vocabulary"},
  });
}

TEST(TokenizerJson, RejectsBadAddedTokens) {
  expect_rejections({
      {"/added_tokens", R"([{"id": 6, "content": ""}])", ErrorCode::kInvalidFile,
       "tokenizer.json: added_tokens[0]: content is \"\", want the token's text"},
      {"/added_tokens", R"([{"id": -6, "content": "x"}])", ErrorCode::kInvalidFile,
       "tokenizer.json: added_tokens[0].id is -6, want an id from 0 to 16777215"},
      {"/added_tokens", R"([{"content": "x"}])", ErrorCode::kInvalidFile,
       "tokenizer.json: added_tokens[0].id is null, want an id from 0 to 16777215"},
      {"/added_tokens", R"([{"id": 6, "content": "x"}, {"id": 6, "content": "y"}])", ErrorCode::kInvalidFile,
       "tokenizer.json: added_tokens[1]: \"y\" has the id 6, which is that of \"x\""},
      {"/added_tokens", R"([{"id": 6, "content": "x"}, {"id": 7, "content": "x"}])", ErrorCode::kInvalidFile,
       "tokenizer.json: added_tokens[1]: \"x\" is there twice"},
      {"/added_tokens", R"([{"id": 1, "content": "x"}])", ErrorCode::kInvalidFile,
       "tokenizer.json: added_tokens[0]: \"x\" has the id 1, which is that of \"a\""},
      {"/added_tokens", R"([{"id": 6, "content": "x", "shiny": true}])", ErrorCode::kUnsupported,
       "tokenizer.json: added_tokens[0].shiny is not implemented"},
      {"/added_tokens", R"({"id": 6})", ErrorCode::kInvalidFile,
       "tokenizer.json: added_tokens is {\"id\":6}, want a list of tokens"},
  });
}

TEST(TokenizerJson, RejectsBadTemplates) {
  expect_rejections({
      {"/post_processor",
       R"({"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "X", "type_id": 0}}], "pair": [],
                              "special_tokens": {}})",
       ErrorCode::kInvalidFile,
       "tokenizer.json: post_processor uses the special token \"X\", which its special_tokens do not define"},
      {"/post_processor",
       R"({"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "X", "type_id": 0}}], "pair": [],
                              "special_tokens": {"X": {"id": "X", "ids": [99], "tokens": ["X"]}}})",
       ErrorCode::kInvalidFile,
       "tokenizer.json: post_processor adds \"X\" with the id 99, which no token has"},
      {"/post_processor",
       R"({"type": "TemplateProcessing", "single": [{"Sequence": {"id": "B", "type_id": 0}}], "pair": [],
                              "special_tokens": {}})",
       ErrorCode::kInvalidFile,
       "tokenizer.json: post_processor.single[0] is the sequence B, want A only in the template of a single "
       "text"},
      {"/post_processor", R"({"type": "BertProcessing", "cls": ["a", 1], "sep": [2, "b"]})",
       ErrorCode::kInvalidFile, "tokenizer.json: post_processor: sep is [2,\"b\"], want [token, id]"},
      {"/truncation", R"({"direction": "Up", "max_length": 5, "strategy": "LongestFirst", "stride": 0})",
       ErrorCode::kInvalidFile, "tokenizer.json: truncation.direction is \"Up\", want one of Right, Left"},
      {"/padding", R"({"strategy": "Sometimes"})", ErrorCode::kInvalidFile,
       "tokenizer.json: padding.strategy is \"Sometimes\", want one of BatchLongest"},
  });
}

TEST(TokenizerJson, RejectsWhatIsNotATokenizer) {
  const auto reject = [](const std::string& text) {
    return thrown_by([&] { Tokenizer::from_json(text, "tokenizer.json"); }).code;
  };
  EXPECT_EQ(reject(""), ErrorCode::kInvalidFile);
  EXPECT_EQ(reject("[]"), ErrorCode::kInvalidFile);
  EXPECT_EQ(reject("{}"), ErrorCode::kInvalidFile);
  EXPECT_EQ(reject("{\"model\": \"\xFF\"}"), ErrorCode::kInvalidFile);
  EXPECT_EQ(reject(std::string(100, '[')), ErrorCode::kInvalidFile);
}

TEST(TokenizerJson, TruncationAndPaddingAreReadButNotApplied) {
  json file = tiny_json();
  file["truncation"] = {
      {"direction", "Right"}, {"max_length", 1}, {"strategy", "LongestFirst"}, {"stride", 0}};
  file["padding"] = {
      {"strategy", {{"Fixed", 9}}}, {"direction", "Right"}, {"pad_to_multiple_of", nullptr}, {"pad_id", 0}};
  EXPECT_EQ(Tokenizer::from_json(file.dump(), "t").encode("a b a").ids.size(), 3u);
}

TEST(TokenizerJson, MergesInBothForms) {
  const json vocab = {{"a", 0}, {"b", 1}, {"ab", 2}};
  for (const json& merges : {json{"#version: 0.2", "a b"}, json::array({json{"a", "b"}})}) {
    json file = tiny_json();
    file["model"] = {{"type", "BPE"}, {"vocab", vocab}, {"merges", merges}};
    EXPECT_EQ(Tokenizer::from_json(file.dump(), "t").encode("ab").ids, (std::vector<int32_t>{2}));
  }
}

}  // namespace
}  // namespace modernbert
