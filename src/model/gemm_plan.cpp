#include "model/gemm_plan.h"

namespace modernbert {

GemmPlan gemm_plan(ComputeType dtype) {
  switch (dtype) {
    case ComputeType::kBf16:
      return GemmPlan::all(GemmType::kBf16);
    case ComputeType::kInt8:
      return GemmPlan::all(GemmType::kInt8);
    default:
      return GemmPlan::all(GemmType::kFp32);
  }
}

}  // namespace modernbert
