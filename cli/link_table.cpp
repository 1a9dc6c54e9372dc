#include "cli/link_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <span>

namespace ttmesh::cli {

std::string link_table(const LinkLoad& load, std::size_t most) {
  std::vector<mesh::LinkUse> links;
  std::copy_if(load.links.begin(), load.links.end(), std::back_inserter(links),
               [](const mesh::LinkUse& link) { return link.bytes > 0; });
  if (links.empty()) return "  no link carried anything\n";
  std::stable_sort(links.begin(), links.end(),
                   [](const mesh::LinkUse& a, const mesh::LinkUse& b) { return a.busy > b.busy; });
  const std::size_t listed = std::min(most, links.size());
  std::string text =
      fmt::format("  {:<24} {:>6} {:>14} {:>8} {:>14}\n", "link", "", "busy us", "used", "bytes");
  for (const mesh::LinkUse& link : std::span(links).first(listed)) {
    text += fmt::format(
        "  {:<24} {:>6} {:>14.3f} {:>6.1f} % {:>14}\n", fmt::format("{} > {}", link.from, link.to),
        fmt::format("#{}", link.channel), static_cast<double>(link.busy.ps()) * 1e-6,
        percent(link.busy, load.span), link.bytes);
  }
  const std::string which = listed < links.size()
                                ? fmt::format("the busiest {} of {}", listed, links.size())
                                : fmt::format("all {}", links.size());
  return text + fmt::format("  {} directions that carried payload\n", which);
}

double percent(sim::Time part, sim::Time span) {
  return span > sim::Time{}
             ? 100.0 * static_cast<double>(part.ps()) / static_cast<double>(span.ps())
             : 0.0;
}

}  // namespace ttmesh::cli
