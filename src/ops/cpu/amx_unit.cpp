#include "ops/cpu/amx_unit.h"

#if defined(__AMX_TILE__)
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace modernbert {
namespace {

constexpr unsigned kBf16Bit = 22, kTileBit = 24, kInt8Bit = 25;  // leaf 7, EDX

bool has_products(unsigned type_bit) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
  return (d >> kTileBit & d >> type_bit & 1U) != 0;
}

// Linux gives the unit's registers only to processes that ask.
bool has_permission() {
  constexpr int kRequest = 0x1023, kTileData = 18;
  static const bool has = syscall(SYS_arch_prctl, kRequest, kTileData) == 0;
  return has;
}

struct alignas(64) TileShapes {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
};

}  // namespace

bool amx_bf16_usable() {
  return has_products(kBf16Bit) && has_permission();
}

bool amx_int8_usable() {
  return has_products(kInt8Bit) && has_permission();
}

AmxScope::AmxScope() {
  TileShapes shapes;
  for (int i = 0; i < 8; ++i) {
    shapes.row_bytes[i] = 64;
    shapes.rows[i] = 16;
  }
  // GCC 12 does not know that the whole structure is read and would leave the stores above out.
  __asm__ volatile("" : : "r"(&shapes) : "memory");
  _tile_loadconfig(&shapes);
}

AmxScope::~AmxScope() {
  _tile_release();
}

}  // namespace modernbert
#else
namespace modernbert {

bool amx_bf16_usable() {
  return false;
}
bool amx_int8_usable() {
  return false;
}
AmxScope::AmxScope() = default;
AmxScope::~AmxScope() = default;

}  // namespace modernbert
#endif
