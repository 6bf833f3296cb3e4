// Cases of training: losses and gradients of whole models, and of the cross-entropy alone.
#pragma once

#include "model/weights.h"
#include "modernbert/config.h"
#include "verify/case_folder.h"
#include "verify/case_inputs.h"
#include "verify/comparison.h"

namespace modernbert {

// A model whose gradients are compared; immutable.
struct GradientModel {
  EncoderConfig config;
  Weights weights;
  ComputeType dtype = ComputeType::kFp32;  // fp32 or bf16
  int threads = 0;
};
GradientModel load_gradient_model(const std::filesystem::path& folder, ComputeType dtype, int threads);

// Loss and all gradients together. fp32: the case's bars; bf16: 1.25 times the relative distance of Hugging
// Face's bfloat16 run, the loss is not held to a bar.
void run_gradient_case(const CaseFolder& folder, const CaseSpec& spec, const GradientModel& model,
                       CaseReport& report);

// The same documents right-padded, left-padded, packed in one row, and one by one.
void run_layout_case(const CaseFolder& folder, const CaseSpec& spec, const GradientModel& model,
                     CaseReport& report);

// Cross-entropy with label smoothing and z-loss on given logits.
void run_loss_case(const CaseFolder& folder, const CaseSpec& spec, CaseReport& report);

}  // namespace modernbert
