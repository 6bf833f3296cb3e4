// The page of a report: {{title}} and {{data}} are filled in. No request leaves it.
#pragma once

#include <string_view>

namespace modernbert {

extern const std::string_view kReportPage;

}  // namespace modernbert
