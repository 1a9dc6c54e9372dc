#include "ops/op_table.hpp"

#include "ops/activate.hpp"
#include "ops/add.hpp"
#include "ops/argmax.hpp"
#include "ops/chunked_scaled_dot_product_attention.hpp"
#include "ops/concat.hpp"
#include "ops/copy.hpp"
#include "ops/embedding.hpp"
#include "ops/fast_reduce_nc.hpp"
#include "ops/full.hpp"
#include "ops/kv_cache.hpp"
#include "ops/layer_norm.hpp"
#include "ops/layer_norm_post_all_gather.hpp"
#include "ops/layer_norm_pre_all_gather.hpp"
#include "ops/matmul.hpp"
#include "ops/mesh_partition.hpp"
#include "ops/mul.hpp"
#include "ops/nlp_concat_heads.hpp"
#include "ops/nlp_concat_heads_decode.hpp"
#include "ops/nlp_create_qkv_heads.hpp"
#include "ops/nlp_create_qkv_heads_decode.hpp"
#include "ops/pad.hpp"
#include "ops/permute.hpp"
#include "ops/place_as.hpp"
#include "ops/random_normal.hpp"
#include "ops/repeat.hpp"
#include "ops/reshape.hpp"
#include "ops/rms_norm.hpp"
#include "ops/rms_norm_post_all_gather.hpp"
#include "ops/rms_norm_pre_all_gather.hpp"
#include "ops/rotary_embedding_llama.hpp"
#include "ops/rotary_embedding_llama_fused_qk.hpp"
#include "ops/sampling.hpp"
#include "ops/scaled_dot_product_attention.hpp"
#include "ops/scaled_dot_product_attention_decode.hpp"
#include "ops/slice.hpp"
#include "ops/softmax.hpp"
#include "ops/to_memory_config.hpp"
#include "ops/topk.hpp"
#include "ops/transpose.hpp"
#include "ops/typecast.hpp"

namespace ttmesh::ops {

void register_ops(mesh::OpTable& table) {
  table.add("activate", activate_definition());
  table.add("add", add_definition());
  table.add("argmax", argmax_definition());
  table.add("chunked_scaled_dot_product_attention",
            chunked_scaled_dot_product_attention_definition());
  table.add("concat", concat_definition());
  table.add("copy", copy_definition());
  table.add("embedding", embedding_definition());
  table.add("fast_reduce_nc", fast_reduce_nc_definition());
  table.add("fill_cache", fill_cache_definition());
  table.add("full", full_definition());
  table.add("layer_norm", layer_norm_definition());
  table.add("layer_norm_post_all_gather", layer_norm_post_all_gather_definition());
  table.add("layer_norm_pre_all_gather", layer_norm_pre_all_gather_definition());
  table.add("linear", linear_definition());
  table.add("matmul", matmul_definition());
  table.add("mesh_partition", mesh_partition_definition());
  table.add("mul", mul_definition());
  table.add("nlp_concat_heads", nlp_concat_heads_definition());
  table.add("nlp_concat_heads_decode", nlp_concat_heads_decode_definition());
  table.add("nlp_create_qkv_heads", nlp_create_qkv_heads_definition());
  table.add("nlp_create_qkv_heads_decode", nlp_create_qkv_heads_decode_definition());
  table.add("pad", pad_definition());
  table.add("paged_fill_cache", paged_fill_cache_definition());
  table.add("paged_scaled_dot_product_attention_decode",
            paged_scaled_dot_product_attention_decode_definition());
  table.add("paged_update_cache", paged_update_cache_definition());
  table.add("permute", permute_definition());
  table.add("place_as", place_as_definition());
  table.add("random_normal", random_normal_definition());
  table.add("repeat", repeat_definition());
  table.add("reshape", reshape_definition());
  table.add("rms_norm", rms_norm_definition());
  table.add("rms_norm_post_all_gather", rms_norm_post_all_gather_definition());
  table.add("rms_norm_pre_all_gather", rms_norm_pre_all_gather_definition());
  table.add("rotary_embedding_llama", rotary_embedding_llama_definition());
  table.add("rotary_embedding_llama_fused_qk", rotary_embedding_llama_fused_qk_definition());
  table.add("sampling", sampling_definition());
  table.add("scaled_dot_product_attention", scaled_dot_product_attention_definition());
  table.add("scaled_dot_product_attention_decode",
            scaled_dot_product_attention_decode_definition());
  table.add("slice", slice_definition());
  table.add("softmax", softmax_definition());
  table.add("to_memory_config", to_memory_config_definition());
  table.add("topk", topk_definition());
  table.add("transpose", transpose_definition());
  table.add("typecast", typecast_definition());
}

}  // namespace ttmesh::ops
