// Encoder shapes as an experiment: from `modernbert design` to training.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "measure/encoder_shape.h"

namespace modernbert {

// An experiment file's text whose variants are the base recipe in these shapes, called
// LAYERSxHIDDENxINTERMEDIATE. base: of the recipe, as the file is to write it.   shapes: at least one, no two
// alike.
std::string shapes_experiment(const std::string& base, const std::vector<EncoderShape>& shapes);

// The same as a file beside which `base` is found; the file appears whole or not at all.
// Errors: kNotFound where there is no such recipe, kInvalidArgument without shapes, those of writing.
void write_shapes_experiment(const std::filesystem::path& path, const std::filesystem::path& base,
                             const std::vector<EncoderShape>& shapes);

}  // namespace modernbert
