// Standard error: notes, and one status line that is redrawn in place on a terminal. Results never come here.
// Thread-safe.
#pragma once

#include <string_view>

namespace modernbert::cli {

bool stderr_is_terminal();

// A line that stays.
void print_note(std::string_view line);

// The line at the bottom; redrawn at most ten times a second, not at all unless standard error is a terminal.
void show_status(std::string_view line);
void clear_status();

}  // namespace modernbert::cli
