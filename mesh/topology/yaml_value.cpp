#include "mesh/topology/yaml_value.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "mesh/topology/error.hpp"

namespace ttmesh::mesh {
namespace {

constexpr std::size_t kMaxDepth = 32;

/// Builds the tree from the parser's events. `open_` are the collections around the next event,
/// outermost first; a map among them waits for a key whenever it has as many keys as items.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const std::string& path, std::vector<Problem>& problems)
      : path_(path), problems_(problems) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check(mark, "", anchor);
    add({.kind = YamlValue::Kind::Null, .line = line(mark)});
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse(mark, "an alias is not accepted; write the value out");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check(mark, tag, anchor);
    add({.kind = YamlValue::Kind::Scalar, .line = line(mark), .quoted = tag == "!", .text = value});
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    check(mark, tag, anchor);
    open(mark, YamlValue::Kind::Sequence);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    check(mark, tag, anchor);
    open(mark, YamlValue::Kind::Map);
  }
  void OnMapEnd() override {
    report_duplicates(open_.back());
    close();
  }

  YamlValue take() { return std::move(root_); }

 private:
  static int line(const YAML::Mark& mark) { return mark.line + 1; }

  [[noreturn]] void refuse(const YAML::Mark& mark, const std::string& what) const {
    throw InvalidFile({{path_, line(mark), "", what}});
  }

  void check(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) const {
    if (anchor != 0) refuse(mark, "an anchor is not accepted; write the value where it is used");
    const bool plain = tag.empty() || tag == "?" || tag == "!";
    if (!plain) refuse(mark, "the tag '" + tag + "' is not accepted; write a plain value");
  }

  void open(const YAML::Mark& mark, YamlValue::Kind kind) {
    if (open_.size() == kMaxDepth) {
      refuse(mark, "nested deeper than " + std::to_string(kMaxDepth) + " levels, the limit");
    }
    open_.push_back({.kind = kind, .line = line(mark)});
  }

  void close() {
    YamlValue done = std::move(open_.back());
    open_.pop_back();
    add(std::move(done));
  }

  void add(YamlValue value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    YamlValue& parent = open_.back();
    const bool is_key =
        parent.kind == YamlValue::Kind::Map && parent.keys.size() == parent.items.size();
    if (is_key && value.kind != YamlValue::Kind::Scalar) {
      throw InvalidFile(
          {{path_, value.line, "", "a key must be a word, found " + value.description()}});
    }
    (is_key ? parent.keys : parent.items).push_back(std::move(value));
  }

  void report_duplicates(const YamlValue& map) {
    std::vector<const YamlValue*> keys;
    keys.reserve(map.keys.size());
    for (const YamlValue& key : map.keys) keys.push_back(&key);
    std::stable_sort(keys.begin(), keys.end(),
                     [](const YamlValue* x, const YamlValue* y) { return x->text < y->text; });
    for (std::size_t i = 1; i < keys.size(); ++i) {
      if (keys[i]->text != keys[i - 1]->text) continue;
      problems_.push_back(
          {path_, keys[i]->line, keys[i]->text,
           "duplicate key, first given on line " + std::to_string(keys[i - 1]->line)});
    }
  }

  const std::string& path_;
  std::vector<Problem>& problems_;
  std::vector<YamlValue> open_;
  YamlValue root_;
};

/// Refuses a second document and later ones by building nothing.
class SecondDocument final : public YAML::EventHandler {
 public:
  explicit SecondDocument(const std::string& path) : path_(path) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    throw InvalidFile({{path_, mark.line + 1, "", "a second YAML document; one is needed"}});
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

 private:
  const std::string& path_;
};

/// Refuses brackets that open by the thousand: yaml-cpp would read all of them before the first
/// event. Those in strings and comments count too, and no real file has nearly as many.
void check_brackets(const InputFile& file) {
  constexpr int kMaxOpen = 1'000;
  int open = 0;
  int line = 1;
  for (const char c : file.text) {
    if (c == '\n') ++line;
    if (c == '[' || c == '{') ++open;
    if ((c == ']' || c == '}') && open > 0) --open;
    if (open > kMaxOpen) {
      throw InvalidFile(
          {{file.path, line, "",
            "nested deeper than " + std::to_string(kMaxDepth) + " levels, the limit"}});
    }
  }
}

}  // namespace

const YamlValue* YamlValue::find(std::string_view key) const {
  const auto found = std::find_if(keys.begin(), keys.end(),
                                  [key](const YamlValue& each) { return each.text == key; });
  if (kind != Kind::Map || found == keys.end()) return nullptr;
  return &items[static_cast<std::size_t>(found - keys.begin())];
}

std::string YamlValue::description() const {
  switch (kind) {
    case Kind::Null:
      return "nothing";
    case Kind::Scalar:
      return "'" + text.substr(0, 60) + "'";
    case Kind::Sequence:
      return "a list of " + std::to_string(items.size());
    case Kind::Map:
      return "a map";
  }
  return "";
}

YamlValue parse_yaml(const InputFile& file) {
  check_brackets(file);
  std::vector<Problem> problems;
  TreeBuilder builder(file.path, problems);
  try {
    std::istringstream in(file.text);
    YAML::Parser parser(in);
    parser.HandleNextDocument(builder);
    SecondDocument second(file.path);
    parser.HandleNextDocument(second);
  } catch (const YAML::Exception& error) {
    throw InvalidFile({{file.path, error.mark.line + 1, "", "Invalid YAML: " + error.msg}});
  }
  if (!problems.empty()) throw InvalidFile(std::move(problems));
  return builder.take();
}

}  // namespace ttmesh::mesh
