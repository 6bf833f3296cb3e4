// Scratch of one forward pass on the CPU.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "model/attention_layout.h"
#include "model/encoder.h"
#include "modernbert/config.h"
#include "ops/linear.h"
#include "ops/rope.h"

namespace modernbert {

// What one thread needs for a tile of rows or a block of queries.
struct CpuThreadScratch {
  LinearScratch linear;
  AttentionThreadScratch attention;
  AlignedBuffer<float> normed;  // [tile rows, H]
  AlignedBuffer<float> inner;   // [tile rows, I]
  std::vector<float> head;      // [head_dim] on its way to the attention layout
};

struct CpuWorkspace final : Workspace {
  CpuWorkspace(const EncoderConfig& config, bool uses_bf16, int thread_count)
      : layout(config.num_attention_heads, config.head_dim(), uses_bf16),
        threads(static_cast<size_t>(thread_count)) {}

  AlignedBuffer<float> x;        // [T,H] residual stream
  AlignedBuffer<float> context;  // [T,H] attention output, heads side by side
  AttentionLayout layout;
  std::map<int64_t, std::vector<AttentionItem>> items;             // by window
  std::map<double, std::shared_ptr<const RopeTable>> rope_tables;  // by theta; empty for absolute positions
  std::vector<CpuThreadScratch> threads;
};

}  // namespace modernbert
