#include "ops/cpu/cpu_features.h"

#include <hwy/targets.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <oneapi/dnnl/dnnl.hpp>
#include <string_view>

#include "ops/cpu/amx_unit.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace modernbert {
namespace {

#if defined(__x86_64__)
constexpr int64_t kAvx512Targets = HWY_AVX3 | HWY_AVX3_DL;

std::string_view cpu_limit() {
  const char* variable = std::getenv("MODERNBERT_MAX_CPU");
  return variable == nullptr ? "" : variable;
}

// Takes the instruction sets above the limit from Highway and oneDNN, before either has chosen. True where
// AVX-512 is among them.
bool limit_vector_libraries() {
  const std::string_view limit = cpu_limit();
  if (limit == "avx512") dnnl::set_max_cpu_isa(dnnl::cpu_isa::avx512_core_bf16);
  if (limit == "avx2_vnni") dnnl::set_max_cpu_isa(dnnl::cpu_isa::avx2_vnni);
  if (limit == "avx2") dnnl::set_max_cpu_isa(dnnl::cpu_isa::avx2);
  if (limit == "sse4") dnnl::set_max_cpu_isa(dnnl::cpu_isa::sse41);
  if (limit != "avx2_vnni" && limit != "avx2" && limit != "sse4") return false;
  hwy::DisableTargets(limit == "sse4" ? kAvx512Targets | HWY_AVX2 : kAvx512Targets);
  return true;
}

const bool kIsWithoutAvx512 = limit_vector_libraries();

// Of EAX of CPUID's leaf 7.1, whose flags GCC 12's __builtin_cpu_supports knows only by names that clang 14
// lacks.
bool bit_of_leaf_7_1(int bit) {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) != 0 && (eax >> bit & 1) != 0;
}
#endif

}  // namespace

#if defined(__x86_64__)
bool cpu_has_avx512() {
  return !kIsWithoutAvx512 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
}

bool cpu_has_bf16() {
  return cpu_has_avx512() && bit_of_leaf_7_1(5);
}

bool cpu_has_amx_bf16() {
  static const bool has = cpu_limit() != "avx512" && cpu_has_bf16() && amx_bf16_usable();
  return has;
}

bool cpu_has_amx_int8() {
  static const bool has = cpu_limit() != "avx512" && cpu_has_vnni() && amx_int8_usable();
  return has;
}

bool cpu_has_vnni() {
  return cpu_has_avx512() && __builtin_cpu_supports("avx512vnni");
}

bool cpu_has_avx_vnni() {
  const bool is_allowed = cpu_limit() != "avx2" && cpu_limit() != "sse4";
  return is_allowed && __builtin_cpu_supports("avx2") && bit_of_leaf_7_1(4);
}
#else
bool cpu_has_avx512() {
  return false;
}
bool cpu_has_bf16() {
  return false;
}
bool cpu_has_amx_bf16() {
  return false;
}
bool cpu_has_amx_int8() {
  return false;
}
bool cpu_has_vnni() {
  return false;
}
bool cpu_has_avx_vnni() {
  return false;
}
#endif

int64_t first_level_cache_bytes() {
#if defined(_SC_LEVEL1_DCACHE_SIZE)
  return std::max(0L, sysconf(_SC_LEVEL1_DCACHE_SIZE));
#else
  return 0;
#endif
}

std::string cpu_target_name() {
  // The best target has the lowest bit. The library knows of more than the kernels are compiled for.
  const auto targets = static_cast<uint64_t>(hwy::SupportedTargets() & HWY_TARGETS);
  return hwy::TargetName(static_cast<uint32_t>(targets & (~targets + 1)));
}

}  // namespace modernbert
