#include "mesh/topology/mgd2_text.hpp"

#include <google/protobuf/io/tokenizer.h>

#include <string_view>
#include <utility>

namespace ttmesh::mesh {
namespace {

/// Nesting of messages and lists. Protobuf limits messages, but not the lists that it skips.
constexpr int kMaxDepth = 100;
constexpr const char* kHeading = "Failed to parse MeshGraphDescriptor textproto";

class Collector final : public google::protobuf::io::ErrorCollector {
 public:
  Collector(const std::string& file, std::vector<Problem>& warnings)
      : file_(file), warnings_(warnings) {}

  void AddError(int line, google::protobuf::io::ColumnNumber, const std::string& message) override {
    errors_.push_back({file_, line + 1, "", message});
  }
  void AddWarning(int line, google::protobuf::io::ColumnNumber,
                  const std::string& message) override {
    constexpr std::size_t kMaxWarnings = 100;
    if (warnings_.size() < kMaxWarnings) warnings_.push_back({file_, line + 1, "", message});
  }

  std::vector<Problem> take_errors() { return std::move(errors_); }

 private:
  const std::string& file_;
  std::vector<Problem>& warnings_;
  std::vector<Problem> errors_;
};

/// Refuses nesting beyond kMaxDepth before anything recurses over it. Brackets in strings and
/// comments do not count.
void check_depth(const InputFile& file) {
  int depth = 0;
  int line = 1;
  char quote = 0;
  bool comment = false;
  for (std::size_t i = 0; i < file.text.size(); ++i) {
    const char c = file.text[i];
    if (c == '\n') {
      ++line;
      comment = false;
      quote = 0;  // A string ends with its line, rightly or not.
    } else if (comment) {
      continue;
    } else if (quote != 0) {
      if (c == '\\') {
        if (i + 1 < file.text.size() && file.text[i + 1] != '\n') ++i;
      } else if (c == quote) {
        quote = 0;
      }
    } else if (c == '#') {
      comment = true;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '{' || c == '<' || c == '[') {
      ++depth;
    } else if (c == '}' || c == '>' || c == ']') {
      --depth;
    }
    if (depth > kMaxDepth) {
      throw InvalidFile(
          kHeading, {{file.path, line, "",
                      "nested deeper than " + std::to_string(kMaxDepth) + " levels, the limit"}});
    }
  }
}

}  // namespace

Mgd2Place::Mgd2Place(std::string file, const Tree* tree)
    : file_(std::move(file)), tree_(tree), type_(proto::MeshGraphDescriptor::descriptor()) {}

Mgd2Place Mgd2Place::at(const char* field, int index) const {
  Mgd2Place place = *this;
  if (!place.path_.empty()) place.path_ += '.';
  place.path_ += field;
  if (index >= 0) place.path_ += "[" + std::to_string(index) + "]";
  const google::protobuf::FieldDescriptor* descriptor = type_->FindFieldByName(field);
  place.tree_ = nullptr;
  place.type_ = descriptor->message_type();
  if (tree_ != nullptr && descriptor->is_repeated() == (index >= 0)) {
    const auto location = tree_->GetLocation(descriptor, index);
    if (location.line >= 0) place.line_ = location.line + 1;
    if (place.type_ != nullptr) place.tree_ = tree_->GetTreeForNested(descriptor, index);
  }
  return place;
}

Mgd2Document parse_mgd2_text(const InputFile& file) {
  check_depth(file);
  auto lines = std::make_unique<Mgd2Place::Tree>();
  Mgd2Place root(file.path, lines.get());
  Mgd2Document document{{}, std::move(lines), {}, std::move(root)};
  Collector collector(file.path, document.warnings);
  google::protobuf::TextFormat::Parser parser;
  parser.AllowUnknownField(true);
  parser.SetRecursionLimit(kMaxDepth);
  parser.RecordErrorsTo(&collector);
  parser.WriteLocationsTo(document.lines.get());
  if (!parser.ParseFromString(file.text, &document.descriptor)) {
    throw InvalidFile(kHeading, collector.take_errors());
  }
  return document;
}

}  // namespace ttmesh::mesh
