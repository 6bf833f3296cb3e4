#include "model/head_kind.h"

#include <array>
#include <string>
#include <string_view>

#include "core/check.h"
#include "core/fail.h"

namespace modernbert {
namespace {

struct HeadWords {
  HeadKind kind;
  std::string_view suffix;  // of the architecture, behind the family, such as "ModernBert"
  std::string_view name;    // in messages
  std::string_view verb;    // of the program, for a hint
};

constexpr std::array<HeadWords, 5> kHeads{{
    {HeadKind::kMaskedLm, "ForMaskedLM", "masked-LM head", "fill-mask"},
    {HeadKind::kSequenceClassification, "ForSequenceClassification", "sequence-classification head",
     "classify"},
    {HeadKind::kTokenClassification, "ForTokenClassification", "token-classification head", "ner"},
    {HeadKind::kQuestionAnswering, "ForQuestionAnswering", "question-answering head", "answer"},
    {HeadKind::kMultipleChoice, "ForMultipleChoice", "multiple-choice head", "choose"},
}};

const HeadWords& words_of(HeadKind kind) {
  for (const HeadWords& head : kHeads) {
    if (head.kind == kind) return head;
  }
  MB_CHECK(false);
}

const HeadWords* find_head(std::string_view architecture) {
  for (const HeadWords& head : kHeads) {
    if (architecture.ends_with(head.suffix)) return &head;
  }
  return nullptr;
}

// "ModernBertForTokenClassification (for ner)"
std::string describe(const std::string& architecture) {
  if (const HeadWords* head = find_head(architecture))
    return fmt::format("{} (for {})", architecture, head->verb);
  return architecture.ends_with("Model") ? architecture + " (no head, for embed)" : architecture;
}

// What stands before the head's name in an architecture.
std::string_view family(const EncoderConfig& config) {
  if (config.model_type == "bert") return "Bert";
  return config.model_type == "flex_bert" ? "FlexBert" : "ModernBert";
}

std::string describe(const std::vector<std::string>& architectures) {
  if (architectures.empty()) return "config.json names no architecture";
  std::string list;
  for (const std::string& architecture : architectures) {
    list += (list.empty() ? "" : ", ") + describe(architecture);
  }
  return "config.json says " + list;
}

}  // namespace

HeadKind head_kind(const EncoderConfig& config) {
  for (const std::string& architecture : config.architectures) {
    if (const HeadWords* head = find_head(architecture)) return head->kind;
  }
  return HeadKind::kNone;
}

void throw_missing_head(const Error& error, HeadKind head, const EncoderConfig& config) {
  if (error.code() != ErrorCode::kNotFound && error.code() != ErrorCode::kInvalidFile) throw error;
  const HeadWords& words = words_of(head);
  fail(error.code(), "{}: the checkpoint lacks the {}; {}; want a {}{} checkpoint", error.what(), words.name,
       describe(config.architectures), family(config), words.suffix);
}

}  // namespace modernbert
