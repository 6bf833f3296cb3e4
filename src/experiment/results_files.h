// What an experiment writes: results.json for programs, results.md with one table, report.html with curves.
#pragma once

#include <filesystem>
#include <string>

#include "experiment/results.h"
#include "model/config_writer.h"

namespace modernbert {

// Unknown numbers are null.
OrderedJson results_json(const ExperimentResults& results);

// The table and what its columns mean, in Markdown that is aligned for reading as it is.
std::string results_markdown(const ExperimentResults& results);

// One page that needs nothing else.
std::string results_page(const ExperimentResults& results);

// All three into `folder`, each whole or not at all.
void write_results(const std::filesystem::path& folder, const ExperimentResults& results);

}  // namespace modernbert
