#include "tokenizer/vocabulary.h"

#include "core/check.h"

namespace modernbert {

bool Vocabulary::add(std::string token, int32_t id) {
  MB_CHECK(id >= 0 && id < kMaxTokenId);
  if (has(id)) return false;
  tokens_.push_back(std::move(token));
  if (static_cast<size_t>(id) >= index_of_id_.size()) index_of_id_.resize(static_cast<size_t>(id) + 1);
  index_of_id_[static_cast<size_t>(id)] = static_cast<uint32_t>(tokens_.size());
  id_of_[tokens_.back()] = id;
  return true;
}

std::optional<int32_t> Vocabulary::find(std::string_view token) const {
  const auto it = id_of_.find(token);
  if (it == id_of_.end()) return std::nullopt;
  return it->second;
}

std::string_view Vocabulary::text(int32_t id) const {
  return has(id) ? std::string_view(tokens_[index_of_id_[static_cast<size_t>(id)] - 1]) : std::string_view();
}

std::vector<Vocabulary::Entry> Vocabulary::entries() const {
  std::vector<Entry> entries;
  for (size_t id = 0; id < index_of_id_.size(); ++id) {
    if (index_of_id_[id] != 0) entries.push_back({&tokens_[index_of_id_[id] - 1], static_cast<int32_t>(id)});
  }
  return entries;
}

}  // namespace modernbert
