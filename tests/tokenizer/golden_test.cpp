// Encodings against the reference library's: the shared ModernBERT file, and our own cases over many
// components (make_goldens.py).
#include <gtest/gtest.h>

#include <map>
#include <span>

#include "core/utf8.h"
#include "shared_files.h"
#include "token_cases.h"

namespace modernbert {
namespace {

using testing::Json;

// The tokenizers of data/tokenizers.json by name.
std::map<std::string, Tokenizer> load_variants(const std::filesystem::path& path) {
  std::ifstream file(path);
  const Json json = Json::parse(file);
  std::map<std::string, Tokenizer> tokenizers;
  for (const auto& [name, variant] : json["variants"].items()) {
    Json spec = json["bases"][variant["base"].get<std::string>()];
    for (const auto& [field, value] : variant["patch"].items()) {
      if (field == "model") {
        spec[field].update(value);
      } else {
        spec[field] = value;
      }
    }
    tokenizers.emplace(name, Tokenizer::from_json(spec.dump(), name));
  }
  return tokenizers;
}

EncodeOptions options_of(const Json& line) {
  const std::map<std::string, TruncationStrategy> strategies = {
      {"longest_first", TruncationStrategy::kLongestFirst},
      {"only_first", TruncationStrategy::kOnlyFirst},
      {"only_second", TruncationStrategy::kOnlySecond}};
  EncodeOptions options;
  options.tokens = true;
  options.overflow = true;
  options.add_special_tokens = line.value("add_special_tokens", true);
  options.max_length = line.value("max_length", 0);
  options.stride = line.value("stride", 0);
  options.truncation = strategies.at(line.value("strategy", "longest_first"));
  options.side = line.value("side", "right") == "right" ? TruncationSide::kRight : TruncationSide::kLeft;
  return options;
}

Encoding encode_case(const Tokenizer& tokenizer, const Json& line) {
  const EncodeOptions options = options_of(line);
  if (line.contains("words"))
    return tokenizer.encode_words(line["words"].get<std::vector<std::string>>(), options);
  const auto text = line["text"].get<std::string>();
  if (line.contains("pair")) return tokenizer.encode_pair(text, line["pair"].get<std::string>(), options);
  const Encoding encoding = tokenizer.encode(text, options);
  testing::expect_same_characters(encoding, text);
  return encoding;
}

TEST(Goldens, EveryComponentAsInTheReference) {
  const auto data = testing::source_dir() / "tests" / "tokenizer" / "data";
  const auto tokenizers = load_variants(data / "tokenizers.json");
  const std::vector<Json> lines = testing::read_json_lines(data / "goldens.jsonl");
  ASSERT_GT(lines.size(), 400u);
  for (size_t i = 0; i < lines.size(); ++i) {
    const Json& line = lines[i];
    SCOPED_TRACE("line " + std::to_string(i + 1) + ", " + line["tokenizer"].get<std::string>());
    const Tokenizer& tokenizer = tokenizers.at(line["tokenizer"]);
    const Encoding encoding = encode_case(tokenizer, line);
    testing::expect_encoding(encoding, line["expected"]);
    if (line.contains("decoded")) {
      EXPECT_EQ(tokenizer.decode(encoding.ids), line["decoded"].get<std::string>());
      EXPECT_EQ(tokenizer.decode(encoding.ids, /*skip_special_tokens=*/false),
                line["decoded_with_special"].get<std::string>());
    }
  }
}

TEST(Goldens, ModernBertAsInTheReference) {
  const auto folder = testing::shared_dir() / "data" / "modernbert_tokenizer";
  MB_SKIP_UNLESS_EXISTS(folder);
  const Tokenizer tokenizer = Tokenizer::load(folder);
  const std::vector<Json> lines = testing::read_json_lines(folder / "golden_encodings.jsonl");
  ASSERT_EQ(lines.size(), 38u);
  for (size_t i = 0; i < lines.size(); ++i) {
    SCOPED_TRACE("line " + std::to_string(i + 1));
    Json query = {{"text", lines[i]["text"]}};
    if (lines[i].contains("pair")) query["pair"] = lines[i]["pair"];
    testing::expect_encoding(encode_case(tokenizer, query), lines[i]);
  }
}

TEST(Goldens, ModernBertRolesAndLimits) {
  const auto folder = testing::shared_dir() / "data" / "modernbert_tokenizer";
  MB_SKIP_UNLESS_EXISTS(folder);
  const Tokenizer tokenizer = Tokenizer::load(folder);
  EXPECT_EQ(tokenizer.vocab_size(), 50368);
  EXPECT_EQ(tokenizer.mask_id(), 50284);
  EXPECT_EQ(tokenizer.cls_id(), 50281);
  EXPECT_EQ(tokenizer.sep_id(), 50282);
  EXPECT_EQ(tokenizer.pad_id(), 50283);
  EXPECT_EQ(tokenizer.unk_id(), 50280);
  EXPECT_EQ(tokenizer.model_max_length(), std::nullopt);  // the file says 1e30
  EXPECT_EQ(tokenizer.special_token_count(/*pair=*/false), 2);
  EXPECT_EQ(tokenizer.special_token_count(/*pair=*/true), 3);
  EXPECT_EQ(tokenizer.id_to_token(50254), std::string(24, ' '));
  EXPECT_TRUE(tokenizer.is_special(50284));
  EXPECT_FALSE(tokenizer.is_special(50285));
  EXPECT_TRUE(tokenizer.tokens_hold_spaces());
}

TEST(Goldens, BertVocabularyFile) {
  const auto folder = testing::shared_dir() / "data" / "bert_uncased";
  MB_SKIP_UNLESS_EXISTS(folder);
  const Tokenizer tokenizer = Tokenizer::load(folder);
  EXPECT_EQ(tokenizer.vocab_size(), 30522);
  EXPECT_EQ(tokenizer.mask_id(), 103);
  EXPECT_EQ(tokenizer.pad_id(), 0);
  EXPECT_EQ(tokenizer.continuing_subword_prefix(), "##");
  EXPECT_FALSE(tokenizer.tokens_hold_spaces());
  const Encoding encoding = tokenizer.encode_pair("Hello, UNaffable Wörld!", "[MASK] 日本");
  EXPECT_EQ(encoding.ids, (std::vector<int32_t>{101, 7592, 1010, 14477, 20961, 3468, 2088, 999, 102, 103,
                                                1864, 1876, 102}));
  EXPECT_EQ(encoding.type_ids, (std::vector<int32_t>{0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1}));
  EXPECT_EQ(tokenizer.decode(encoding.ids), "hello, unaffable world! 日 本");
}

}  // namespace
}  // namespace modernbert
