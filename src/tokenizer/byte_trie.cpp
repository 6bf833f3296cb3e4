#include "tokenizer/byte_trie.h"

#include <algorithm>

namespace modernbert {

ByteTrie::ByteTrie() : nodes_(1) {}

ByteTrie::ByteTrie(Entries entries) : nodes_(1) {
  std::stable_sort(entries.begin(), entries.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Group> pending = {{0, entries.size(), 0, 0}};
  while (!pending.empty()) {
    const Group group = pending.back();
    pending.pop_back();
    add_children(entries, group, pending);
  }
  for (uint32_t e = 0; e < nodes_[0].edge_count; ++e) first_node_[edges_[e].byte] = edges_[e].node;
}

void ByteTrie::add_children(const Entries& entries, const Group& group, std::vector<Group>& pending) {
  size_t i = group.begin;
  // Sorted order puts the keys that end here first.
  for (; i < group.end && entries[i].first.size() == group.depth; ++i)
    nodes_[group.node].value = entries[i].second;
  nodes_[group.node].first_edge = static_cast<uint32_t>(edges_.size());
  while (i < group.end) {
    const char byte = entries[i].first[group.depth];
    size_t end = i;
    while (end < group.end && entries[end].first[group.depth] == byte) ++end;
    const auto node = static_cast<uint32_t>(nodes_.size());
    nodes_.emplace_back();
    edges_.push_back({static_cast<unsigned char>(byte), node});
    ++nodes_[group.node].edge_count;
    pending.push_back({i, end, group.depth + 1, node});
    i = end;
  }
}

uint32_t ByteTrie::child(uint32_t node, unsigned char byte) const {
  const auto first = edges_.begin() + nodes_[node].first_edge;
  const auto last = first + nodes_[node].edge_count;
  const auto edge =
      std::lower_bound(first, last, byte, [](const Edge& e, unsigned char value) { return e.byte < value; });
  return edge != last && edge->byte == byte ? edge->node : 0;
}

ByteTrie::Match ByteTrie::longest(std::string_view text, size_t at) const {
  Match match;
  if (at >= text.size()) return match;
  uint32_t node = first_node_[static_cast<unsigned char>(text[at])];
  for (size_t i = at + 1; node != 0; ++i) {
    if (nodes_[node].value != kNone) match = {nodes_[node].value, i - at};
    if (i >= text.size()) break;
    node = child(node, static_cast<unsigned char>(text[i]));
  }
  return match;
}

}  // namespace modernbert
