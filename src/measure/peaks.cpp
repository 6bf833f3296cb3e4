#include "measure/peaks.h"

#include "model/gemm_plan.h"

namespace modernbert {

Peaks measure_peaks(ComputeType dtype, int threads, int runs) {
  const GemmPlan plan = gemm_plan(dtype);
  const GemmType attention = plan.attention_type() == RowType::kBf16 ? GemmType::kBf16 : GemmType::kFp32;
  Peaks peaks;
  peaks.gemm = measured_peak_gflops(plan.mlp_in, threads, runs);
  peaks.attention = attention == plan.mlp_in ? peaks.gemm : measured_peak_gflops(attention, threads, runs);
  return peaks;
}

}  // namespace modernbert
