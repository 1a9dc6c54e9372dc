#include <array>

#include "sim/system.hpp"

// Sources, by their short names below:
//   specs      docs.tenstorrent.com (core/aibs/{wormhole,blackhole}); tt-metal core_descriptors and
//              soc_descriptors for grids and L1
//   meshes     tt-metal tt_metal/fabric/mesh_graph_descriptors
//   dram       tt-metal tech_reports/Saturating_DRAM_bandwidth (both architectures)
//   llms       tt-metal tech_reports/LLMs/llms.md section 4.6
//   ccl        tt-metal tech_reports/CCLs/CCL_bandwidth.md and its sweeps, fitted: docs/fidelity.md
//   gemm       tt-metal tech_reports/GEMM_FLOPS/GEMM_FLOPS.md, fitted: docs/fidelity.md
//   fabric     tt-metal routing/golden/golden_bandwidth_summary_*.csv
//   noc        tt-metal ttnn/operations/data_movement/common/common.cpp
//   npe        tt-npe device models
//   dispatch   tt-metal perf_microbenchmark/dispatch/pgm_dispatch_*golden.json
//   targets    tt-metal models/demos/llama3_70b_galaxy/tests/decoder_perf_targets_6u.json
//   host       tt-metal host_device_rw_bandwidth_golden.csv
namespace ttmesh::sim {
namespace {

constexpr std::int64_t kKiB = 1 << 10;
constexpr std::int64_t kGiB = std::int64_t{1} << 30;

constexpr std::int64_t gb_per_s(std::int64_t rate) { return rate * 1'000'000'000; }
constexpr std::int64_t mb_per_s(std::int64_t rate) { return rate * 1'000'000; }

constexpr MatmulModel kWormholeMatmul{
    .unpack_bytes_per_cycle = {56'658, 1000},         // gemm
    .unpack_row_bytes_per_cycle = {48'441, 1000},     // gemm
    .tile_overhead_cycles = {842, 1000},              // gemm
    .subblock_cycles = 65,                            // gemm
    .step_cycles = 234,                               // gemm
    .pack_cycles_per_tile = 32,                       // gemm
    .overlap_loss = {198, 1000},                      // gemm
    .multicast_bytes_per_cycle = {32, 1},             // NoC link width, tt-isa-documentation
    .multicast_latency_cycles = 118,                  // gemm
    .dram_latency_cycles = 400,                       // gemm
    .core_read_interval = Time::picoseconds(36'800),  // noc: 1024 B at 27.9 GB/s
    .core_read_bytes_per_s = mb_per_s(28'400),        // noc: 2048 B
    .dram_read_bytes_per_s = gb_per_s(267),           // dram
    .dram_feed_bytes_per_s = mb_per_s(227'695),       // gemm
    .dram_write_bytes_per_s = mb_per_s(74'961),       // gemm
    .sustained_clock = {885, 1000},                   // gemm
    .sustained_after = Time::microseconds(50),  // gemm: 5 ms, over the 100 runs of that benchmark
    .launch = Time::nanoseconds(2'842),         // gemm
};

constexpr MatmulModel kBlackholeMatmul{
    .unpack_bytes_per_cycle = {114, 1},               // gemm, scaled from Wormhole
    .unpack_row_bytes_per_cycle = {98, 1},            // gemm, scaled from Wormhole
    .tile_overhead_cycles = {21, 100},                // gemm
    .subblock_cycles = 70,                            // as Wormhole
    .step_cycles = 250,                               // as Wormhole
    .pack_cycles_per_tile = 32,                       // as Wormhole
    .overlap_loss = {4, 100},                         // gemm
    .multicast_bytes_per_cycle = {64, 1},             // NoC width, dram
    .multicast_latency_cycles = 165,                  // scaled from Wormhole
    .dram_latency_cycles = 529,                       // noc
    .core_read_interval = Time::picoseconds(41'600),  // noc: 2048 B at 49.2 GB/s
    .core_read_bytes_per_s = mb_per_s(50'400),        // noc: 8192 B
    .dram_read_bytes_per_s = gb_per_s(500),           // dram
    .dram_feed_bytes_per_s = gb_per_s(243),           // gemm
    .dram_write_bytes_per_s = gb_per_s(333),          // gemm
    .sustained_clock = {99, 100},                     // gemm
    .sustained_after = Time::microseconds(50),        // as Wormhole
    .launch = Time::nanoseconds(2'380),               // scaled from Wormhole
};

/// Cores of a chip: those in use by default, and the most that an op may ask for.
struct Cores {
  CoreGrid grid;
  CoreGrid largest_grid;
  std::int64_t largest_cores;
};

constexpr ChipModel wormhole(const Cores& cores) {
  return {
      .arch = Arch::WormholeB0,
      .grid = cores.grid,
      .largest_grid = cores.largest_grid,
      .largest_cores = cores.largest_cores,
      .clock_hz = 1'000'000'000,                      // specs
      .l1_bytes_per_core = 1'499'136,                 // specs
      .dram_bytes = 12 * kGiB,                        // specs: 12 banks of 1 GiB
      .dram_banks = 12,                               // specs
      .dram_bytes_per_s = gb_per_s(267),              // dram
      .dram_sharded_bytes_per_s = gb_per_s(240),      // llms
      .dram_interleaved_bytes_per_s = gb_per_s(190),  // llms
      .dram_latency = Time::nanoseconds(460),         // noc: 358 cycles, and 0.1 us assumed
      .l1_bytes_per_cycle_per_core = 28,              // noc: l1_local_bw
      .launch = Time::nanoseconds(720),               // targets: mean traced op-to-op gap
      .dispatch_skew = Time::microseconds(2),         // targets
      .matmul = kWormholeMatmul,
  };
}

/// A Blackhole chip with `banks` DRAM channels of 4 GiB and 64 GB/s.
constexpr ChipModel blackhole(const Cores& cores, std::int64_t banks) {
  ChipModel chip{
      .arch = Arch::Blackhole,
      .grid = cores.grid,
      .largest_grid = cores.largest_grid,
      .largest_cores = cores.largest_cores,
      .clock_hz = 1'350'000'000,       // specs
      .l1_bytes_per_core = 1'572'864,  // specs
      .dram_bytes = banks * 4 * kGiB,  // specs
      .dram_banks = banks,
      .dram_bytes_per_s = banks * mb_per_s(62'500),          // dram: 500 GB/s of 8 banks
      .dram_sharded_bytes_per_s = banks * mb_per_s(56'200),  // assumed: Wormhole's 240/267 of it
      .dram_interleaved_bytes_per_s = banks * gb_per_s(43),  // dram: 344 GB/s, unplaced readers
      .dram_latency = Time::nanoseconds(490),                // noc: 529 cycles, and 0.1 us assumed
      .l1_bytes_per_cycle_per_core = 37,                     // noc: l1_local_bw, 50.2 GB/s
      .launch = Time::nanoseconds(720),                      // assumed as Wormhole
      .dispatch_skew = Time::microseconds(2),                // assumed as Wormhole
      .matmul = kBlackholeMatmul,
  };
  chip.matmul.dram_read_bytes_per_s = chip.dram_bytes_per_s;
  return chip;
}

constexpr std::int64_t kHeaderBytes = 48;  // ccl: 1D routing

constexpr LinkModel kWormholeLink{
    .bandwidth_bytes_per_s = mb_per_s(12'500),  // specs: 100 Gb/s
    .latency = Time::nanoseconds(711),          // ccl: forwarding, 1D fabric
    .packet = {.payload_bytes = 6144,           // ccl: the sweeps' packets
               .header_bytes = kHeaderBytes,
               .interval = Time::picoseconds(245'850)},  // fabric: 4.067 M packets/s
};

constexpr LinkModel blackhole_link(std::int64_t bandwidth_bytes_per_s) {
  return {
      .bandwidth_bytes_per_s = bandwidth_bytes_per_s,
      .latency = Time::nanoseconds(515),  // ccl: forwarding, 1D fabric
      .packet = {.payload_bytes = 8192,   // ccl: the sweeps' packets
                 .header_bytes = kHeaderBytes,
                 .interval = Time::picoseconds(106'510)},  // fabric: 9.389 M packets/s
  };
}

constexpr LinkModel kLink200G = blackhole_link(gb_per_s(25));  // ccl: what today's software reaches
constexpr LinkModel kLink400G = blackhole_link(gb_per_s(50));  // fabric: P150 x4 exceeds 200 Gb/s

constexpr CollectiveModel kWormholeCollective{
    .setup = Time::nanoseconds(5'380),                   // ccl
    .barrier_step = Time(),                              // ccl
    .relay_step = Time::nanoseconds(2'010),              // ccl
    .reduce_step = Time::nanoseconds(2'029),             // ccl
    .direct_step = Time::nanoseconds(1'769),             // ccl
    .router_rate = {939, 1000},                          // ccl
    .relay_rate = {833, 1000},                           // ccl
    .reduce_rate_line = {828, 1000},                     // ccl
    .reduce_rate_ring = {665, 1000},                     // ccl
    .direct_rate = {569, 1000},                          // ccl
    .router_ramp = {},                                   // ccl
    .relay_ramp = {Time::nanoseconds(6'999), 261'000},   // ccl
    .reduce_ramp = {Time::nanoseconds(6'203), 100'000},  // ccl
    .direct_bytes = 512 * kKiB,                          // ccl
    .dram_bytes_per_s = gb_per_s(267),                   // dram
    .copy_packet_latency = Time::nanoseconds(140),  // npe: 40 + 10 hops of 10 cycles, assumed ten
    .copy_bytes_per_s = mb_per_s(28'500),           // noc
    .serial_copy = true,                            // assumed; shows with two chips only
};

constexpr CollectiveModel kBlackholeCollective{
    .setup = Time::nanoseconds(2'895),                      // ccl
    .barrier_step = Time::nanoseconds(281),                 // ccl
    .relay_step = Time::nanoseconds(1'581),                 // ccl
    .reduce_step = Time::nanoseconds(2'501),                // ccl
    .direct_step = Time::nanoseconds(1'063),                // ccl
    .router_rate = {959, 1000},                             // ccl
    .relay_rate = {940, 1000},                              // ccl
    .reduce_rate_line = {781, 1000},                        // ccl
    .reduce_rate_ring = {808, 1000},                        // ccl
    .direct_rate = {647, 1000},                             // ccl
    .router_ramp = {Time::nanoseconds(14'371), 5'345'000},  // ccl
    .relay_ramp = {Time::nanoseconds(14'825), 4'320'000},   // ccl
    .reduce_ramp = {Time::nanoseconds(7'565), 1'835'000},   // ccl
    .direct_bytes = 512 * kKiB,                             // ccl
    .dram_bytes_per_s = gb_per_s(500),                      // dram
    .copy_packet_latency =
        Time::picoseconds(111'112),    // npe: 40 + 10 hops of 11 cycles, assumed ten
    .copy_bytes_per_s = gb_per_s(50),  // noc
    .serial_copy = false,              // assumed
};

constexpr HostModel kWormholeHost{
    .traced_dispatch = Time::nanoseconds(1'570),     // dispatch: minimal program, trace replay
    .untraced_dispatch = Time::nanoseconds(47'500),  // gemm: 45-50 us per op without trace
    .dispatch = Time::nanoseconds(1'570),
    .write_bytes_per_s = mb_per_s(14'000),  // host
    .read_bytes_per_s = mb_per_s(12'600),   // host
};

constexpr HostModel kBlackholeHost{
    .traced_dispatch = Time::nanoseconds(1'290),     // dispatch: minimal program, trace replay
    .untraced_dispatch = Time::nanoseconds(20'000),  // gemm: 15-25 us per op without trace
    .dispatch = Time::nanoseconds(1'290),
    .write_bytes_per_s = mb_per_s(12'350),  // host
    .read_bytes_per_s = mb_per_s(14'400),   // host
};

/// How a system's chips are joined.
struct Wiring {
  int rows;
  int cols;
  int channels;
  int usable_links;
};

constexpr System wormhole_system(std::string_view name, std::string_view title, const Cores& cores,
                                 Wiring wiring) {
  return {.name = name,
          .title = title,
          .chip = wormhole(cores),
          .link = kWormholeLink,
          .collective = kWormholeCollective,
          .host = kWormholeHost,
          .rows = wiring.rows,
          .cols = wiring.cols,
          .channels = wiring.channels,
          .usable_links = wiring.usable_links};
}

constexpr System blackhole_system(std::string_view name, std::string_view title,
                                  const ChipModel& chip, const LinkModel& link, Wiring wiring) {
  return {.name = name,
          .title = title,
          .chip = chip,
          .link = link,
          .collective = kBlackholeCollective,
          .host = kBlackholeHost,
          .rows = wiring.rows,
          .cols = wiring.cols,
          .channels = wiring.channels,
          .usable_links = wiring.usable_links};
}

// Cores (specs): N300 and T3K have 8x7 with row dispatch, 8x8 with Ethernet dispatch, which TTTv2
// models use. A Galaxy chip has 8x9 with row dispatch, the default, and 7x10 with column dispatch.
// A P150 has 13x10 with its earlier firmware. Op reports of the Blackhole Galaxy show 120 cores.
constexpr Cores k8x8{{8, 8}, {8, 8}, 64};
constexpr Cores kWormholeGalaxy{{8, 9}, {8, 10}, 72};
constexpr Cores k11x10{{11, 10}, {11, 10}, 110};
constexpr Cores kP150{{11, 10}, {13, 10}, 130};
constexpr Cores kBlackholeGalaxy{{11, 10}, {12, 10}, 120};

// Wiring: meshes. Usable links: ccl and tt-metal's tests; one of T3K's and N300's two carries
// tunnelled dispatch, and TG's tests use three of four.
constexpr std::array kSystems{
    wormhole_system("n150", "Wormhole n150", k8x8, {1, 1, 0, 0}),
    wormhole_system("n300", "Wormhole n300", k8x8, {1, 2, 2, 1}),
    wormhole_system("t3k", "TT-LoudBox, 4 n300 (T3K)", k8x8, {2, 4, 2, 1}),
    wormhole_system("tg", "Galaxy, 4U (TG)", kWormholeGalaxy, {4, 8, 4, 3}),
    wormhole_system("galaxy", "Wormhole Galaxy, 6U", kWormholeGalaxy, {8, 4, 4, 4}),
    blackhole_system("p100", "Blackhole p100a", blackhole(k11x10, 7), kLink200G, {1, 1, 0, 0}),
    blackhole_system("p150", "Blackhole p150", blackhole(kP150, 8), kLink400G, {1, 1, 0, 0}),
    blackhole_system("p300", "Blackhole p300c", blackhole(k11x10, 8), kLink200G, {1, 2, 2, 2}),
    blackhole_system("p150_x4", "TT-QuietBox, 4 p150", blackhole(kP150, 8), kLink400G,
                     {2, 2, 4, 4}),
    blackhole_system("p150_x8", "TT-LoudBox, 8 p150", blackhole(kP150, 8), kLink400G, {2, 4, 2, 2}),
    blackhole_system("bh_galaxy", "Blackhole Galaxy", blackhole(kBlackholeGalaxy, 8), kLink200G,
                     {8, 4, 2, 2}),
};

}  // namespace

std::span<const System> systems() { return kSystems; }

}  // namespace ttmesh::sim
