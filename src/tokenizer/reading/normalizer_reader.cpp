#include "core/fail.h"
#include "tokenizer/reading/readers.h"

namespace modernbert {
namespace {

constexpr std::string_view kNormalizers =
    "NFC, NFD, NFKC, NFKD, Lowercase, StripAccents, Strip, BertNormalizer, Replace, Prepend, Sequence";

NormalizerPtr read_bert_normalizer(const Component& component) {
  component.allow_only({"clean_text", "handle_chinese_chars", "strip_accents", "lowercase"});
  BertNormalizerOptions options;
  options.clean_text = component.required_boolean("clean_text");
  options.handle_chinese_chars = component.required_boolean("handle_chinese_chars");
  options.lowercase = component.required_boolean("lowercase");
  options.strip_accents = component.fields().boolean("strip_accents", options.lowercase);
  return make_bert_normalizer(options);
}

NormalizerPtr read_replace(const Component& component) {
  component.allow_only({"pattern", "content"});
  const JsonObject pattern(component.required("pattern"), component.where() + ".pattern");
  const std::string literal = pattern.string("String", "");
  if (pattern.json().size() != 1 || literal.empty()) {
    fail(ErrorCode::kUnsupported,
         "{}: {}.pattern {} is not implemented, want {{\"String\": \"…\"}} with some text",
         component.source(), component.role(), brief(pattern.json()));
  }
  return make_replace(literal, component.required_string("content"));
}

NormalizerPtr read_strip(const Component& component) {
  component.allow_only({"strip_left", "strip_right"});
  return make_strip(component.required_boolean("strip_left"), component.required_boolean("strip_right"));
}

NormalizerPtr read_normalizers(const Component& component) {
  component.allow_only({"normalizers"});
  std::vector<NormalizerPtr> steps;
  for (const Component& step : component.list("normalizers")) steps.push_back(read_normalizer(step));
  return make_normalizer_sequence(std::move(steps));
}

NormalizerPtr read_without_fields(const Component& component) {
  component.allow_only({});
  const std::string& type = component.type();
  if (type == "NFC") return make_normal_form(NormalForm::kNfc);
  if (type == "NFD") return make_normal_form(NormalForm::kNfd);
  if (type == "NFKC") return make_normal_form(NormalForm::kNfkc);
  if (type == "NFKD") return make_normal_form(NormalForm::kNfkd);
  if (type == "Lowercase") return make_lowercase();
  return make_strip_accents();
}

}  // namespace

NormalizerPtr read_normalizer(const Component& component) {
  const std::string& type = component.type();
  if (type == "Sequence") return read_normalizers(component);
  if (type == "BertNormalizer") return read_bert_normalizer(component);
  if (type == "Strip") return read_strip(component);
  if (type == "Replace") return read_replace(component);
  if (type == "Prepend") {
    component.allow_only({"prepend"});
    return make_prepend(component.required_string("prepend"));
  }
  for (const std::string_view name : {"NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents"}) {
    if (type == name) return read_without_fields(component);
  }
  component.reject_type(kNormalizers);
}

}  // namespace modernbert
