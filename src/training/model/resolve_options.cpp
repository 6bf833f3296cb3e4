#include "training/model/resolve_options.h"

#include "core/default_threads.h"
#include "core/fail.h"
#include "ops/cpu/cpu_features.h"

namespace modernbert {
namespace {

void check_rate(const char* name, double rate) {
  if (!(rate >= 0 && rate < 1))
    fail(ErrorCode::kInvalidArgument, "{} is {}, want a rate in [0,1)", name, rate);
}

}  // namespace

TrainingOptions resolve_options(TrainingOptions options) {
  if (options.dtype == ComputeType::kAuto)
    options.dtype = cpu_has_bf16() ? ComputeType::kBf16 : ComputeType::kFp32;
  if (options.dtype != ComputeType::kFp32 && options.dtype != ComputeType::kBf16)
    fail(ErrorCode::kInvalidArgument, "dtype is {}, want fp32 or bf16 for training",
         to_string(options.dtype));
  options.threads = choose_threads(options.threads);
  check_rate("embedding_dropout", options.embedding_dropout);
  check_rate("attention_dropout", options.attention_dropout);
  check_rate("attn_out_dropout", options.attn_out_dropout);
  check_rate("mlp_dropout", options.mlp_dropout);
  check_rate("classifier_dropout", options.classifier_dropout);
  return options;
}

}  // namespace modernbert
