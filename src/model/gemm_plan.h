// In which type each product of an encoder layer is formed.
#pragma once

#include "modernbert/dtype.h"
#include "ops/linear/linear.h"

namespace modernbert {

struct GemmPlan {
  GemmType qkv;
  GemmType attn_out;
  GemmType mlp_in;
  GemmType mlp_out;

  static GemmPlan all(GemmType type) { return {type, type, type, type}; }
  // Of q, k, v and attention's output: int8 has no exponent for softmax weights.
  RowType attention_type() const { return row_type_of(qkv == GemmType::kInt8 ? GemmType::kBf16 : qkv); }
};

// kAuto counts as fp32.
GemmPlan gemm_plan(ComputeType dtype);

}  // namespace modernbert
