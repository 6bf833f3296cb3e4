// What our pages share: look, curves, and how data get into them.
#pragma once

#include <string>
#include <string_view>

namespace modernbert {

// page: HTML with the marks {{title}}, {{style}}, {{data}} and {{script}}, once each and in this order. The
// script defines at(), make(), svgNode(), short(), percent(), span(), smooth(), ticks() and chart(). data:
// JSON.   Nothing in title or data can end the element it stands in. No request leaves the page.
std::string fill_page(std::string_view page, const std::string& title, const std::string& data);

}  // namespace modernbert
