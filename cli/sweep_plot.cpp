#include "cli/sweep_plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <stdexcept>
#include <utility>

#include "cli/child.hpp"
#include "cli/sweep_axis.hpp"

namespace ttmesh::cli {
namespace {

// Colours that colour-blind people tell apart (Okabe and Ito), and marks to go with them.
constexpr std::array kColours{"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                              "#e69f00", "#56b4e9", "#000000", "#999999"};
constexpr std::array kMarks{7, 5, 9, 11, 13, 4, 6, 8};

/// One line of a panel.
struct Series {
  std::string name;
  std::vector<std::pair<double, double>> dots;
};

struct Panel {
  std::string label;
  bool is_logarithmic = false;
  std::vector<Series> series;
};

/// Text between single quotes, in which gnuplot sees nothing special.
std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'')
      result += "''";
    else
      result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return result + "'";
}

std::string title_of(const SweepResults& results) {
  constexpr std::size_t kLongest = 100;
  std::string title = "ttmesh";
  for (const std::string& word : results.command) title += " " + word;
  return title.size() <= kLongest ? title : title.substr(0, kLongest - 3) + "...";
}

std::size_t column_index(const SweepResults& results, std::string_view name) {
  const auto columns = sweep_columns(results.command.front());
  const auto found = std::find_if(columns.begin(), columns.end(),
                                  [&](const SweepColumn& each) { return each.name == name; });
  return static_cast<std::size_t>(found - columns.begin());
}

/// What is along x, and where each row is.
struct Abscissa {
  SweepAxis axis;
  std::optional<std::size_t> key;  ///< Which key it is; none: the sizes.
  std::vector<double> of_row;
};

std::optional<Abscissa> sizes_along_x(const SweepResults& results) {
  if (results.command.front() != "ccl") return std::nullopt;
  const std::size_t column = column_index(results, "size");
  Abscissa abscissa;
  std::vector<double> sizes;
  for (const SweepRow& row : results.rows) {
    abscissa.of_row.push_back(std::strtod(row.values[column].c_str(), nullptr));
    if (row.error.empty()) sizes.push_back(abscissa.of_row.back());
  }
  const auto [least, most] = std::minmax_element(sizes.begin(), sizes.end());
  if (sizes.empty() || *least == *most) return std::nullopt;
  abscissa.axis = axis_of_sizes("size", std::move(sizes));
  return abscissa;
}

Abscissa abscissa_of(const SweepResults& results) {
  if (auto sizes = sizes_along_x(results)) return *std::move(sizes);
  Abscissa abscissa;
  for (std::size_t i = results.keys.size(); i-- > 0;) {  // The first that fits wins.
    SweepAxis axis = axis_of(results.keys[i]);
    const bool varies = results.keys[i].values.size() > 1;
    const bool numbers_win = abscissa.key && abscissa.axis.is_number && !axis.is_number;
    if (abscissa.key && (!varies || numbers_win)) continue;
    abscissa.axis = std::move(axis);
    abscissa.key = i;
  }
  for (const SweepRow& row : results.rows) {
    abscissa.of_row.push_back(abscissa.axis.positions[row.point[*abscissa.key]]);
  }
  return abscissa;
}

/// "batch=8, t=tg": the keys that are not along x and vary.
std::string series_name(const SweepResults& results, const Abscissa& abscissa,
                        const SweepPoint& point) {
  std::string name;
  for (std::size_t i = 0; i < point.size(); ++i) {
    const SweepKey& key = results.keys[i];
    if (abscissa.key == i || key.values.size() < 2) continue;
    const bool is_word = key.name == "collective" || key.name == "module";
    name += (name.empty() ? "" : ", ") + (is_word ? "" : key.name + "=") + key.values[point[i]];
  }
  return name;
}

/// Nanoseconds and microseconds become the unit that a person reads best.
void choose_unit(Panel& panel, std::string_view column) {
  if (column != "virtual_ns" && column != "time_us") return;
  double least = std::numeric_limits<double>::infinity();
  double most = 0;
  for (Series& series : panel.series) {
    for (auto& [x, y] : series.dots) {
      if (column == "virtual_ns") y *= 1e-3;
      least = std::min(least, y);
      most = std::max(most, y);
    }
  }
  const bool is_long = most >= 20'000 && least >= 100;
  for (Series& series : panel.series) {
    for (auto& [x, y] : series.dots) y *= is_long ? 1e-3 : 1;
  }
  panel.label += is_long ? " (ms)" : " (us)";
}

Panel panel_of(const SweepResults& results, const Abscissa& abscissa, std::size_t column) {
  const SweepColumn& what = sweep_columns(results.command.front())[column];
  Panel panel{.label = std::string(what.quantity), .series = {}};
  for (std::size_t i = 0; i < results.rows.size(); ++i) {
    const SweepRow& row = results.rows[i];
    if (!row.error.empty()) continue;
    const std::string name = series_name(results, abscissa, row.point);
    auto series = std::find_if(panel.series.begin(), panel.series.end(),
                               [&](const Series& each) { return each.name == name; });
    if (series == panel.series.end()) series = panel.series.insert(series, {name, {}});
    series->dots.emplace_back(abscissa.of_row[i], std::strtod(row.values[column].c_str(), nullptr));
  }
  std::vector<double> values;
  choose_unit(panel, what.name);
  for (Series& series : panel.series) {
    std::sort(series.dots.begin(), series.dots.end());
    for (const auto& [x, y] : series.dots) values.push_back(y);
  }
  panel.is_logarithmic = spans_decades(values);
  return panel;
}

/// Where panels and legend are, in pixels.
struct Canvas {
  int width;
  int height;
  int legend_columns;
  int legend_height;
};

Canvas canvas_for(const std::vector<Panel>& panels) {
  Canvas canvas{.width = panels.size() > 1 ? 1200 : 820, .height = 460};
  std::size_t longest = 0;
  for (const Series& series : panels.front().series)
    longest = std::max(longest, series.name.size());
  const int entry = 60 + 8 * static_cast<int>(longest);
  const int count = static_cast<int>(panels.front().series.size());
  // gnuplot makes a legend no wider than a panel.
  const int room = canvas.width / static_cast<int>(panels.size()) * 9 / 10;
  canvas.legend_columns = std::clamp(room / entry, 1, std::max(count, 1));
  const int rows = (count + canvas.legend_columns - 1) / canvas.legend_columns;
  canvas.legend_height = longest == 0 ? 0 : 20 * rows + 12;
  canvas.height += canvas.legend_height;
  return canvas;
}

std::string ticks_text(const SweepAxis& axis) {
  if (axis.ticks.empty()) return "set xtics autofreq\n";
  std::string text;
  std::size_t longest = 0;
  for (const AxisTick& tick : axis.ticks) {
    text +=
        fmt::format("{}{} {:.17g}", text.empty() ? "" : ", ", quoted(tick.label), tick.position);
    longest = std::max(longest, tick.label.size());
  }
  constexpr std::size_t kRoom = 70;  // Characters along a panel.
  const bool crowded = longest * axis.ticks.size() > kRoom;
  return fmt::format("set xtics ({}){}\n", text, crowded ? " rotate by 20 right" : "");
}

std::string range_text(const SweepAxis& axis) {
  const auto [least, most] = std::minmax_element(axis.positions.begin(), axis.positions.end());
  if (!axis.is_number) return fmt::format("set xrange [-0.6:{:g}]\n", *most + 0.6);
  if (*least == *most) return "set xrange [*:*]\n";
  const double margin = 0.03;
  if (axis.is_logarithmic) {
    const double factor = std::pow(*most / *least, margin);
    return fmt::format("set xrange [{:.17g}:{:.17g}]\n", *least / factor, *most * factor);
  }
  const double slack = (*most - *least) * margin;
  return fmt::format("set xrange [{:.17g}:{:.17g}]\n", *least - slack, *most + slack);
}

/// The dots of a panel as data blocks, and the command that draws them.
std::string panel_text(const Panel& panel, const SweepAxis& axis, const std::string& name) {
  std::string data;
  std::string plot;
  const double bars = static_cast<double>(panel.series.size());
  for (std::size_t i = 0; i < panel.series.size(); ++i) {
    const Series& series = panel.series[i];
    const double width = 0.8 / bars;
    const double shift = axis.is_number ? 0 : (static_cast<double>(i) - (bars - 1) / 2) * width;
    data += fmt::format("${}{} << EOD\n", name, i);
    for (const auto& [x, y] : series.dots) data += fmt::format("{:.17g} {:.17g}\n", x + shift, y);
    data += "EOD\n";
    const char* colour = kColours[i % kColours.size()];
    const std::string style =
        axis.is_number ? fmt::format("with linespoints lc rgb '{}' lw 2 dt {} pt {} ps 0.8", colour,
                                     i / kColours.size() + 1, kMarks[i % kMarks.size()])
                       : fmt::format("using 1:2:({:g}) with boxes lc rgb '{}' fs solid 0.85",
                                     width * 0.92, colour);
    plot += fmt::format("{}${}{} {} title {}", i == 0 ? "plot " : ", \\\n  ", name, i, style,
                        quoted(series.name));
  }
  return data + plot + "\n";
}

}  // namespace

std::string sweep_plot(const std::string& path, const SweepResults& results) {
  const auto has_result = [](const SweepRow& row) { return row.error.empty(); };
  if (std::none_of(results.rows.begin(), results.rows.end(), has_result)) {
    throw std::invalid_argument("[--plot] no point has a result, so there is nothing to draw");
  }
  const Abscissa abscissa = abscissa_of(results);
  const auto columns = sweep_columns(results.command.front());
  std::vector<Panel> panels;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!columns[i].quantity.empty()) panels.push_back(panel_of(results, abscissa, i));
  }

  const Canvas canvas = canvas_for(panels);
  const bool has_legend = canvas.legend_height > 0;
  std::string text = fmt::format(
      "set terminal svg noenhanced size {},{} font 'Helvetica,13' background rgb 'white'\n"
      "set output {}\nset datafile missing NaN\n"
      "set grid lc rgb '#dddddd' lt 1 lw 1\nset border 3 lc rgb '#444444'\n"
      "set tics nomirror\nset multiplot title {}\n",
      canvas.width, canvas.height, quoted(path), quoted(title_of(results)));
  const double bottom = static_cast<double>(canvas.legend_height + 80) / canvas.height;
  const double width = 1.0 / static_cast<double>(panels.size());
  for (std::size_t i = 0; i < panels.size(); ++i) {
    const Panel& panel = panels[i];
    const double left = static_cast<double>(i) * width;
    text += fmt::format(
        "set lmargin at screen {:.4f}\nset rmargin at screen {:.4f}\n"
        "set tmargin at screen {:.4f}\nset bmargin at screen {:.4f}\n",
        left + 85.0 / canvas.width, left + width - 35.0 / canvas.width, 1 - 50.0 / canvas.height,
        bottom);
    text += has_legend && i == 0
                ? fmt::format(
                      "set key at screen 0.5, screen {:.4f} center bottom horizontal "
                      "maxcols {} samplen 2\n",
                      8.0 / canvas.height, canvas.legend_columns)
                : "unset key\n";
    text += fmt::format("set xlabel {}\nset ylabel {}\n", quoted(abscissa.axis.label),
                        quoted(panel.label));
    text += abscissa.axis.is_logarithmic ? "set logscale x 2\n" : "unset logscale x\n";
    text += panel.is_logarithmic ? "set logscale y 10\nset yrange [*:*]\n"
                                 : "unset logscale y\nset yrange [0:*]\n";
    text += "set format y '%g'\n" + ticks_text(abscissa.axis) + range_text(abscissa.axis);
    text += panel_text(panel, abscissa.axis, i == 0 ? "left" : "right");
  }
  return text + "unset multiplot\n";
}

void require_gnuplot() {
  if (run_child({"gnuplot", "--version"}).exit_code == 0) return;
  throw std::runtime_error(
      "[--plot] gnuplot cannot be run; install the package 'gnuplot-nox', or use --csv");
}

void write_sweep_plot(const std::string& path, const SweepResults& results) {
  const std::string program = path + ".gnuplot";
  std::ofstream(program) << sweep_plot(path, results);
  const ChildOutcome outcome = run_child({"gnuplot", program});
  std::error_code ignored;
  std::filesystem::remove(program, ignored);
  if (outcome.exit_code == 0) return;
  throw std::runtime_error(fmt::format("[--plot] gnuplot cannot draw {}: {}", path, outcome.err));
}

}  // namespace ttmesh::cli
