// Cases of sentence-transformers folders: texts go through the public tasks, as a user's would.
#pragma once

#include "modernbert/model.h"
#include "verify/case_folder.h"
#include "verify/comparison.h"

namespace modernbert {

// head "embedding": Embed, the token ids behind it and the similarity matrices.
void run_embedding_case(const CaseFolder& folder, const CaseSpec& spec, const Model& model,
                        CaseReport& report);
// head "cross_encoder": Rerank's scores, raw logits and ranking.
void run_rerank_case(const CaseFolder& folder, const CaseSpec& spec, const Model& model, CaseReport& report);
// head "colbert": LateInteraction's vectors, the tokens behind them and MaxSim.
void run_late_interaction_case(const CaseFolder& folder, const CaseSpec& spec, const Model& model,
                               CaseReport& report);

}  // namespace modernbert
