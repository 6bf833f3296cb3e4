// Parts of config.json that all model types share, and the readers of each type.
#pragma once

#include <optional>
#include <string>

#include "core/json.h"
#include "modernbert/config.h"

namespace modernbert {

EncoderConfig read_modernbert_config(const JsonObject& json);
EncoderConfig read_bert_config(const JsonObject& json);

// The widest window that a file may ask for.
inline constexpr int64_t kMaxWindow = 1 << 30;

// Sizes, with bounds that keep products of any two inside 63 bits; labels; architectures.
void read_sizes(const JsonObject& json, EncoderConfig& config);
void read_labels(const JsonObject& json, EncoderConfig& config);
// The sizes again, under the names that all model types share.
void write_sizes(const EncoderConfig& config, OrderedJson& json);

// n where layers 0, n, 2n, … are the global ones.
std::optional<int64_t> global_every(const EncoderConfig& config);

// The activation in `field`, or the default.
Activation read_activation(const JsonObject& json, const std::string& field, Activation default_value);

// What norms add to the variance, in `field`: at least 0.
double read_norm_eps(const JsonObject& json, const std::string& field, double default_value);

}  // namespace modernbert
