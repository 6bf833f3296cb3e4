// Token strings and their ids.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace modernbert {

// Ids are below this in every file that we read; it bounds what a hostile file can make us allocate.
constexpr int32_t kMaxTokenId = 1 << 24;

class Vocabulary {
 public:
  Vocabulary() = default;
  Vocabulary(Vocabulary&&) = default;  // not copyable: the map points into the strings
  Vocabulary& operator=(Vocabulary&&) = default;

  // id: in [0, kMaxTokenId). False if the id is taken. A token that is there already gets the new id; its old
  // id keeps showing it.
  bool add(std::string token, int32_t id);

  void reserve(size_t tokens) { id_of_.reserve(tokens); }

  std::optional<int32_t> find(std::string_view token) const;
  bool has(int32_t id) const {
    return id >= 0 && static_cast<size_t>(id) < index_of_id_.size() && index_of_id_[id] != 0;
  }
  // Empty if there is no such id.
  std::string_view text(int32_t id) const;
  size_t size() const { return tokens_.size(); }
  int32_t end_id() const { return static_cast<int32_t>(index_of_id_.size()); }  // largest id + 1

  struct Entry {
    const std::string* token;
    int32_t id;
  };
  // By ascending id.
  std::vector<Entry> entries() const;

 private:
  std::deque<std::string> tokens_;     // a deque never moves its elements
  std::vector<uint32_t> index_of_id_;  // 1 + index into tokens_, 0 = no such id
  std::unordered_map<std::string_view, int32_t> id_of_;
};

}  // namespace modernbert
