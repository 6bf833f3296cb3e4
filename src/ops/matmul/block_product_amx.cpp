// Blocks of 32 x 32 sums in four of the unit's eight registers: two rows of a and two columns of b feed four
// products.
#include "ops/matmul/block_product_amx.h"

#if defined(__AMX_BF16__)
#include <immintrin.h>
#endif

namespace modernbert {

#if defined(__AMX_BF16__)
void amx_multiply(const BlockProduct<Bf16>& op) {
  const int64_t a_bytes = op.a_step * 2, b_bytes = op.n * 4, c_bytes = op.c_step * 4;
  for (int64_t i = 0; i < op.m; i += 32) {
    const Bf16* a = op.a + i * op.a_step;
    for (int64_t j = 0; j < op.n; j += 32) {
      float* c = op.c + i * op.c_step + j;
      if (op.accumulates) {
        _tile_loadd(0, c, c_bytes);
        _tile_loadd(1, c + 16, c_bytes);
        _tile_loadd(2, c + 16 * op.c_step, c_bytes);
        _tile_loadd(3, c + 16 * op.c_step + 16, c_bytes);
      } else {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
      }
      for (int64_t k = 0; k < op.k; k += 32) {
        const Bf16* b = op.b + k * op.n + 2 * j;
        _tile_loadd(4, a + k, a_bytes);
        _tile_loadd(5, a + k + 16 * op.a_step, a_bytes);
        _tile_loadd(6, b, b_bytes);
        _tile_loadd(7, b + 32, b_bytes);
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
      }
      _tile_stored(0, c, c_bytes);
      _tile_stored(1, c + 16, c_bytes);
      _tile_stored(2, c + 16 * op.c_step, c_bytes);
      _tile_stored(3, c + 16 * op.c_step + 16, c_bytes);
    }
  }
}

#else

void amx_multiply(const BlockProduct<Bf16>&) {}

#endif

}  // namespace modernbert
