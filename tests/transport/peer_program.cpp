// The other process of tests/transport/peer_test.cpp: rank 1 of two hosts.
//   ttmesh_transport_peer echo|hold ADDRESS
// Ends with 0 after rank 0's goodbye, 4 if rank 0 was lost.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <future>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "mesh/transport/endpoint.hpp"
#include "tests/transport/host.hpp"

namespace ttmesh::mesh {
namespace {

int run(const std::string& mode, const Address& rank_0) {
  std::promise<int> ended;
  std::future<int> exit_code = ended.get_future();
  std::uint64_t chunks = 0;
  std::vector<Receipt> kept;
  bool keep = mode == "hold";
  Endpoint* self = nullptr;
  std::mutex ready;  // Until `self` is set.
  std::unique_lock starting(ready);
  Endpoint endpoint(
      options_of(1, 2),
      {.received =
           [&](int rank, Message message, Receipt receipt) {
             const std::lock_guard lock(ready);
             if (std::holds_alternative<wire::Stop>(message)) {
               ended.set_value(0);
             } else if (std::holds_alternative<wire::Record>(message)) {
               keep = false;
               kept.clear();
             } else if (const auto* probe = std::get_if<wire::ActivityProbe>(&message)) {
               (void)self->send(rank, wire::ActivityCount{.wave = probe->wave, .received = chunks});
             } else {
               ++chunks;
               if (keep) kept.push_back(std::move(receipt));
               if (mode == "echo") (void)self->send(rank, message);
             }
           },
       .lost =
           [&](int, const std::string& why) {
             std::fprintf(stderr, "host 0 %s\n", why.c_str());
             ended.set_value(4);
           },
       .refused = [](const std::string&, const std::string&) {}});
  self = &endpoint;
  starting.unlock();
  endpoint.connect(0, rank_0);
  const int code = exit_code.get();
  endpoint.close();
  return code;
}

}  // namespace
}  // namespace ttmesh::mesh

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: ttmesh_transport_peer echo|hold ADDRESS\n");
    return 2;
  }
  try {
    return ttmesh::mesh::run(argv[1], ttmesh::mesh::parse_address(argv[2]));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 3;
  }
}
