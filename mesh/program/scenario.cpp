#include "mesh/program/scenario.hpp"

#include <optional>
#include <stdexcept>

#include "mesh/topology/yaml_reader.hpp"
#include "mesh/topology/yaml_value.hpp"

namespace ttmesh::mesh {
namespace {

class ScenarioReader {
 public:
  ScenarioReader(const InputFile& file, const YamlValue& root) : reader_(file.path), root_(root) {}

  Scenario read() {
    if (reader_.expect_map(root_, "")) {
      reader_.expect_keys(root_, "", {"scenario", "name", "set"});
      if (const YamlValue* version = reader_.required(root_, "", "scenario")) {
        reader_.integer(*version, "scenario", {1, 1});
      }
      if (const YamlValue* name = root_.find("name")) {
        scenario_.name = reader_.word(*name, "name").value_or("");
      }
      if (const YamlValue* list = reader_.required(root_, "", "set")) read_list(*list);
    }
    reader_.finish();
    return std::move(scenario_);
  }

 private:
  void read_list(const YamlValue& list) {
    if (!reader_.expect_sequence(list, "set")) return;
    for (std::size_t i = 0; i < list.items.size() && !too_large_; ++i) {
      const YamlValue& entry = list.items[i];
      const std::string field = field_path("set", i);
      if (!reader_.expect_map(entry, field)) continue;
      for (std::size_t at = 0; at < entry.keys.size() && !too_large_; ++at) {
        read_selector(entry.keys[at], entry.items[at], field);
      }
    }
  }

  /// One selector with its fields, as in `link(0-1): {latency: 2us, loss: 1e-4}`.
  void read_selector(const YamlValue& key, const YamlValue& fields, const std::string& outer) {
    const std::string field = field_path(outer, key.text.substr(0, kMaxShown));
    std::optional<sim::Selector> selector;
    try {
      selector = sim::parse_selector(key.text);
    } catch (const std::invalid_argument& error) {
      reader_.report(key, field, error.what());
    }
    if (!reader_.expect_map(fields, field) || !selector) return;
    for (std::size_t i = 0; i < fields.keys.size(); ++i) {
      read_setting({key.text, *selector}, fields.keys[i], fields.items[i], field);
    }
  }

  struct NamedSelector {
    const std::string& text;
    const sim::Selector& selector;
  };

  void read_setting(const NamedSelector& of, const YamlValue& key, const YamlValue& value,
                    const std::string& outer) {
    const std::string field = field_path(outer, key.text.substr(0, kMaxShown));
    if (scenario_.settings.size() == kMaxSettings) {
      reader_.report(key, field,
                     "is one more than " + std::to_string(kMaxSettings) + " settings, the limit");
      too_large_ = true;
      return;
    }
    if (value.kind != YamlValue::Kind::Scalar) {
      reader_.report(value, field, "must be one value, found " + value.description());
      return;
    }
    try {
      sim::Setting setting = sim::make_setting(of.text, of.selector, key.text, value.text);
      setting.origin = {reader_.file(), value.line, field};
      scenario_.settings.push_back(std::move(setting));
    } catch (const std::invalid_argument& error) {
      reader_.report(value, field, error.what());
    }
  }

  static constexpr std::size_t kMaxShown = 60;

  YamlReader reader_;
  const YamlValue& root_;
  Scenario scenario_;
  bool too_large_ = false;
};

}  // namespace

Scenario load_scenario(const std::string& path) { return parse_scenario(read_input_file(path)); }

Scenario parse_scenario(const InputFile& file) {
  const YamlValue root = parse_yaml(file);
  return ScenarioReader(file, root).read();
}

}  // namespace ttmesh::mesh
