#include "ops/attention/attention_amx.h"

#include <algorithm>
#include <cmath>

#include "ops/attention/attention.h"
#include "ops/cpu/amx_unit.h"

namespace modernbert {
namespace {

using Scratch = AmxAttentionScratch;
constexpr int64_t kRowWords = kPanelHeadDim / 2;
constexpr int64_t kGroupWords = kAmxGroupKeys * kRowWords;
// Groups of keys that all tiles of a block visit before the next ones: they stay in the first-level cache.
constexpr int64_t kChunkGroups = 4;

// Keys that queries [begin, end) see, in whole groups.
Range groups_of(const PanelAttentionHead& head, Range queries) {
  Range keys{0, head.visible};
  if (head.window >= 0) {
    keys.begin = std::max<int64_t>(0, queries.begin - head.window);
    keys.end = std::min(keys.end, queries.end + head.window);
  }
  if (keys.begin >= keys.end) return {0, 0};
  return {keys.begin / kAmxGroupKeys, (keys.end + kAmxGroupKeys - 1) / kAmxGroupKeys};
}

bool sees_any_key(const PanelAttentionHead& head, int64_t query) {
  return head.visible > 0 && (head.window < 0 || query - head.window < head.visible);
}

bool sees_whole_group(const PanelAttentionHead& head, Range queries, int64_t group) {
  const int64_t first = group * kAmxGroupKeys, last = first + kAmxGroupKeys - 1;
  if (last >= head.visible) return false;
  return head.window < 0 || (queries.end - 1 - first <= head.window && last - queries.begin <= head.window);
}

// A block of queries on its way through the keys it can see.
class Block {
 public:
  // packed: groups of keys that scratch.keys holds.
  Block(const PanelAttentionHead& head, Range queries, Range packed, Scratch& scratch)
      : head_(head), queries_(queries), packed_(packed), scratch_(scratch) {
    list_units();
  }

  void run(std::byte* out, int64_t stride) {
    AmxAttentionTask task = make_task();
    run_pass(task);
    if (!are_sums_in_range()) {
      set_shifts_to_maxima(task);
      task.shifts = shifts_;
      run_pass(task);
    }
    for (int64_t r = 0; r < queries_.size(); ++r) totals_[r] = totals_[r] == 0.0f ? 0.0f : 1.0f / totals_[r];
    bf16_attention_kernels()->store_scaled(scratch_.outputs.data(), totals_, queries_.size(), out, stride);
  }

 private:
  int64_t tiles() const { return (queries_.size() + kAmxTileQueries - 1) / kAmxTileQueries; }
  Range tile_queries(int64_t tile) const {
    const int64_t begin = queries_.begin + tile * kAmxTileQueries;
    return {begin, std::min(begin + kAmxTileQueries, queries_.end)};
  }

  // A tile's units come in the order of their keys, whatever the chunks. A window is one chunk: neighbouring
  // tiles share most of its keys anyway.
  void list_units() {
    scratch_.units.clear();
    const Range all = groups_of(head_, queries_);
    const int64_t chunk = head_.window < 0 ? kChunkGroups : std::max<int64_t>(1, all.size());
    for (int64_t begin = all.begin; begin < all.end; begin += chunk) {
      for (int64_t tile = 0; tile < tiles(); ++tile) list_tile(tile, {begin, begin + chunk});
    }
  }

  void list_tile(int64_t tile, Range chunk) {
    const Range queries = tile_queries(tile), groups = groups_of(head_, queries);
    const Range part{std::max(groups.begin, chunk.begin), std::min(groups.end, chunk.end)};
    for (int64_t group = part.begin; group < part.end; ++group) {
      AmxAttentionUnit unit{};
      unit.tile = static_cast<int32_t>(tile);
      unit.group = static_cast<int32_t>(group - packed_.begin);
      unit.is_masked = !sees_whole_group(head_, queries, group);
      unit.is_first = group == groups.begin;
      unit.loads = group == part.begin;
      unit.stores = group + 1 == part.end;
      scratch_.units.push_back(unit);
    }
  }

  AmxAttentionTask make_task() const {
    AmxAttentionTask task{};
    task.queries = head_.q + queries_.begin * kRowWords;
    task.keys = scratch_.keys.data();
    task.key = packed_.begin * kAmxGroupKeys;
    task.values = head_.v + task.key / 2 * kPanelHeadDim;
    task.outputs = scratch_.outputs.data();
    task.sums = scratch_.sums.data();
    task.query = queries_.begin;
    task.visible = head_.visible;
    task.window = head_.window;
    return task;
  }

  void run_pass(const AmxAttentionTask& task) {
    std::fill_n(task.sums, tiles() * kAmxTileQueries * kLanes, 0.0f);
    for (int64_t tile = 0; tile < tiles(); ++tile) {
      if (groups_of(head_, tile_queries(tile)).size() > 0) continue;
      std::fill_n(task.outputs + tile * kAmxTileQueries * kPanelHeadDim, kAmxTileQueries * kPanelHeadDim,
                  0.0f);
    }
    attend_amx_units(task, scratch_.units);
    total_amx_sums(task.sums, queries_.size(), totals_);
  }

  bool are_sums_in_range() const {
    for (int64_t r = 0; r < queries_.size(); ++r) {
      const bool is_in_range = totals_[r] >= 0x1p-60f && totals_[r] <= 0x1p100f;
      if (!is_in_range && sees_any_key(head_, queries_.begin + r)) return false;
    }
    return true;
  }

  void set_shifts_to_maxima(const AmxAttentionTask& task) {
    std::fill_n(shifts_, Scratch::kBlockRows, -INFINITY);
    raise_amx_maxima(task, scratch_.units, shifts_);
    for (float& shift : shifts_) shift = static_cast<float>(softmax_shift(shift));
  }

  static constexpr int64_t kLanes = 16;  // of a row of sums
  const PanelAttentionHead& head_;
  Range queries_, packed_;
  Scratch& scratch_;
  float totals_[Scratch::kBlockRows];
  float shifts_[Scratch::kBlockRows];
};

}  // namespace

Scratch::AmxAttentionScratch() : outputs(kBlockRows * kPanelHeadDim), sums(kBlockRows * 16) {}

void attend_amx(const PanelAttentionHead& head, Range queries, Scratch& scratch, std::byte* out,
                int64_t stride) {
  MB_DCHECK(queries.begin % kAmxTileQueries == 0);
  const Range packed = groups_of(head, queries);
  scratch.keys.reserve(static_cast<size_t>(std::max<int64_t>(1, packed.size()) * kGroupWords));
  pack_amx_keys(head.k + packed.begin * kGroupWords, packed.size(), scratch.keys.data());
  const AmxScope unit;
  for (int64_t begin = queries.begin; begin < queries.end; begin += Scratch::kBlockRows) {
    const Range rows{begin, std::min(begin + Scratch::kBlockRows, queries.end)};
    Block(head, rows, packed, scratch).run(out + (begin - queries.begin) * stride, stride);
  }
}

}  // namespace modernbert
