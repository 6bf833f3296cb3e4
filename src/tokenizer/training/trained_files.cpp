#include "tokenizer/training/trained_files.h"

#include <nlohmann/json.hpp>

#include "core/check.h"
#include "core/fail.h"
#include "core/file.h"
#include "tokenizer/byte_alphabet.h"

namespace modernbert {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr int kUnk = 0, kCls = 1, kSep = 2, kPad = 3, kMask = 4;

OrderedJson added_tokens(const TrainedBpe& trained) {
  OrderedJson list = OrderedJson::array();
  for (size_t id = 0; id < trained.special_tokens; ++id) {
    list.push_back({{"id", id},
                    {"content", trained.tokens[id]},
                    {"single_word", false},
                    {"lstrip", id == kMask},
                    {"rstrip", false},
                    {"normalized", false},
                    {"special", true}});
  }
  return list;
}

OrderedJson special(const std::string& token) {
  return {{"SpecialToken", {{"id", token}, {"type_id", 0}}}};
}

OrderedJson sequence(const std::string& id) {
  return {{"Sequence", {{"id", id}, {"type_id", 0}}}};
}

OrderedJson template_token(const std::string& token, int id) {
  return {{"id", token}, {"ids", {id}}, {"tokens", {token}}};
}

OrderedJson post_processor(const TrainedBpe& trained) {
  const std::string &cls = trained.tokens[kCls], &sep = trained.tokens[kSep];
  OrderedJson result;
  result["type"] = "TemplateProcessing";
  result["single"] = OrderedJson::array({special(cls), sequence("A"), special(sep)});
  result["pair"] =
      OrderedJson::array({special(cls), sequence("A"), special(sep), sequence("B"), special(sep)});
  result["special_tokens"][cls] = template_token(cls, kCls);
  result["special_tokens"][sep] = template_token(sep, kSep);
  return result;
}

OrderedJson byte_level() {
  return {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", true}};
}

OrderedJson model(const TrainedBpe& trained) {
  std::vector<std::string> texts = trained.tokens;
  for (size_t id = trained.special_tokens; id < texts.size(); ++id) texts[id] = bytes_to_text(texts[id]);
  OrderedJson result = {{"type", "BPE"},
                        {"dropout", nullptr},
                        {"unk_token", nullptr},
                        {"continuing_subword_prefix", nullptr},
                        {"end_of_word_suffix", nullptr},
                        {"fuse_unk", false},
                        {"byte_fallback", false},
                        {"ignore_merges", false}};
  // Filled as a list of pairs: ordered_json's operator[] looks through all keys before it.
  OrderedJson::object_t vocabulary;
  vocabulary.reserve(texts.size());
  for (size_t id = 0; id < texts.size(); ++id) {
    static_cast<std::vector<OrderedJson::object_t::value_type>&>(vocabulary).emplace_back(texts[id], id);
  }
  result["vocab"] = std::move(vocabulary);
  OrderedJson merges = OrderedJson::array();
  for (const auto& [first, second] : trained.merges) merges.push_back({texts[first], texts[second]});
  result["merges"] = std::move(merges);
  return result;
}

}  // namespace

std::vector<std::string> modernbert_special_tokens() {
  return {"[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]"};
}

std::string tokenizer_json(const TrainedBpe& trained) {
  MB_CHECK(trained.special_tokens == modernbert_special_tokens().size());
  OrderedJson file;
  file["version"] = "1.0";
  file["truncation"] = nullptr;
  file["padding"] = nullptr;
  file["added_tokens"] = added_tokens(trained);
  file["normalizer"] = {{"type", "NFC"}};
  file["pre_tokenizer"] = byte_level();
  file["post_processor"] = post_processor(trained);
  file["decoder"] = byte_level();
  file["model"] = model(trained);
  return file.dump(2) + "\n";
}

std::string tokenizer_config_json(int model_max_length) {
  const auto tokens = modernbert_special_tokens();
  const OrderedJson file = {{"clean_up_tokenization_spaces", false},
                            {"cls_token", tokens[kCls]},
                            {"mask_token", tokens[kMask]},
                            {"model_input_names", {"input_ids", "attention_mask"}},
                            {"model_max_length", model_max_length},
                            {"pad_token", tokens[kPad]},
                            {"sep_token", tokens[kSep]},
                            {"tokenizer_class", "PreTrainedTokenizerFast"},
                            {"unk_token", tokens[kUnk]}};
  return file.dump(2) + "\n";
}

void write_tokenizer_files(const std::filesystem::path& folder, const TrainedBpe& trained,
                           int model_max_length) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) fail(ErrorCode::kIo, "{}: cannot make the folder: {}", folder.string(), error.message());
  write_file_atomically(folder / "tokenizer_config.json", tokenizer_config_json(model_max_length));
  write_file_atomically(folder / "tokenizer.json", tokenizer_json(trained));
}

}  // namespace modernbert
