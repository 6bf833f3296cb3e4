// CRC-32C (Castagnoli): the checksum of checkpoints and of TensorBoard's event files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace modernbert {

// crc: of what came before, to go on with.
uint32_t crc32c(std::span<const std::byte> bytes, uint32_t crc = 0);

}  // namespace modernbert
