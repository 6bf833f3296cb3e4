#include "model/amx_attention_layout.h"

namespace modernbert {

void AmxAttentionLayout::attend(const TokenBatch& batch, const AttentionItem& item, int64_t window,
                                AttentionThreadScratch& scratch, RowBuffer& context) const {
  attend_amx(head_of(batch, item, window), {item.query_begin, item.query_end}, scratch.amx,
             output_of(batch, item, item.query_begin, context), context.stride());
}

}  // namespace modernbert
