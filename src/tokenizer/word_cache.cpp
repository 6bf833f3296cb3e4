#include "tokenizer/word_cache.h"

#include <atomic>
#include <cstring>

namespace modernbert {
namespace {

uint64_t mix(uint64_t a, uint64_t b) {
  a = (a ^ b) * 0x9E3779B97F4A7C15u;
  return a ^ (a >> 32);
}

uint64_t hash_bytes(std::string_view bytes, uint64_t seed) {
  uint64_t hash = mix(seed, bytes.size());
  size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    uint64_t chunk;
    std::memcpy(&chunk, bytes.data() + i, 8);
    hash = mix(hash, chunk);
  }
  uint64_t rest = 0;
  std::memcpy(&rest, bytes.data() + i, bytes.size() - i);
  return mix(hash, rest);
}

}  // namespace

WordCache::WordCache() : slots_(std::make_unique<Slot[]>(kSlots)) {}

WordCache& WordCache::local() {
  thread_local WordCache cache;
  return cache;
}

uint32_t WordCache::new_model_number() {
  static std::atomic<uint32_t> last{0};
  return ++last;
}

WordCache::Key WordCache::make_key(std::string_view word, uint32_t model) {
  return {word, model, word.size() <= kMaxWord ? hash_bytes(word, model) : 0};
}

bool WordCache::find(const Key& key, std::vector<Subword>& out) const {
  if (key.word.size() > kMaxWord) return false;
  const Slot& slot = slots_[key.hash % kSlots];
  const bool same = slot.model == key.model && slot.word_length == key.word.size() &&
                    std::memcmp(slot.word.data(), key.word.data(), key.word.size()) == 0;
  if (!same) return false;
  for (size_t i = 0; i < slot.token_count; ++i) out.push_back({slot.ids[i], slot.lengths[i]});
  return true;
}

void WordCache::store(const Key& key, std::span<const Subword> tokens) {
  if (key.word.size() > kMaxWord || tokens.size() > kMaxTokens) return;
  Slot& slot = slots_[key.hash % kSlots];
  slot.model = key.model;
  slot.word_length = static_cast<uint8_t>(key.word.size());
  slot.token_count = static_cast<uint8_t>(tokens.size());
  std::memcpy(slot.word.data(), key.word.data(), key.word.size());
  for (size_t i = 0; i < tokens.size(); ++i) {
    slot.ids[i] = tokens[i].id;
    slot.lengths[i] = static_cast<uint8_t>(tokens[i].length);
  }
}

}  // namespace modernbert
