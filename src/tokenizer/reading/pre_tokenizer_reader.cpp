#include <algorithm>

#include "core/fail.h"
#include "tokenizer/reading/readers.h"

namespace modernbert {
namespace {

constexpr std::string_view kPreTokenizers =
    "ByteLevel, BertPreTokenizer, Whitespace, WhitespaceSplit, Punctuation, Digits, Sequence";

PreTokenizerPtr read_byte_level(const Component& component, const PreTokenizerSettings& settings) {
  component.allow_only({"add_prefix_space", "trim_offsets", "use_regex"});
  component.fields().boolean("trim_offsets", true);  // of no effect here, but it must be a boolean
  ByteLevelOptions options;
  options.add_prefix_space =
      settings.add_prefix_space.value_or(component.required_boolean("add_prefix_space"));
  options.use_regex = component.fields().boolean("use_regex", true);
  options.to_alphabet = !settings.bytes_as_is;
  return make_byte_level(options);
}

PreTokenizerPtr read_punctuation(const Component& component) {
  component.allow_only({"behavior"});
  const std::string behavior = component.fields().string("behavior", "Isolated");
  if (behavior == "Isolated") return make_punctuation(SplitBehavior::kIsolated);
  if (behavior == "Removed") return make_punctuation(SplitBehavior::kRemoved);
  if (behavior == "MergedWithPrevious") return make_punctuation(SplitBehavior::kMergedWithPrevious);
  if (behavior == "MergedWithNext") return make_punctuation(SplitBehavior::kMergedWithNext);
  if (behavior == "Contiguous") return make_punctuation(SplitBehavior::kContiguous);
  component.fields().reject("behavior",
                            "Isolated, Removed, MergedWithPrevious, MergedWithNext or Contiguous");
}

PreTokenizerPtr read_pre_tokenizers(const Component& component, const PreTokenizerSettings& settings) {
  component.allow_only({"pretokenizers"});
  std::vector<PreTokenizerPtr> steps;
  for (const Component& step : component.list("pretokenizers"))
    steps.push_back(read_pre_tokenizer(step, settings));
  return make_pre_tokenizer_sequence(std::move(steps));
}

}  // namespace

PreTokenizerPtr read_pre_tokenizer(const Component& component, const PreTokenizerSettings& settings) {
  const std::string& type = component.type();
  if (type == "ByteLevel") return read_byte_level(component, settings);
  if (type == "Sequence") return read_pre_tokenizers(component, settings);
  if (type == "Punctuation") return read_punctuation(component);
  if (type == "Digits") {
    component.allow_only({"individual_digits"});
    return make_digits(component.required_boolean("individual_digits"));
  }
  const bool plain = type == "BertPreTokenizer" || type == "Whitespace" || type == "WhitespaceSplit";
  if (!plain) component.reject_type(kPreTokenizers);
  component.allow_only({});
  if (type == "BertPreTokenizer") return make_bert_pre_tokenizer();
  return type == "Whitespace" ? make_whitespace() : make_whitespace_split();
}

int count_byte_levels(const Component& pre_tokenizer) {
  if (pre_tokenizer.type() != "Sequence") return pre_tokenizer.type() == "ByteLevel";
  int count = 0;
  for (const Component& step : pre_tokenizer.list("pretokenizers")) count += count_byte_levels(step);
  return count;
}

bool ends_with_byte_level(const Component& pre_tokenizer) {
  if (pre_tokenizer.type() != "Sequence") return pre_tokenizer.type() == "ByteLevel";
  const std::vector<Component> steps = pre_tokenizer.list("pretokenizers");
  return !steps.empty() && ends_with_byte_level(steps.back());
}

}  // namespace modernbert
