// A config as it was understood, every default filled in, for people and machines to read.
#pragma once

#include "cli/json_output.h"
#include "modernbert/config.h"

namespace modernbert::cli {

OutJson config_to_json(const EncoderConfig& config);

}  // namespace modernbert::cli
