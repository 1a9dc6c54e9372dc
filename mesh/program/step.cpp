#include "mesh/program/step.hpp"

#include <fmt/format.h>

namespace ttmesh::mesh {
namespace {

const char* name(Lane lane) {
  switch (lane) {
    case Lane::Forward:
      return "forward";
    case Lane::Backward:
      return "backward";
    case Lane::Down:
      return "down";
    case Lane::Up:
      return "up";
  }
  return "";
}

const char* name(sim::Engine engine) {
  switch (engine) {
    case sim::Engine::Router:
      return "router";
    case sim::Engine::Relay:
      return "relay";
    case sim::Engine::Reduction:
      return "reduction";
    case sim::Engine::Direct:
      return "direct";
  }
  return "";
}

}  // namespace

std::string to_string(const Step& step) {
  switch (step.kind) {
    case Step::Kind::Signal:
      return fmt::format("signal chip {} {}", step.peer, name(step.lane));
    case Step::Kind::Await:
      return fmt::format("await signal of chip {} {}", step.peer, name(step.lane));
    case Step::Kind::Join:
      return fmt::format("join {} to {}", name(step.lane), name(step.other));
    case Step::Kind::Send:
      return fmt::format("send slot {} to chip {} {} round {} ({})", step.slot, step.peer,
                         name(step.lane), step.round, name(step.engine));
    case Step::Kind::Receive:
      return fmt::format("receive slot {} from chip {} {} round {} ({})", step.slot, step.peer,
                         name(step.lane), step.round, name(step.engine));
    case Step::Kind::Reduce:
      return fmt::format("reduce slot {} += slot {} {}", step.slot, step.source, name(step.lane));
    case Step::Kind::Copy:
      return fmt::format("copy slot {} to slot {} {}", step.source, step.slot, name(step.lane));
  }
  return "";
}

}  // namespace ttmesh::mesh
