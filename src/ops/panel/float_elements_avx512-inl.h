// How words of fp32 and of bf16 pairs are multiplied and added up: used by GEMM and attention kernels. Each
// part exists only in files that are compiled for its instructions. Assembly, because around the intrinsics
// GCC 12 copies sums to other registers and to the stack.
#pragma once

#include <immintrin.h>

#include "ops/panel/panel_kernel.h"

namespace modernbert {
namespace {

struct FloatSums {
  using Sum = __m512;
  static Sum start(const PanelTask& task, int64_t r, int v) {
    return _mm512_loadu_ps(static_cast<const float*>(task.start) + r * task.start_stride + 16 * v);
  }
  static __m512 finish(Sum sum, const PanelTask&, int64_t, int) { return sum; }
};

struct Fp32Element : FloatSums {
  static constexpr int kValuesPerWord = 1;
  static Sum multiply_add(__m512i a, __m512i b, Sum sum) {
    asm("vfmadd231ps %2, %1, %0" : "+v"(sum) : "v"(b), "v"(a));
    return sum;
  }
};

#if defined(__AVX512BF16__)
struct Bf16Element : FloatSums {
  static constexpr int kValuesPerWord = 2;
  // Adds the products of a pair, even element last; subnormal factors count as zero.
  static Sum multiply_add(__m512i a, __m512i b, Sum sum) {
    asm("vdpbf16ps %2, %1, %0" : "+v"(sum) : "v"(b), "v"(a));
    return sum;
  }
};
#endif

}  // namespace
}  // namespace modernbert
