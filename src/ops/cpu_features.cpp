#include "ops/cpu_features.h"

#include <hwy/targets.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace modernbert {

#if defined(__x86_64__)
bool cpu_has_bf16() {
  // GCC 12's __builtin_cpu_supports knows the flag only as a name clang 14 lacks, so ask the CPU: leaf 7.1,
  // EAX bit 5.
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (!__builtin_cpu_supports("avx512bw") || !__get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx)) return false;
  return (eax >> 5 & 1) != 0;
}
bool cpu_has_vnni() {
  return __builtin_cpu_supports("avx512vnni");
}
#else
bool cpu_has_vnni() {
  return false;
}
bool cpu_has_bf16() {
  return false;
}
#endif

std::string cpu_target_name() {
  // The best target has the lowest bit.
  const auto targets = static_cast<uint64_t>(hwy::SupportedTargets());
  return hwy::TargetName(static_cast<uint32_t>(targets & (~targets + 1)));
}

}  // namespace modernbert
