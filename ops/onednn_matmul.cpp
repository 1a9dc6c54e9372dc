#include "ops/onednn_matmul.hpp"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>
#include <utility>

#include "mesh/tensor/block.hpp"

namespace ttmesh::ops {
namespace {

using dnnl::memory;
using Tag = dnnl::memory::format_tag;

// Bounds of the caches: a model has some tens of shapes, each with a few numbers of rows.
constexpr std::size_t kPreparedProducts = 512;
constexpr std::size_t kProductsPerThread = 128;

// The rows for which oneDNN is asked how it would like a weight; the order that it names serves
// every number of rows.
constexpr std::int64_t kPackingRows = 256;

// oneDNN splits its work over the OpenMP threads of the caller, when a primitive is made and when
// it runs. Here chips are the parallelism, so a caller has one, and its own number back afterwards.
class OpenMpThreads {
 public:
  explicit OpenMpThreads(int threads) : before_(omp_get_max_threads()) {
    if (threads != before_) omp_set_num_threads(threads);
  }
  ~OpenMpThreads() { omp_set_num_threads(before_); }
  OpenMpThreads(const OpenMpThreads&) = delete;
  OpenMpThreads& operator=(const OpenMpThreads&) = delete;

 private:
  int before_;
};

const dnnl::engine& cpu() {
  static const dnnl::engine kCpu(dnnl::engine::kind::cpu, 0);
  return kCpu;
}

dnnl::stream& stream() {
  thread_local dnnl::stream stream(cpu());
  return stream;
}

memory::data_type data_type(mesh::HeldType type) {
  return type == mesh::HeldType::Bfloat16 ? memory::data_type::bf16 : memory::data_type::f32;
}

memory::desc plain_desc(const PackedMatrix& matrix) {
  return {{matrix.k, matrix.n}, data_type(matrix.type), Tag::ab};
}

memory::desc packed_desc(const PackedMatrix& matrix) {
  const auto type = data_type(matrix.type);
  const dnnl::matmul::desc wanted({{kPackingRows, matrix.k}, type, Tag::ab},
                                  {{matrix.k, matrix.n}, type, Tag::any},
                                  {{kPackingRows, matrix.n}, memory::data_type::f32, Tag::ab});
  return dnnl::matmul::primitive_desc(wanted, cpu()).weights_desc();
}

struct Prepared {
  dnnl::matmul primitive;
  memory::desc a;
  memory::desc b;
  memory::desc c;
  memory::desc scratchpad;
};

std::shared_ptr<const Prepared> prepare(const OneDnnMatmul& product) {
  const auto& [batches, m, k, n, a_repeats, c_stride, in, out, b_packed, b_transposed, accumulates,
               threads] = product;
  const auto in_type = data_type(in);
  const auto out_type = data_type(out);
  auto prepared = std::make_shared<Prepared>();
  if (batches == 1) {
    prepared->a = {{m, k}, in_type, Tag::ab};
    prepared->b = b_packed ? packed_desc({.k = k, .n = n, .type = in})
                           : memory::desc({k, n}, in_type, b_transposed ? Tag::ba : Tag::ab);
    prepared->c = {{m, n}, out_type, memory::dims{c_stride, 1}};
  } else {
    prepared->a = {{a_repeats ? 1 : batches, m, k}, in_type, Tag::abc};
    prepared->b = {{batches, k, n}, in_type, Tag::abc};
    prepared->c = {{batches, m, n}, out_type, memory::dims{m * c_stride, c_stride, 1}};
  }
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (accumulates) {
    dnnl::post_ops after;
    after.append_sum(1.0F);
    attributes.set_post_ops(after);
  }
  const dnnl::matmul::primitive_desc description({prepared->a, prepared->b, prepared->c},
                                                 attributes, cpu());
  prepared->scratchpad = description.scratchpad_desc();
  prepared->primitive = dnnl::matmul(description);
  return prepared;
}

// Prepared products of the process; the one that was not asked for longest goes first.
class PreparedProducts {
 public:
  std::shared_ptr<const Prepared> at(const OneDnnMatmul& product) {
    const std::lock_guard lock(mutex_);
    Entry& entry = entries_[product];
    entry.asked = ++clock_;
    if (entry.prepared) return entry.prepared;
    std::shared_ptr<const Prepared> prepared = prepare(product);
    entry.prepared = prepared;
    if (entries_.size() > kPreparedProducts) {
      entries_.erase(std::min_element(entries_.begin(), entries_.end(), [](auto& x, auto& y) {
        return x.second.asked < y.second.asked;
      }));
    }
    return prepared;
  }

 private:
  struct Entry {
    std::shared_ptr<const Prepared> prepared;
    std::uint64_t asked = 0;
  };

  std::mutex mutex_;
  std::map<OneDnnMatmul, Entry> entries_;
  std::uint64_t clock_ = 0;
};

PreparedProducts& prepared_products() {
  static PreparedProducts products;
  return products;
}

// What one thread hands to a prepared product; made once, since making it costs more than using it.
struct Arguments {
  std::shared_ptr<const Prepared> prepared;
  memory a;
  memory b;
  memory c;
  memory scratchpad;
  std::unordered_map<int, memory> by_role;

  explicit Arguments(std::shared_ptr<const Prepared> product)
      : prepared(std::move(product)),
        a(prepared->a, cpu(), nullptr),
        b(prepared->b, cpu(), nullptr),
        c(prepared->c, cpu(), nullptr),
        scratchpad(prepared->scratchpad, cpu(), nullptr),
        by_role{{DNNL_ARG_SRC, a},
                {DNNL_ARG_WEIGHTS, b},
                {DNNL_ARG_DST, c},
                {DNNL_ARG_SCRATCHPAD, scratchpad}} {}
};

Arguments& arguments_of(const OneDnnMatmul& product) {
  thread_local std::map<OneDnnMatmul, Arguments> known;
  if (const auto found = known.find(product); found != known.end()) return found->second;
  if (known.size() >= kProductsPerThread) known.clear();
  return known.emplace(product, prepared_products().at(product)).first->second;
}

std::byte* scratchpad(std::size_t bytes) {
  thread_local std::unique_ptr<mesh::Buffer> buffer;
  if (!buffer || buffer->size() < bytes) buffer = std::make_unique<mesh::Buffer>(bytes);
  return buffer->data();
}

void* handle(const std::byte* data) { return const_cast<std::byte*>(data); }

void reorder(const memory::desc& from, const std::byte* in, const memory::desc& to,
             std::byte* out) {
  const OpenMpThreads one(1);
  memory source(from, cpu(), handle(in));
  memory target(to, cpu(), out);
  dnnl::reorder(source, target).execute(stream(), source, target);
}

}  // namespace

void execute(const OneDnnMatmul& product, const std::byte* a, const std::byte* b, std::byte* c) {
  const OpenMpThreads threads(product.threads);
  Arguments& arguments = arguments_of(product);
  arguments.a.set_data_handle(handle(a));
  arguments.b.set_data_handle(handle(b));
  arguments.c.set_data_handle(c);
  arguments.scratchpad.set_data_handle(scratchpad(arguments.prepared->scratchpad.get_size()));
  arguments.prepared->primitive.execute(stream(), arguments.by_role);
}

std::size_t packed_bytes(const PackedMatrix& matrix) {
  const OpenMpThreads one(1);
  return packed_desc(matrix).get_size();
}

void pack(const PackedMatrix& matrix, const std::byte* plain, std::byte* packed) {
  const OpenMpThreads one(1);
  reorder(plain_desc(matrix), plain, packed_desc(matrix), packed);
}

void unpack(const PackedMatrix& matrix, const std::byte* packed, std::byte* plain) {
  const OpenMpThreads one(1);
  reorder(packed_desc(matrix), packed, plain_desc(matrix), plain);
}

bool has_native_bfloat16() {
  constexpr auto kNeeded = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_bf16);
  static const bool kNative =
      (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & kNeeded) == kNeeded;
  return kNative;
}

std::string onednn_instructions() {
  using dnnl::cpu_isa;
  const cpu_isa isa = dnnl::get_effective_cpu_isa();
  for (const auto& [known, name] :
       {std::pair(cpu_isa::sse41, "SSE41"), std::pair(cpu_isa::avx, "AVX"),
        std::pair(cpu_isa::avx2, "AVX2"), std::pair(cpu_isa::avx2_vnni, "AVX2_VNNI"),
        std::pair(cpu_isa::avx512_core, "AVX512_CORE"),
        std::pair(cpu_isa::avx512_core_vnni, "AVX512_CORE_VNNI"),
        std::pair(cpu_isa::avx512_core_bf16, "AVX512_CORE_BF16"),
        std::pair(cpu_isa::avx512_core_amx, "AVX512_CORE_AMX")}) {
    if (isa == known) return name;
  }
  return fmt::format("{:#x}", static_cast<unsigned>(isa));  // Newer than this list.
}

std::string onednn_version() {
  const dnnl_version_t* version = dnnl_version();
  return fmt::format("{}.{}.{}", version->major, version->minor, version->patch);
}

}  // namespace ttmesh::ops
