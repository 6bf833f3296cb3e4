// A shard: the tokens of some documents in one file that is mapped, not read.
//
//   bytes 0-7    "MBTOKENS"
//   8-11         version, 1                 12-15   bytes of a token, 2 or 4
//   16-23        documents D                24-31   tokens T
//   32-35        CRC-32 of all after the header      36-63   zeros
//   then         T tokens, zeros up to a multiple of 8, D+1 offsets (8 bytes each): document d is
//                tokens [offset[d], offset[d+1])
//
// Little-endian. Documents hold no special tokens of the template.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "core/file.h"

namespace modernbert {

// The documents of a shard being made.
struct ShardContent {
  std::vector<int32_t> tokens;
  std::vector<uint64_t> offsets = {0};  // [D+1]

  void add(std::span<const int32_t> document);
  uint64_t documents() const { return offsets.size() - 1; }
};

// Written aside and renamed. Returns the checksum. Errors (kIo) leave nothing behind.
uint32_t write_shard(const std::filesystem::path& path, const ShardContent& content, int32_t vocab_size);

// Immutable, shared by threads.
class Shard {
 public:
  // Errors (kInvalidFile) name the file and what is wrong with its header, its size or an offset. The
  // contents are looked at by check() only, since that reads the whole file.
  static Shard open(const std::filesystem::path& path);

  uint64_t documents() const { return offsets_.size() - 1; }
  uint64_t tokens() const { return tokens_; }
  uint32_t checksum() const { return checksum_; }
  uint64_t length(uint64_t document) const { return offsets_[document + 1] - offsets_[document]; }
  // Copies tokens [begin, begin + out.size()) of a document.
  void copy(uint64_t document, uint64_t begin, std::span<int32_t> out) const;

  // Error (kInvalidFile) where the checksum differs from the contents, or a token is not below vocab_size.
  void check(int32_t vocab_size) const;

 private:
  MappedFile file_;
  uint32_t token_bytes_ = 2;
  uint64_t tokens_ = 0;
  uint32_t checksum_ = 0;
  std::span<const uint64_t> offsets_;
};

}  // namespace modernbert
