#include "mesh/topology/yaml_value.hpp"

#include <yaml.h>

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "mesh/topology/error.hpp"

namespace ttmesh::mesh {
namespace {

constexpr std::size_t kMaxDepth = 32;
/// Keys included. The largest file has fewer, if they are of a real file's length.
constexpr int kMaxValues = 4'000'000;

int line_of(const yaml_mark_t& mark) { return static_cast<int>(mark.line) + 1; }

std::string_view text_of(const yaml_char_t* text) {
  return text == nullptr ? "" : reinterpret_cast<const char*>(text);
}

/// An event of libyaml's, freed with the object.
class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { yaml_event_delete(&event_); }

  yaml_event_t* get() { return &event_; }
  const yaml_event_t* operator->() const { return &event_; }

 private:
  yaml_event_t event_{};
};

/// libyaml's parser over the bytes of a file.
class EventSource {
 public:
  explicit EventSource(const InputFile& file) : file_(file) {
    if (yaml_parser_initialize(&parser_) == 0) throw std::bad_alloc();
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(file.text.data()),
                                 file.text.size());
  }
  EventSource(const EventSource&) = delete;
  EventSource& operator=(const EventSource&) = delete;
  ~EventSource() { yaml_parser_delete(&parser_); }

  void next(Event& event) {
    if (yaml_parser_parse(&parser_, event.get()) != 0) return;
    if (parser_.error == YAML_MEMORY_ERROR) throw std::bad_alloc();
    int line = line_of(parser_.problem_mark);
    if (parser_.error == YAML_READER_ERROR) {  // Such an error has an offset and no mark.
      const std::size_t offset = std::min(parser_.problem_offset, file_.text.size());
      const auto begin = file_.text.begin();
      line = 1 +
             static_cast<int>(std::count(begin, begin + static_cast<std::ptrdiff_t>(offset), '\n'));
    }
    std::string what = "Invalid YAML: ";
    what += parser_.problem == nullptr ? "it cannot be read" : parser_.problem;
    if (parser_.context != nullptr) what += std::string(", ") + parser_.context;
    throw InvalidFile({{file_.path, line, "", what}});
  }

 private:
  const InputFile& file_;
  yaml_parser_t parser_{};
};

/// Builds the tree from the parser's events. `open_` are the collections around the next event,
/// outermost first; a map among them waits for a key whenever it has as many keys as items.
class TreeBuilder {
 public:
  explicit TreeBuilder(const InputFile& file) : file_(file) {}

  YamlValue build() {
    EventSource source(file_);
    int documents = 0;
    while (true) {
      Event event;
      source.next(event);
      if (event->type == YAML_STREAM_END_EVENT) break;
      if (event->type == YAML_DOCUMENT_START_EVENT && ++documents > 1) {
        refuse(event->start_mark, "a second YAML document; one is needed");
      }
      handle(*event.get());
    }
    if (!problems_.empty()) throw InvalidFile(std::move(problems_));
    return std::move(root_);
  }

 private:
  void handle(const yaml_event_t& event) {
    switch (event.type) {
      case YAML_ALIAS_EVENT:
        refuse(event.start_mark, "an alias is not accepted; write the value out");
      case YAML_SCALAR_EVENT:
        check(event, event.data.scalar.anchor, event.data.scalar.tag);
        add(scalar(event));
        break;
      case YAML_SEQUENCE_START_EVENT:
        check(event, event.data.sequence_start.anchor, event.data.sequence_start.tag);
        open(event.start_mark, YamlValue::Kind::Sequence);
        break;
      case YAML_MAPPING_START_EVENT:
        check(event, event.data.mapping_start.anchor, event.data.mapping_start.tag);
        open(event.start_mark, YamlValue::Kind::Map);
        break;
      case YAML_MAPPING_END_EVENT:
        report_duplicates(open_.back());
        close();
        break;
      case YAML_SEQUENCE_END_EVENT:
        close();
        break;
      default:
        break;
    }
  }

  static YamlValue scalar(const yaml_event_t& event) {
    const auto& scalar = event.data.scalar;
    const std::string_view text(reinterpret_cast<const char*>(scalar.value), scalar.length);
    constexpr std::array<std::string_view, 5> kNulls{"", "~", "null", "Null", "NULL"};
    const bool quoted = scalar.style != YAML_PLAIN_SCALAR_STYLE || scalar.plain_implicit == 0;
    const int line = line_of(event.start_mark);
    if (!quoted && std::find(kNulls.begin(), kNulls.end(), text) != kNulls.end()) {
      return {.kind = YamlValue::Kind::Null, .line = line};
    }
    return {
        .kind = YamlValue::Kind::Scalar, .line = line, .quoted = quoted, .text = std::string(text)};
  }

  [[noreturn]] void refuse(const yaml_mark_t& mark, const std::string& what) const {
    throw InvalidFile({{file_.path, line_of(mark), "", what}});
  }

  void check(const yaml_event_t& event, const yaml_char_t* anchor, const yaml_char_t* tag) const {
    if (anchor != nullptr) {
      refuse(event.start_mark, "an anchor is not accepted; write the value where it is used");
    }
    if (tag == nullptr || text_of(tag) == "!") return;
    refuse(event.start_mark,
           "the tag '" + std::string(text_of(tag)) + "' is not accepted; write a plain value");
  }

  void open(const yaml_mark_t& mark, YamlValue::Kind kind) {
    if (open_.size() == kMaxDepth) {
      refuse(mark, "nested deeper than " + std::to_string(kMaxDepth) + " levels, the limit");
    }
    open_.push_back({.kind = kind, .line = line_of(mark)});
  }

  void close() {
    YamlValue done = std::move(open_.back());
    open_.pop_back();
    add(std::move(done));
  }

  void add(YamlValue value) {
    if (++values_ > kMaxValues) {
      throw InvalidFile({{file_.path, value.line, "",
                          "more than " + std::to_string(kMaxValues) + " values, the limit"}});
    }
    if (open_.empty()) {
      root_ = std::move(value);
      return;
    }
    YamlValue& parent = open_.back();
    const bool is_key =
        parent.kind == YamlValue::Kind::Map && parent.keys.size() == parent.items.size();
    if (is_key && value.kind != YamlValue::Kind::Scalar) {
      throw InvalidFile(
          {{file_.path, value.line, "", "a key must be a word, found " + value.description()}});
    }
    std::vector<YamlValue>& values = is_key ? parent.keys : parent.items;
    if (values.empty()) values.reserve(2);  // A link's end: a chip and a channel.
    values.push_back(std::move(value));
  }

  void report_duplicates(const YamlValue& map) {
    if (map.keys.size() < 2) return;
    sorted_.clear();
    for (const YamlValue& key : map.keys) sorted_.push_back(&key);
    std::stable_sort(sorted_.begin(), sorted_.end(),
                     [](const YamlValue* x, const YamlValue* y) { return x->text < y->text; });
    for (std::size_t i = 1; i < sorted_.size(); ++i) {
      if (sorted_[i]->text != sorted_[i - 1]->text) continue;
      problems_.push_back(
          {file_.path, sorted_[i]->line, sorted_[i]->text,
           "duplicate key, first given on line " + std::to_string(sorted_[i - 1]->line)});
    }
  }

  const InputFile& file_;
  std::vector<Problem> problems_;
  std::vector<YamlValue> open_;
  std::vector<const YamlValue*> sorted_;  ///< Keys of the map that is being closed.
  YamlValue root_;
  int values_ = 0;
};

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

YamlValue parse_yaml(const InputFile& file) { return TreeBuilder(file).build(); }

}  // namespace ttmesh::mesh
