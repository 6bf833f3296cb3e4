#include "modernbert/model.h"

#include <algorithm>

#include "core/fail.h"
#include "tasks/batches.h"
#include "tasks/model_folder.h"
#include "tasks/model_impl.h"

namespace modernbert {

int32_t Model::Impl::input_limit(int32_t requested) const {
  if (requested == 0) return max_length;
  const EncoderConfig& config = encoder->config();
  if (requested < 0) {
    fail(ErrorCode::kInvalidArgument, "max_length is {}, want a positive number of tokens", requested);
  }
  if (config.absolute_positions && requested > config.max_position_embeddings) {
    fail(ErrorCode::kInvalidArgument, "max_length is {}, but {} has a table of {} positions", requested,
         folder.string(), config.max_position_embeddings);
  }
  return requested;
}

Model Model::load(const std::string& folder_or_id, const LoadOptions& options) {
  auto impl = std::make_shared<Impl>();
  impl->folder = resolve_model(folder_or_id, options.hub);
  impl->encoder_folder = find_encoder_folder(impl->folder);
  impl->encoder = LoadedEncoder::load(
      impl->encoder_folder, {.dtype = options.dtype, .backend = options.backend, .threads = options.threads});
  const auto tokenizer_folder = find_tokenizer_folder(impl->folder, impl->encoder_folder);
  if (tokenizer_folder) {
    impl->tokenizer = Tokenizer::load(*tokenizer_folder);
    impl->uses_type_ids =
        impl->encoder->config().type_vocab_size > 0 && tokenizer_gives_type_ids(*tokenizer_folder);
  }
  impl->max_length =
      longest_input(impl->encoder_folder, impl->encoder->config(),
                    impl->tokenizer ? impl->tokenizer->model_max_length() : std::optional<int32_t>());
  return Model(std::move(impl));
}

const std::filesystem::path& Model::folder() const {
  return impl_->folder;
}

const EncoderConfig& Model::config() const {
  return impl_->encoder->config();
}

const Tokenizer& Model::tokenizer() const {
  if (!impl_->tokenizer) {
    fail(ErrorCode::kNotFound, "{}: no tokenizer, want tokenizer.json or vocab.txt", impl_->folder.string());
  }
  return *impl_->tokenizer;
}

ComputeType Model::dtype() const {
  return impl_->encoder->dtype();
}

int Model::threads() const {
  return impl_->encoder->threads();
}

int32_t Model::max_length() const {
  return impl_->max_length;
}

HiddenStates Model::hidden_states(const TokenBatch& batch) const {
  const Matrix hidden = impl_->encoder->forward(batch);
  return {static_cast<int32_t>(hidden.cols()),
          batch.cu_seqlens,
          {hidden.values().begin(), hidden.values().end()}};
}

HiddenStates Model::hidden_states(std::span<const std::string> texts) const {
  const std::vector<Encoding> encodings = tokenizer().encode_batch(texts, {}, threads());
  std::vector<Sequence> sequences;
  sequences.reserve(encodings.size());
  for (const Encoding& encoding : encodings) sequences.push_back(as_sequence(encoding, *impl_));

  HiddenStates result{config().hidden_size, {0}, {}};
  run_batches(*impl_->encoder, sequences, [&](const TokenBatch& batch, Matrix hidden, size_t) {
    const int32_t rows_before = result.cu_seqlens.back();
    for (int32_t b = 0; b < batch.sequences(); ++b) {
      result.cu_seqlens.push_back(rows_before + batch.cu_seqlens[b + 1]);
    }
    result.values.insert(result.values.end(), hidden.values().begin(), hidden.values().end());
  });
  return result;
}

}  // namespace modernbert
