#include "calibration/parameters.hpp"

#include <array>
#include <cmath>
#include <cstdint>

namespace ttmesh::calibration {
namespace {

using sim::CollectiveModel;
using sim::MatmulModel;

constexpr std::int64_t kThousand = 1000;

/// A time in nanoseconds.
template <typename Model, sim::Time Model::*Field>
constexpr Parameter<Model> time(std::string_view name, double step, double most) {
  return {name,
          "ns",
          step,
          0,
          most,
          [](const Model& model) {
            return static_cast<double>((model.*Field).ps()) / static_cast<double>(kThousand);
          },
          [](Model& model, double value) {
            model.*Field = sim::Time::nanoseconds(std::llround(value));
          }};
}

/// A ratio in thousandths.
template <typename Model, sim::Ratio Model::*Field>
constexpr Parameter<Model> ratio(std::string_view name, std::string_view unit, double step,
                                 double most) {
  return {name,
          unit,
          step,
          step / 100,
          most,
          [](const Model& model) {
            const sim::Ratio& value = model.*Field;
            return static_cast<double>(value.num) / static_cast<double>(value.den);
          },
          [](Model& model, double value) {
            model.*Field = {std::llround(value * static_cast<double>(kThousand)), kThousand};
          }};
}

template <std::int64_t Quantum, typename Model, std::int64_t Model::*Field>
constexpr Parameter<Model> whole(std::string_view name, std::string_view unit, double step,
                                 double most) {
  return {name,
          unit,
          step,
          step / 100,
          most,
          [](const Model& model) {
            return static_cast<double>(model.*Field) / static_cast<double>(Quantum);
          },
          [](Model& model, double value) { model.*Field = std::llround(value) * Quantum; }};
}

template <sim::Time CollectiveModel::*Field>
constexpr auto collective_time(std::string_view name, double most) {
  return time<CollectiveModel, Field>(name, most / 20, most);
}

template <sim::Ratio CollectiveModel::*Field>
constexpr auto rate(std::string_view name) {
  return ratio<CollectiveModel, Field>(name, "of the line rate", 0.02, 1);
}

template <sim::Ramp CollectiveModel::*Field>
constexpr Parameter<CollectiveModel> ramp_time(std::string_view name) {
  return {name,
          "ns",
          1'000,
          0,
          30'000,
          [](const CollectiveModel& model) {
            return static_cast<double>((model.*Field).time.ps()) / static_cast<double>(kThousand);
          },
          [](CollectiveModel& model, double value) {
            (model.*Field).time = sim::Time::nanoseconds(std::llround(value));
          }};
}

template <sim::Ramp CollectiveModel::*Field>
constexpr Parameter<CollectiveModel> ramp_bytes(std::string_view name) {
  return {name,
          "kB",
          200,
          100,
          10'000,
          [](const CollectiveModel& model) {
            return static_cast<double>((model.*Field).bytes) / static_cast<double>(kThousand);
          },
          [](CollectiveModel& model, double value) {
            (model.*Field).bytes = std::llround(value) * kThousand;
          }};
}

constexpr std::array kCollective{
    collective_time<&CollectiveModel::setup>("setup", 10'000),
    collective_time<&CollectiveModel::barrier_step>("barrier_step", 1'000),
    collective_time<&CollectiveModel::relay_step>("relay_step", 5'000),
    collective_time<&CollectiveModel::reduce_step>("reduce_step", 5'000),
    collective_time<&CollectiveModel::direct_step>("direct_step", 5'000),
    rate<&CollectiveModel::router_rate>("router_rate"),
    rate<&CollectiveModel::relay_rate>("relay_rate"),
    rate<&CollectiveModel::reduce_rate_line>("reduce_rate_line"),
    rate<&CollectiveModel::reduce_rate_ring>("reduce_rate_ring"),
    rate<&CollectiveModel::direct_rate>("direct_rate"),
    ramp_time<&CollectiveModel::router_ramp>("router_ramp"),
    ramp_bytes<&CollectiveModel::router_ramp>("router_ramp bytes"),
    ramp_time<&CollectiveModel::relay_ramp>("relay_ramp"),
    ramp_bytes<&CollectiveModel::relay_ramp>("relay_ramp bytes"),
    ramp_time<&CollectiveModel::reduce_ramp>("reduce_ramp"),
    ramp_bytes<&CollectiveModel::reduce_ramp>("reduce_ramp bytes"),
};

constexpr std::int64_t kMega = 1'000'000;

template <std::int64_t MatmulModel::*Field>
constexpr auto cycles(std::string_view name, double most) {
  return whole<1, MatmulModel, Field>(name, "cycles", most / 20, most);
}

template <std::int64_t MatmulModel::*Field>
constexpr auto megabytes_per_s(std::string_view name) {
  return whole<kMega, MatmulModel, Field>(name, "MB/s", 10'000, 1'000'000);
}

constexpr std::array kMatmul{
    ratio<MatmulModel, &MatmulModel::unpack_bytes_per_cycle>("unpack_bytes_per_cycle", "B/cycle", 2,
                                                             200),
    ratio<MatmulModel, &MatmulModel::unpack_row_bytes_per_cycle>("unpack_row_bytes_per_cycle",
                                                                 "B/cycle", 2, 200),
    ratio<MatmulModel, &MatmulModel::tile_overhead_cycles>("tile_overhead_cycles", "cycles", 0.1,
                                                           5),
    cycles<&MatmulModel::subblock_cycles>("subblock_cycles", 400),
    cycles<&MatmulModel::step_cycles>("step_cycles", 1'000),
    ratio<MatmulModel, &MatmulModel::overlap_loss>("overlap_loss", "", 0.02, 0.5),
    cycles<&MatmulModel::multicast_latency_cycles>("multicast_latency_cycles", 500),
    cycles<&MatmulModel::dram_latency_cycles>("dram_latency_cycles", 1'000),
    megabytes_per_s<&MatmulModel::dram_feed_bytes_per_s>("dram_feed_bytes_per_s"),
    megabytes_per_s<&MatmulModel::dram_write_bytes_per_s>("dram_write_bytes_per_s"),
    ratio<MatmulModel, &MatmulModel::sustained_clock>("sustained_clock", "of the nominal", 0.02, 1),
    time<MatmulModel, &MatmulModel::launch>("launch", 200, 10'000),
};

}  // namespace

std::span<const Parameter<CollectiveModel>> collective_parameters() { return kCollective; }

std::span<const Parameter<MatmulModel>> matmul_parameters() { return kMatmul; }

}  // namespace ttmesh::calibration
