#include "cli/sweep.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "cli/child.hpp"
#include "cli/csv.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "cli/sweep_plot.hpp"
#include "cli/sweep_points.hpp"
#include "cli/sweep_rows.hpp"

namespace ttmesh::cli {
namespace {

constexpr std::string_view kErrorMark = "ttmesh: error: ";

/// A file that lives as long as this.
class ScratchFile {
 public:
  ScratchFile() {
    path_ = (std::filesystem::temp_directory_path() / "ttmesh-sweep-XXXXXX").string();
    const int file = mkstemp(path_.data());
    if (file < 0) throw std::runtime_error("cannot make a file " + path_);
    close(file);
  }
  ~ScratchFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  const std::string& path() const { return path_; }
  std::string text() const {
    std::ostringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }

 private:
  std::string path_;
};

/// The message of a command that failed, in one line.
std::string message_of(const ChildOutcome& outcome) {
  const std::size_t mark = outcome.err.rfind(kErrorMark);
  std::string text =
      mark == std::string::npos ? outcome.err : outcome.err.substr(mark + kErrorMark.size());
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text.empty() ? fmt::format("exit code {}", outcome.exit_code) : text;
}

/// Runs one point. Results that were there before it failed are kept, with a row for the failure.
std::vector<SweepRow> rows_at(const std::vector<std::string>& words, const SweepPoint& point) {
  const ScratchFile json;
  std::vector<std::string> program{own_program()};
  program.insert(program.end(), words.begin(), words.end());
  program.insert(program.end(), {"--json", json.path()});
  const ChildOutcome outcome = run_child(program);

  const std::string text = json.text();
  const bool has_results = !text.empty();
  const bool failed = outcome.exit_code > 1 || !has_results;
  std::vector<SweepRow> rows;
  if (has_results) rows = sweep_rows(words.front(), point, nlohmann::json::parse(text));
  for (SweepRow& row : rows) row.exit_code = failed ? 0 : outcome.exit_code;
  if (failed) {
    SweepRow row = sweep_rows(words.front(), point, nullptr).front();
    row.exit_code = std::clamp(outcome.exit_code, 1, 3);
    row.error = message_of(outcome);
    rows.push_back(row);
  }
  return rows;
}

/// Rows as text: on stdout for a person, and as CSV.
class SweepTable {
 public:
  SweepTable(const std::vector<SweepKey>& keys, std::span<const SweepColumn> columns)
      : keys_(keys), columns_(columns) {}

  std::string csv_head() const { return csv_line(csv_fields(nullptr)); }
  std::string csv_row(const SweepRow& row) const { return csv_line(csv_fields(&row)); }

  std::string head() const {
    std::string line;
    for (const SweepKey& key : keys_) line += fmt::format("{:>{}}  ", key.name, width(key));
    for (const SweepColumn& column : columns_) {
      if (!column.heading.empty()) line += fmt::format("{:>{}}  ", column.heading, kWidth);
    }
    return trimmed(line);
  }

  std::string row(const SweepRow& row) const {
    std::string line;
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      line += fmt::format("{:>{}}  ", keys_[i].values[row.point[i]], width(keys_[i]));
    }
    if (!row.error.empty()) return trimmed(line + row.error);
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (!columns_[i].heading.empty())
        line += fmt::format("{:>{}}  ", short_of(row.values[i]), kWidth);
    }
    return trimmed(line);
  }

 private:
  static constexpr int kWidth = 12;

  static std::string trimmed(std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    return line + "\n";
  }

  /// Six digits of a number are enough for a person.
  static std::string short_of(const std::string& value) {
    char* end = nullptr;
    const double number = std::strtod(value.c_str(), &end);
    const bool is_fraction = value.find('.') != std::string::npos && *end == '\0';
    return is_fraction ? fmt::format("{:.6g}", number) : value;
  }

  static std::size_t width(const SweepKey& key) {
    std::size_t width = key.name.size();
    for (const std::string& value : key.values) width = std::max(width, value.size());
    return width;
  }

  /// Names where there is no row. A column that is a key too is there once, as the key.
  std::vector<std::string> csv_fields(const SweepRow* row) const {
    std::vector<std::string> fields;
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      fields.push_back(row == nullptr ? keys_[i].name : keys_[i].values[row->point[i]]);
    }
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const auto same = [&](const SweepKey& key) { return key.name == columns_[i].name; };
      if (std::any_of(keys_.begin(), keys_.end(), same)) continue;
      fields.push_back(row == nullptr ? std::string(columns_[i].name) : row->values[i]);
    }
    fields.push_back(row == nullptr ? "exit_code" : std::to_string(row->exit_code));
    fields.push_back(row == nullptr ? "error" : row->error);
    return fields;
  }

  const std::vector<SweepKey>& keys_;
  std::span<const SweepColumn> columns_;
};

std::vector<SweepKey> keys_of(const SweepArguments& arguments) {
  std::vector<SweepKey> keys;
  for (const std::string& text : arguments.over) {
    keys.push_back(parse_sweep_key(text));
    const auto same = [&](const SweepKey& key) { return key.name == keys.back().name; };
    if (std::count_if(keys.begin(), keys.end(), same) > 1) {
      throw std::invalid_argument(
          fmt::format("[--over] '{}' is there twice, needs each key once with all its values",
                      keys.back().name));
    }
  }
  return keys;
}

void check_command(const std::vector<std::string>& command) {
  if (command.empty()) {
    throw std::invalid_argument(
        "[sweep] nothing to run, needs a command after --, as in: ttmesh sweep --over "
        "batch=1,8,32 -- run mlp -t t3k --model llama-3.1-8b");
  }
  (void)sweep_columns(command.front());
  for (const std::string& word : command) {
    if (word == "-J" || word == "--json" || word.starts_with("--json=")) {
      throw std::invalid_argument(
          "[sweep] the command has --json, which the sweep uses itself; drop it and take --csv");
    }
  }
}

}  // namespace

int run_sweep(const SweepArguments& arguments) {
  const std::vector<SweepKey> keys = keys_of(arguments);
  check_command(arguments.command);
  require_writable("--csv", arguments.csv);
  require_writable("--plot", arguments.plot);
  if (!arguments.plot.empty()) require_gnuplot();

  const std::span<const SweepColumn> columns = sweep_columns(arguments.command.front());
  const SweepTable table(keys, columns);
  std::ofstream csv_file;
  if (!arguments.csv.empty() && arguments.csv != "-") csv_file.open(arguments.csv, std::ios::trunc);
  const auto put = [&](const std::string& csv, const std::string& text) {
    if (csv_file.is_open() && !(csv_file << csv << std::flush)) {
      throw std::runtime_error("cannot write " + arguments.csv);
    }
    fmt::print("{}", arguments.csv == "-" ? csv : text);
    std::fflush(stdout);
  };

  put(table.csv_head(), table.head());
  std::vector<SweepRow> results;
  int exit_code = 0;
  const std::vector<SweepPoint> points = sweep_points(keys);
  ProgressDisplay display;
  for (std::size_t i = 0; i < points.size(); ++i) {
    display.show({"sweep", static_cast<std::int64_t>(i), static_cast<std::int64_t>(points.size())});
    const std::vector<SweepRow> rows =
        rows_at(command_at(arguments.command, keys, points[i]), points[i]);
    display.clear();
    for (const SweepRow& row : rows) {
      put(table.csv_row(row), table.row(row));
      exit_code = std::max(exit_code, row.exit_code);
      results.push_back(row);
    }
  }
  if (!arguments.plot.empty()) {
    write_sweep_plot(arguments.plot, {arguments.command, keys, results});
  }
  return exit_code;
}

void add_sweep(CLI::App& app, const std::vector<std::string>& command, int& exit_code) {
  const auto arguments = std::make_shared<SweepArguments>();
  arguments->command = command;
  CLI::App* sweep = app.add_subcommand(
      "sweep", "Run a command at every combination of values; write a table, draw a plot");
  sweep->footer(
      "A KEY is an option of the command after --, without its dashes; one with a dot is a --set.\n"
      "'collective' of ccl and 'module' of run may be swept too.\n\n"
      "Examples:\n"
      "  ttmesh sweep --over batch=1,8,32 --over t=t3k:1x8:ring,tg --csv mlp.csv -- \\\n"
      "    run mlp --model llama-3.1-8b --timing-only\n"
      "  ttmesh sweep --over link.latency=+0us,+1us,+4us --plot latency.svg -- \\\n"
      "    ccl all_reduce -t t3k:1x8:ring -b 4K -e 64M -f 4 --timing-only");
  sweep->add_option("--over", arguments->over, "What to vary, may be repeated: KEY=A,B,C")
      ->required()
      ->type_name("KEY=VALUES")
      ->expected(1)
      ->take_all();
  sweep
      ->add_option("--csv", arguments->csv,
                   "Write a row for each result as soon as it is there; -: to stdout, in place of "
                   "the table")
      ->type_name("FILE");
  sweep->add_option("--plot", arguments->plot, "Draw the results as SVG (needs gnuplot)")
      ->type_name("FILE");
  sweep->callback([arguments, &exit_code] { exit_code = run_sweep(*arguments); });
}

}  // namespace ttmesh::cli
