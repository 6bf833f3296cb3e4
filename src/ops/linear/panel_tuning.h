// What about a panel product can be found out only by trying it on the CPU at hand.
#pragma once

#include "ops/linear/linear.h"
#include "ops/panel/panel_kernel.h"

namespace modernbert {

// The product, with its depth_step where that is faster than the whole depth at once, else with none. The
// bits of results are the same. Takes milliseconds where there is something to find out.
PanelProduct with_faster_depth(GemmType type, PanelProduct product);

// panel_product() of the rows of this type, tried once in a process. Not for kRef.
const PanelProduct& tuned_panel_product(GemmType type);

}  // namespace modernbert
