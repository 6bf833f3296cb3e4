// Fills the masks of texts:  fill_mask MODEL TEXT...
#include "modernbert/fill_mask.h"

#include <cstdio>
#include <string>
#include <vector>

#include "modernbert/error.h"

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: fill_mask MODEL TEXT...\n");
    return 2;
  }
  try {
    const modernbert::FillMask fill(modernbert::Model::load(argv[1]));
    const std::vector<std::string> texts(argv + 2, argv + argc);
    for (const modernbert::FillMaskResult& result : fill(texts, {.top_k = 3, .long_input = {}})) {
      for (const auto& candidates : result.masks) {
        for (const modernbert::FilledToken& token : candidates) {
          std::printf("%.4f  %s\n", token.score, token.sequence.c_str());
        }
      }
    }
  } catch (const modernbert::Error& error) {
    std::fprintf(stderr, "fill_mask: %s\n", error.what());
    return 1;
  }
}
