#include "tokenizer/reading/readers.h"

namespace modernbert {

DecoderPtr read_decoder(const Component& component) {
  const std::string& type = component.type();
  if (type == "ByteLevel") {
    component.allow_only({"add_prefix_space", "trim_offsets", "use_regex"});
    return make_byte_level_decoder();
  }
  if (type == "WordPiece") {
    component.allow_only({"prefix", "cleanup"});
    return make_word_piece_decoder(component.required_string("prefix"),
                                   component.required_boolean("cleanup"));
  }
  if (type == "BPEDecoder") {
    component.allow_only({"suffix"});
    const std::string suffix = component.required_string("suffix");
    if (suffix.empty()) component.fields().reject("suffix", "some text");
    return make_bpe_decoder(suffix);
  }
  if (type == "Fuse") {
    component.allow_only({});
    return make_fuse_decoder();
  }
  if (type == "Sequence") {
    component.allow_only({"decoders"});
    std::vector<DecoderPtr> steps;
    for (const Component& step : component.list("decoders")) steps.push_back(read_decoder(step));
    return make_decoder_sequence(std::move(steps));
  }
  component.reject_type("ByteLevel, WordPiece, BPEDecoder, Fuse, Sequence");
}

}  // namespace modernbert
