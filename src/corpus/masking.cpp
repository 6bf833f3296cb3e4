#include "corpus/masking.h"

#include "core/check.h"
#include "core/fail.h"
#include "core/random.h"
#include "corpus/masked_lm_batch.h"

namespace modernbert {
namespace {

// Independent draws for one position.
enum Draw : uint64_t { kSelect, kKind, kToken };

uint64_t draw_key(uint64_t key, Draw draw) {
  return random_hash(key, draw);
}

int32_t require_mask_id(const Tokenizer& tokenizer) {
  const auto id = tokenizer.mask_id();
  if (!id) fail(ErrorCode::kNotFound, "the tokenizer has no mask token");
  return *id;
}

void check_share(double share, const char* name) {
  if (share >= 0 && share <= 1) return;
  fail(ErrorCode::kInvalidArgument, "{} is {}, want 0 to 1", name, share);
}

}  // namespace

Masking::Masking(const MaskingOptions& options, const Tokenizer& tokenizer)
    : options_(options),
      mask_id_(require_mask_id(tokenizer)),
      is_special_(tokenizer.vocab_size()),
      words_(tokenizer) {
  check_share(options.rate, "the mask rate");
  check_share(options.mask_share, "the share of [MASK]");
  check_share(options.random_share, "the share of random tokens");
  check_share(options.mask_share + options.random_share, "the share of [MASK] and random tokens");
  for (int32_t id = 0; id < tokenizer.vocab_size(); ++id) {
    is_special_[id] = tokenizer.is_special(id);
    // Ids without a token (gaps in the vocabulary) are no replacement either.
    if (!is_special_[id] && !tokenizer.id_to_token(id).empty()) ordinary_.push_back(id);
  }
  if (ordinary_.empty()) fail(ErrorCode::kInvalidArgument, "the tokenizer has special tokens only");
}

int32_t Masking::replacement(uint64_t key, size_t position, int32_t id) const {
  const double kind = random_uniform(draw_key(key, kKind), position);
  if (kind < options_.mask_share) return mask_id_;
  if (kind >= options_.mask_share + options_.random_share) return id;
  return ordinary_[random_below(draw_key(key, kToken), position, ordinary_.size())];
}

void Masking::apply(uint64_t key, std::span<int32_t> ids, std::span<int32_t> labels) const {
  MB_CHECK(ids.size() == labels.size());
  const uint64_t select_key = draw_key(key, kSelect);
  std::vector<uint8_t> starts(ids.size(), 1);
  if (options_.whole_words) words_.find(ids, starts);
  bool selected = false;
  for (size_t i = 0; i < ids.size(); ++i) {
    const int32_t id = ids[i];
    MB_DCHECK(id >= 0 && static_cast<size_t>(id) < is_special_.size());
    if (starts[i]) selected = random_uniform(select_key, i) < options_.rate;
    const bool predicted = selected && !is_special_[id];
    labels[i] = predicted ? id : kNotPredicted;
    if (predicted) ids[i] = replacement(key, i, id);
  }
}

}  // namespace modernbert
