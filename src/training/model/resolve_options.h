#pragma once

#include "training/model/training_options.h"

namespace modernbert {

// kAuto and 0 threads replaced by what this machine has. Error (kInvalidArgument) naming the option.
TrainingOptions resolve_options(TrainingOptions options);

}  // namespace modernbert
