// A set of byte strings, searched for the longest one that a text has at a position.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace modernbert {

class ByteTrie {
 public:
  static constexpr int32_t kNone = -1;
  struct Match {
    int32_t value = kNone;
    size_t length = 0;
  };

  ByteTrie();
  // Keys: not empty; of equal keys the last one's value counts. Values: not negative.
  explicit ByteTrie(std::vector<std::pair<std::string_view, int32_t>> entries);

  bool empty() const { return nodes_.size() == 1; }
  // May a key start with this byte?
  bool may_start(char first) const { return first_node_[static_cast<unsigned char>(first)] != 0; }
  // The longest key that text has at `at`; value kNone if there is none.
  Match longest(std::string_view text, size_t at) const;

 private:
  struct Node {
    uint32_t first_edge = 0;
    uint32_t edge_count = 0;
    int32_t value = kNone;
  };
  struct Edge {
    unsigned char byte;
    uint32_t node;
  };
  using Entries = std::vector<std::pair<std::string_view, int32_t>>;
  struct Group {
    size_t begin, end;  // entries, all with the same first `depth` bytes
    size_t depth;
    uint32_t node;
  };

  void add_children(const Entries& entries, const Group& group, std::vector<Group>& pending);
  uint32_t child(uint32_t node, unsigned char byte) const;

  std::vector<Node> nodes_;
  std::vector<Edge> edges_;                 // of one node: adjacent, ascending by byte
  std::array<uint32_t, 256> first_node_{};  // child of the root by byte, 0 = none
};

}  // namespace modernbert
