// report.html: what a run did, in one page that needs nothing else: curves, and how guesses for the watched
// sentences changed. Made from metrics.jsonl, so it can be made again at any time.
#pragma once

#include <filesystem>
#include <string>

#include "core/json.h"

namespace modernbert {

struct ReportTitle {
  std::string name;         // of the run
  std::string description;  // one line: model, tokens, machine
};

// The page.   metrics: the text of metrics.jsonl; lines that are no JSON are left out.
std::string html_report(const ReportTitle& title, const std::string& metrics);

// Reads OUTPUT/metrics.jsonl, writes OUTPUT/report.html, whole or not at all.
void write_html_report(const std::filesystem::path& output, const ReportTitle& title);

}  // namespace modernbert
