#include "corpus/shard.h"

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

#include "core/check.h"
#include "core/fail.h"

static_assert(std::endian::native == std::endian::little, "shards are mapped as they are");

namespace modernbert {
namespace {

constexpr char kMagic[8] = {'M', 'B', 'T', 'O', 'K', 'E', 'N', 'S'};
constexpr uint32_t kShardVersion = 1;
constexpr uint64_t kMaxTokens = uint64_t{1} << 48;  // keeps sizes computed from a header from wrapping
constexpr uint64_t kMaxDocuments = uint64_t{1} << 48;

struct Header {
  char magic[8];
  uint32_t version;
  uint32_t token_bytes;
  uint64_t documents;
  uint64_t tokens;
  uint32_t checksum;
  uint32_t zeros[7];
};
static_assert(sizeof(Header) == 64);

uint64_t padded(uint64_t bytes) {
  return (bytes + 7) / 8 * 8;
}

uint32_t crc32_of(std::span<const std::byte> bytes) {
  return static_cast<uint32_t>(::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

template <class T>
void append(std::string& out, std::span<const T> values) {
  out.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
}

Header read_header(std::span<const std::byte> bytes, const std::string& path) {
  Header header;
  if (bytes.size() < sizeof header) {
    fail(ErrorCode::kInvalidFile, "{}: {} bytes, want a shard's header of {}", path, bytes.size(),
         sizeof header);
  }
  std::memcpy(&header, bytes.data(), sizeof header);
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0) {
    fail(ErrorCode::kInvalidFile, "{}: not a shard of tokens (it does not begin with MBTOKENS)", path);
  }
  if (header.version != kShardVersion) {
    fail(ErrorCode::kUnsupported, "{}: version {} of the format, want {}", path, header.version,
         kShardVersion);
  }
  if (header.token_bytes != 2 && header.token_bytes != 4) {
    fail(ErrorCode::kInvalidFile, "{}: tokens of {} bytes, want 2 or 4", path, header.token_bytes);
  }
  if (header.tokens > kMaxTokens || header.documents > kMaxDocuments) {
    fail(ErrorCode::kInvalidFile, "{}: {} tokens in {} documents is impossible", path, header.tokens,
         header.documents);
  }
  return header;
}

void check_offsets(std::span<const uint64_t> offsets, uint64_t tokens, const std::string& path) {
  if (offsets.front() != 0 || offsets.back() != tokens) {
    fail(ErrorCode::kInvalidFile, "{}: the documents span tokens {} to {}, want 0 to {}", path,
         offsets.front(), offsets.back(), tokens);
  }
  const auto fall = std::is_sorted_until(offsets.begin(), offsets.end());
  if (fall != offsets.end()) {
    fail(ErrorCode::kInvalidFile, "{}: document {} ends before it begins", path, fall - offsets.begin() - 1);
  }
}

template <class Token>
std::span<const Token> tokens_of(const MappedFile& file, uint64_t tokens) {
  return {reinterpret_cast<const Token*>(file.bytes().data() + sizeof(Header)), tokens};
}

}  // namespace

void ShardContent::add(std::span<const int32_t> document) {
  tokens.insert(tokens.end(), document.begin(), document.end());
  offsets.push_back(tokens.size());
}

uint32_t write_shard(const std::filesystem::path& path, const ShardContent& content, int32_t vocab_size) {
  Header header{};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.version = kShardVersion;
  header.token_bytes = vocab_size <= 1 << 16 ? 2 : 4;
  header.documents = content.documents();
  header.tokens = content.tokens.size();
  std::string bytes(sizeof header, '\0');
  if (header.token_bytes == 2) {
    const std::vector<uint16_t> narrow(content.tokens.begin(), content.tokens.end());
    append<uint16_t>(bytes, narrow);
  } else {
    append<int32_t>(bytes, content.tokens);
  }
  bytes.resize(sizeof header + padded(header.tokens * header.token_bytes));
  append<uint64_t>(bytes, content.offsets);
  header.checksum = crc32_of(std::as_bytes(std::span(bytes).subspan(sizeof header)));
  std::memcpy(bytes.data(), &header, sizeof header);
  write_file_atomically(path, bytes);
  return header.checksum;
}

Shard Shard::open(const std::filesystem::path& path) {
  Shard shard;
  shard.file_ = MappedFile::open(path);
  const auto bytes = shard.file_.bytes();
  const Header header = read_header(bytes, path.string());
  const uint64_t token_space = padded(header.tokens * header.token_bytes);
  const uint64_t want = sizeof(Header) + token_space + (header.documents + 1) * sizeof(uint64_t);
  if (bytes.size() != want) {
    fail(ErrorCode::kInvalidFile, "{}: {} bytes, want {} for {} tokens in {} documents", path.string(),
         bytes.size(), want, header.tokens, header.documents);
  }
  shard.token_bytes_ = header.token_bytes;
  shard.tokens_ = header.tokens;
  shard.checksum_ = header.checksum;
  shard.offsets_ = {reinterpret_cast<const uint64_t*>(bytes.data() + sizeof(Header) + token_space),
                    header.documents + 1};
  check_offsets(shard.offsets_, header.tokens, path.string());
  return shard;
}

void Shard::copy(uint64_t document, uint64_t begin, std::span<int32_t> out) const {
  MB_DCHECK(begin + out.size() <= length(document));
  const uint64_t first = offsets_[document] + begin;
  if (token_bytes_ == 2) {
    std::copy_n(tokens_of<uint16_t>(file_, tokens_).begin() + static_cast<ptrdiff_t>(first), out.size(),
                out.begin());
  } else {
    std::copy_n(tokens_of<int32_t>(file_, tokens_).begin() + static_cast<ptrdiff_t>(first), out.size(),
                out.begin());
  }
}

void Shard::check(int32_t vocab_size) const {
  const uint32_t found = crc32_of(file_.bytes().subspan(sizeof(Header)));
  if (found != checksum_) {
    fail(ErrorCode::kInvalidFile, "{}: damaged: checksum {:08x}, want {:08x}", file_.path().string(), found,
         checksum_);
  }
  const auto check_tokens = [&](const auto tokens) {
    for (const auto token : tokens) {
      if (static_cast<int64_t>(token) >= 0 && static_cast<int64_t>(token) < vocab_size) continue;
      fail(ErrorCode::kInvalidFile, "{}: token {}, want below {}", file_.path().string(), token, vocab_size);
    }
  };
  token_bytes_ == 2 ? check_tokens(tokens_of<uint16_t>(file_, tokens_))
                    : check_tokens(tokens_of<int32_t>(file_, tokens_));
}

}  // namespace modernbert
