#include "mesh/transport/io_thread.hpp"

#include <asio.hpp>
#include <cassert>
#include <utility>

namespace ttmesh::mesh {

struct IoThread::Work {
  asio::executor_work_guard<asio::io_context::executor_type> guard;
};

IoThread::IoThread()
    : context_(std::make_shared<asio::io_context>(1)),
      work_(std::make_unique<Work>(Work{asio::make_work_guard(*context_)})),
      thread_([context = context_] { context->run(); }) {}

IoThread::~IoThread() { join(); }

void IoThread::post(std::function<void()> task) { asio::post(*context_, std::move(task)); }

void IoThread::join() {
  assert(!is_current());
  work_.reset();
  if (thread_.joinable()) thread_.join();
}

bool IoThread::is_current() const { return thread_.get_id() == std::this_thread::get_id(); }

}  // namespace ttmesh::mesh
