#include "modules/model/generate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <variant>

#include "mesh/device/transfer.hpp"
#include "sim/philox.hpp"

namespace ttmesh::modules {
namespace {

using Clock = std::chrono::steady_clock;
using mesh::Tensor;

/// Rows of prompts that are prefilled at once, if there are several.
constexpr std::int64_t kPrefillRows = 2048;

std::int64_t longest_prompt(const GenerateRequest& request) {
  std::size_t longest = 0;
  for (const auto& prompt : request.prompts) longest = std::max(longest, prompt.size());
  return static_cast<std::int64_t>(longest);
}

// Users whose prompts have one padded length, in powers of two, so that their rows fold.
std::vector<PromptBatch> batches_of(const GenerateRequest& request, std::int64_t prefill_chunk) {
  std::map<std::int64_t, std::vector<int>> by_length;
  for (std::size_t user = 0; user < request.prompts.size(); ++user) {
    const auto length = static_cast<std::int64_t>(request.prompts[user].size());
    by_length[padded_prompt(length)].push_back(static_cast<int>(user));
  }
  std::vector<PromptBatch> batches;
  for (const auto& [length, users] : by_length) {
    std::size_t first = 0;
    while (first < users.size()) {
      std::size_t count = 1;
      while (length <= prefill_chunk && 2 * count <= users.size() - first &&
             2 * static_cast<std::int64_t>(count) * length <= kPrefillRows) {
        count *= 2;
      }
      PromptBatch batch{.users = {}, .tokens = {}, .padded_length = length};
      for (std::size_t i = first; i < first + count; ++i) {
        batch.users.push_back(users[i]);
        batch.tokens.push_back(request.prompts[static_cast<std::size_t>(users[i])]);
      }
      batches.push_back(std::move(batch));
      first += count;
    }
  }
  return batches;
}

// Who goes on, and where.
class Users {
 public:
  /// `stop_tokens` are the request's, or none without values.
  Users(int max_new_tokens, std::vector<std::uint32_t> stop_tokens, std::size_t rows)
      : max_new_tokens_(max_new_tokens),
        stop_tokens_(std::move(stop_tokens)),
        last_(rows, 0),
        positions_(rows, -1) {}

  /// Gives a user its next token; `position` is where that belongs.
  void take(std::size_t user, std::uint32_t token, std::int64_t position,
            std::vector<std::vector<std::uint32_t>>& tokens) {
    tokens[user].push_back(token);
    last_[user] = token;
    const bool stops = std::ranges::find(stop_tokens_, token) != stop_tokens_.end();
    const bool full = static_cast<int>(tokens[user].size()) >= max_new_tokens_;
    positions_[user] = stops || full ? -1 : position;
  }

  bool goes_on(std::size_t user) const { return positions_[user] >= 0; }
  bool any_goes_on() const {
    return std::ranges::any_of(positions_, [](std::int64_t position) { return position >= 0; });
  }
  /// By row of a decode; -1 idles.
  const std::vector<std::int64_t>& positions() const { return positions_; }
  const std::vector<std::uint32_t>& last() const { return last_; }

 private:
  int max_new_tokens_;
  std::vector<std::uint32_t> stop_tokens_;
  std::vector<std::uint32_t> last_;
  std::vector<std::int64_t> positions_;
};

// The tokens on the controller, after a blocking read; zeros without values.
std::vector<std::uint32_t> read_tokens(const Tensor& tokens) {
  if (tokens.device().timing_only()) {
    mesh::wait_as_read(tokens);
    return std::vector<std::uint32_t>(static_cast<std::size_t>(tokens.shape().volume()), 0);
  }
  return std::get<std::vector<std::uint32_t>>(mesh::to_host(tokens).values);
}

// "decode.layers.3.attention_1d.decode_forward" -> "layers.3" of the decode.
struct Part {
  bool decode;
  std::string name;
};

Part part_of(std::string_view issuer) {
  const std::size_t dot = issuer.find('.');
  const std::string_view phase = issuer.substr(0, dot);
  std::string_view rest = dot == std::string_view::npos ? "" : issuer.substr(dot + 1);
  std::string name = "embedding";
  if (rest.starts_with("layers.")) {
    const std::size_t end = rest.find('.', 7);
    name = std::string(rest.substr(0, end));
  } else if (rest.starts_with("head") || rest.starts_with("sampling")) {
    name = std::string(rest.substr(0, rest.find('.')));
  }
  return {phase == "decode", std::move(name)};
}

// Each command counts as long as it kept the slowest chip busy.
std::vector<PartTime> parts_of(const mesh::Report& report) {
  std::vector<PartTime> parts;
  std::map<std::string, std::size_t> index;
  const std::vector<mesh::ChipUse>& uses = report.uses;
  for (std::size_t i = 0; i < uses.size();) {
    sim::Time longest;
    std::size_t end = i;
    for (; end < uses.size() && uses[end].use.command == uses[i].use.command; ++end) {
      longest = std::max(longest, uses[end].use.end - uses[end].use.start);
    }
    const Part part = part_of(mesh::name_of(report, uses[i].use.command).issuer);
    const auto [found, added] = index.emplace(part.name, parts.size());
    if (added) parts.push_back({.name = part.name, .prefill = {}, .decode = {}});
    PartTime& time = parts[found->second];
    (part.decode ? time.decode : time.prefill) += longest;
    i = end;
  }
  return parts;
}

}  // namespace

double GenerateResult::tokens_per_s_user() const {
  constexpr double kPicoseconds = 1e12;
  if (decode_steps == 0) return 0.0;
  const double each = static_cast<double>(decoded_tokens) / users;
  return each * kPicoseconds / static_cast<double>(decode_time.ps());
}

std::vector<std::vector<std::uint32_t>> random_prompts(const RandomPrompts& prompts) {
  std::vector<std::vector<std::uint32_t>> all(static_cast<std::size_t>(prompts.users));
  for (std::size_t user = 0; user < all.size(); ++user) {
    for (std::int64_t i = 0; i < prompts.length; ++i) {
      const auto bits =
          sim::philox4x32({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(user), 0, 0},
                          {static_cast<std::uint32_t>(prompts.seed),
                           static_cast<std::uint32_t>(prompts.seed >> 32U)});
      all[user].push_back(
          static_cast<std::uint32_t>(bits[0] % static_cast<std::uint64_t>(prompts.vocab)));
    }
  }
  return all;
}

std::int64_t cache_length(const GenerateRequest& request, std::int64_t prefill_chunk) {
  constexpr std::int64_t kUnit = 128;
  const auto whole = [](std::int64_t length, std::int64_t unit) {
    return (length + unit - 1) / unit * unit;
  };
  const std::int64_t longest = longest_prompt(request);
  const std::int64_t rows = padded_prompt(longest);
  return std::max(whole(longest + request.max_new_tokens, kUnit),
                  rows > prefill_chunk ? whole(longest, prefill_chunk) : rows);
}

void require_prompts(const ModelSpec& spec, const GenerateRequest& request) {
  if (request.prompts.empty() || request.max_new_tokens < 1) {
    throw std::invalid_argument(
        fmt::format("[generate] {} prompts and {} new tokens, needs at least one of each",
                    request.prompts.size(), request.max_new_tokens));
  }
  for (std::size_t user = 0; user < request.prompts.size(); ++user) {
    const std::vector<std::uint32_t>& prompt = request.prompts[user];
    if (prompt.empty()) {
      throw std::invalid_argument(
          fmt::format("[generate] the prompt of user {} is empty, needs a token", user));
    }
    const auto outside = std::ranges::find_if(prompt, [&](std::uint32_t token) {
      return static_cast<std::int64_t>(token) >= spec->vocab;
    });
    if (outside != prompt.end()) {
      throw std::invalid_argument(fmt::format(
          "[generate] the prompt of user {} has token {}, needs 0 to {}: {}'s vocabulary", user,
          *outside, spec->vocab - 1, spec->name));
    }
    const std::int64_t length = static_cast<std::int64_t>(prompt.size()) + request.max_new_tokens;
    if (length > spec->max_positions) {
      throw std::invalid_argument(fmt::format(
          "[generate] user {} has a prompt of {} tokens and asks for {} new ones, {} has positions "
          "for {}",
          user, prompt.size(), request.max_new_tokens, spec->name, spec->max_positions));
    }
  }
}

GenerateResult generate(Model& model, const GenerateRequest& request,
                        const ProgressCallback& progress) {
  require_prompts(model.config().spec, request);
  mesh::MeshDevice device = model.config().device;
  const auto users = request.prompts.size();
  const auto rows = static_cast<std::size_t>(model.config().max_batch_size);
  if (users > rows) {
    throw std::invalid_argument(
        fmt::format("[generate] {} prompts, the model has room for {} users", users, rows));
  }
  model.load_device_weights(progress);
  if (request.program) device.record_program();
  const std::size_t first_command = device.program().size();
  device.start_recording(request.trace);
  const sim::Time begin = device.now();
  const Clock::time_point wall_begin = Clock::now();

  GenerateResult result;
  result.users = static_cast<int>(users);
  result.tokens.resize(users);
  Users state(request.max_new_tokens,
              device.timing_only() ? std::vector<std::uint32_t>{} : request.stop_tokens, rows);
  const std::vector<PromptBatch> batches = batches_of(request, model.config().prefill_chunk);
  for (std::size_t i = 0; i < batches.size(); ++i) {
    if (progress) {
      progress(
          {"prefill", static_cast<std::int64_t>(i), static_cast<std::int64_t>(batches.size())});
    }
    const mesh::CallScope scope(device, "prefill");
    const std::vector<std::uint32_t> tokens =
        read_tokens(model.likeliest(model.prefill_forward(batches[i])));
    for (std::size_t row = 0; row < batches[i].users.size(); ++row) {
      const auto user = static_cast<std::size_t>(batches[i].users[row]);
      state.take(user, tokens[row], static_cast<std::int64_t>(request.prompts[user].size()),
                 result.tokens);
    }
  }
  result.time_to_first_token = device.now() - begin;

  const Clock::time_point decode_begin = Clock::now();
  Tensor tokens;
  {
    const mesh::CallScope scope(device, "decode");
    if (state.any_goes_on()) tokens = model.token_tensor(state.last());
  }
  while (state.any_goes_on()) {
    if (progress) progress({"decode", result.decode_steps, request.max_new_tokens - 1});
    const mesh::CallScope scope(device, "decode");
    tokens = model.likeliest(model.decode_forward(tokens, state.positions()));
    const std::vector<std::uint32_t> next = read_tokens(tokens);
    for (std::size_t user = 0; user < users; ++user) {
      if (!state.goes_on(user)) continue;
      state.take(user, next[user], state.positions()[user] + 1, result.tokens);
      ++result.decoded_tokens;
    }
    ++result.decode_steps;
  }
  result.decode_time = device.now() - begin - result.time_to_first_token;
  result.decode_wall_time = Clock::now() - decode_begin;
  device.synchronize();
  result.wall_time = Clock::now() - wall_begin;
  if (progress) progress({"decode", request.max_new_tokens - 1, request.max_new_tokens - 1});

  result.report = device.report();
  result.virtual_time = result.report.end - result.report.begin;
  result.parts = parts_of(result.report);
  const std::vector<mesh::CommandPtr>& program = device.program();
  result.program.assign(program.begin() + static_cast<std::ptrdiff_t>(first_command),
                        program.end());
  if (device.timing_only()) result.tokens.clear();
  return result;
}

}  // namespace ttmesh::modules
