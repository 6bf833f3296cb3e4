// Scratch of one forward pass on the CPU.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <vector>

#include "model/attention_layout.h"
#include "model/encoder.h"
#include "model/op_clock.h"
#include "model/rope_tables.h"
#include "modernbert/config.h"
#include "ops/linear/linear.h"

namespace modernbert {

// Rows of one tile on their way through a layer, in each type that some product of the layer takes.
struct TileBuffers {
  std::array<RowBuffer, 3> hidden;  // [tile rows, H] by RowType
  std::array<RowBuffer, 3> inner;   // [tile rows, I] by RowType

  static RowBuffer& of(std::array<RowBuffer, 3>& buffers, RowType type) {
    return buffers[static_cast<size_t>(type)];
  }
};

// What one thread needs for a tile of rows or a block of queries.
struct CpuThreadScratch {
  LinearScratch linear;
  AttentionThreadScratch attention;
  TileBuffers tile;
  std::vector<float> row;  // [H] between norm and rounding
  OpClock clock;
};

struct CpuWorkspace final : Workspace {
  // attention_type: of q, k, v and the context.
  CpuWorkspace(const EncoderConfig& config, RowType attention_type, int thread_count)
      : context(attention_type, config.hidden_size),
        layout(AttentionLayout::make(config.num_attention_heads, config.head_dim(), attention_type)),
        threads(static_cast<size_t>(thread_count)) {}

  AlignedBuffer<float> x;  // [T,H] residual stream, with spare rows
  RowBuffer context;       // [T,H] attention output, heads side by side
  std::unique_ptr<AttentionLayout> layout;
  std::map<int64_t, std::vector<AttentionItem>> items;              // by window
  std::map<RopeKey, std::shared_ptr<const RopeTable>> rope_tables;  // empty where no layer rotates
  std::vector<CpuThreadScratch> threads;
};

}  // namespace modernbert
