// Decoders of tokenizer.json: token strings back to text.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace modernbert {

class Decoder {
 public:
  virtual ~Decoder() = default;
  // Rewrites the tokens in place (their number may change); joined, they are the text.
  virtual void apply(std::vector<std::string>& tokens) const = 0;
};

using DecoderPtr = std::shared_ptr<const Decoder>;

DecoderPtr make_byte_level_decoder();
DecoderPtr make_word_piece_decoder(std::string prefix, bool cleanup);
DecoderPtr make_bpe_decoder(std::string suffix);  // the suffix of word ends becomes a space
DecoderPtr make_fuse_decoder();
DecoderPtr make_decoder_sequence(std::vector<DecoderPtr> steps);

}  // namespace modernbert
