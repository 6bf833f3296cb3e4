// A task on a checkpoint without its head: the error says which head, what the checkpoint is for, and what to
// use instead.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model_folders.h"
#include "modernbert/modernbert.h"

namespace modernbert::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Model golden(const std::string& name, const std::string& tokenizer = "tokenizer_bpe") {
  const auto goldens = source_dir() / "tests" / "tasks" / "goldens";
  return load_linked({goldens / name, goldens / tokenizer});
}

// What making the task says.
template <class Task>
std::string message(const Model& model) {
  try {
    Task task(model);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound) << error.what();
    return error.what();
  }
  return "no error";
}

TEST(MissingHead, OfAMaskedLm) {
  EXPECT_THAT(
      message<FillMask>(golden("modernbert_classify_single")),
      AllOf(HasSubstr("model.safetensors: no tensor decoder.bias: the checkpoint lacks the masked-LM head; "
                      "config.json says ModernBertForSequenceClassification (for classify); "
                      "want a ModernBertForMaskedLM checkpoint"),
            Not(HasSubstr("\n"))));
  EXPECT_THAT(message<FillMask>(golden("bert_ner", "tokenizer_wordpiece")),
              AllOf(HasSubstr("no tensor cls.predictions"), HasSubstr("lacks the masked-LM head"),
                    HasSubstr("BertForTokenClassification (for ner); want a BertForMaskedLM checkpoint")));
}

TEST(MissingHead, OfAClassifier) {
  const Model masked_lm = golden("modernbert_mlm");
  const std::string has = "config.json says ModernBertForMaskedLM (for fill-mask); want a ";
  EXPECT_THAT(
      message<Classify>(masked_lm),
      AllOf(HasSubstr("no tensor classifier.weight: the checkpoint lacks the sequence-classification head; "),
            HasSubstr(has + "ModernBertForSequenceClassification checkpoint")));
  EXPECT_THAT(message<Ner>(masked_lm), AllOf(HasSubstr("lacks the token-classification head; "),
                                             HasSubstr(has + "ModernBertForTokenClassification checkpoint")));
  EXPECT_THAT(message<AnswerQuestions>(masked_lm),
              AllOf(HasSubstr("lacks the question-answering head; "),
                    HasSubstr(has + "ModernBertForQuestionAnswering checkpoint")));
  EXPECT_THAT(message<Choose>(masked_lm), AllOf(HasSubstr("lacks the multiple-choice head; "),
                                                HasSubstr(has + "ModernBertForMultipleChoice checkpoint")));
}

TEST(MissingHead, OfBertForQuestionAnswering) {
  EXPECT_THAT(
      message<AnswerQuestions>(golden("bert_ner", "tokenizer_wordpiece")),
      AllOf(HasSubstr("no tensor qa_outputs.weight: the checkpoint lacks the question-answering head"),
            HasSubstr("want a BertForQuestionAnswering checkpoint")));
}

// A head of another size is another head.
TEST(MissingHead, OfAnotherShape) {
  try {
    const Choose choose(golden("modernbert_classify_multi"));
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidFile);
    EXPECT_THAT(error.what(), AllOf(HasSubstr("classifier.weight is ["), HasSubstr(", want [1,"),
                                    HasSubstr("lacks the multiple-choice head; config.json says "
                                              "ModernBertForSequenceClassification (for classify)")));
  }
}

}  // namespace
}  // namespace modernbert::testing
