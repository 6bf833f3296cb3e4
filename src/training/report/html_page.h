// The page of a run's report, for fill_page.
#pragma once

#include <string_view>

namespace modernbert {

extern const std::string_view kReportPage;

}  // namespace modernbert
