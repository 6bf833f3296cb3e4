// Which head a checkpoint has, and errors for one that it lacks.
#pragma once

#include "modernbert/config.h"
#include "modernbert/error.h"

namespace modernbert {

enum class HeadKind {
  kNone,  // the bare encoder (with its pooler, for classic BERT)
  kMaskedLm,
  kSequenceClassification,
  kTokenClassification,
  kQuestionAnswering,
  kMultipleChoice,
};

// From the first known name in config.architectures; kNone where there is none.
HeadKind head_kind(const EncoderConfig& config);

// Throws the error of a head's tensor that is not there (kNotFound) or has another shape (kInvalidFile) with
// what it means added: which head is missing, what the checkpoint is for, what to use. Other errors are
// thrown as they are.
[[noreturn]] void throw_missing_head(const Error& error, HeadKind head, const EncoderConfig& config);

}  // namespace modernbert
